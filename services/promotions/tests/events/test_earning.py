"""Fees are earned by proof that comes from store operations and from sell-out, and paid by what receivables settles."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from fastapi import FastAPI

from promotions.app import advance as calendar
from promotions.main import advance_job
from services.promotions.tests import bodies, examples
from services.promotions.tests.bodies import committed
from shared.platform.auth import EVERYTHING, Role
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.jobs import JobContext
from shared.platform.settings import ServiceSettings
from shared.testing import Api

pytestmark = pytest.mark.usefixtures("master_data")

Advance = Callable[[str], Awaitable[tuple[int, int, int]]]


@pytest.fixture
def advance(api: Api) -> Advance:
    async def run(as_of: str) -> tuple[int, int, int]:
        answer = await api.as_(Role.KA_DIRECTOR).post("/v1/promotions:advance", json={"as_of": as_of})
        assert answer.status_code == 200, answer.text
        done = answer.json()
        return done["started"], done["ended"], done["earned"]

    return run


async def verify(deliver: Any, promotion: dict[str, Any], tactic: int, stores: int, verdict: str = "executed") -> None:
    its = promotion["tactics"][tactic]
    for store in examples.STORES[:stores]:
        data = {
            "id": uuid5(UUID(its["id"]), str(store)),
            "account_id": examples.ACCOUNT,
            "promotion_id": promotion["id"],
            "tactic_id": its["id"],
            "tactic_kind": its["kind"],
            "store_id": store,
            "verdict": verdict,
        }
        await deliver("gondola.store_ops.execution_verified.v1", data)


async def sell(api: Api, *lines: str) -> None:
    text = "\n".join(("store_code,sku,week_starts_on,quantity", *lines)) + "\n"
    answer = await api.as_(Role.ERP).post(
        "/v1/sell-out:import", params={"account_id": str(examples.ACCOUNT)}, content=text.encode()
    )
    assert (answer.status_code, answer.json()["refused_rows"]) == (201, 0)


async def test_a_promotion_starts_and_ends_by_date_once(api: Api, advance: Advance, emitted: Any) -> None:
    await committed(await bodies.planner_with_master_data(api))
    assert await advance("2026-05-31") == (0, 0, 0)
    assert await advance("2026-06-01") == (1, 0, 0)
    assert await advance("2026-06-14") == (0, 0, 0)
    assert await advance("2026-06-28") == (0, 1, 0)
    assert await advance("2026-06-28") == (0, 0, 0)
    assert [(event.type.split(".")[2], event.version, event.data["status"]) for event in (await emitted())[1:]] == [
        ("promotion_committed", 1, "committed"),
        ("promotion_started", 2, "started"),
        ("promotion_ended", 3, "ended"),
    ]


async def test_fees_are_earned_by_proof_and_the_rest_goes_back_to_the_fund(
    api: Api, advance: Advance, deliver: Any, emitted: Any
) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = await committed(planner)
    await verify(deliver, made, 0, 6)
    await verify(deliver, made, 1, 10)
    await verify(deliver, made, 2, 8)
    await verify(deliver, made, 2, 1, "not_executed")
    await sell(
        api,
        "S000,JU-1000,2026-05-25,1000",  # Before the window.
        "S000,JU-1000,2026-06-01,100",
        "S005,JU-1000,2026-06-08,50.5",
        "S006,JU-1000,2026-06-08,700",  # Not executed there.
        "S000,TE-500,2026-06-01,900",  # Another product.
        "S000,JU-1000,2026-06-15,1000",  # After the window.
    )
    assert await advance("2026-06-29") == (1, 1, 3)
    earned = {event.data["tactic_kind"]: event.data for event in await emitted("promotion_fee_earned")}
    assert {kind: (data["earned_amount"], data["verified_count"], data["verified_share"], data["units_sold"])
            for kind, data in earned.items()} == {
        "price": ("180.60", 6, "0.600000", "150.5000"),
        "dm": ("2340.00", 10, "1.000000", "0.0000"),
        "endcap": ("7000.00", 7, "0.700000", "0.0000"),
    }  # fmt: skip
    endcap = earned["endcap"]
    assert (endcap["planned_amount"], endcap["planned_count"], endcap["earned_on"]) == ("10000.00", 10, "2026-06-29")
    assert len(endcap["evidence_task_ids"]) == 7
    fund = (await planner.get(bodies.FUND_URL)).json()
    assert (fund["committed"], fund["earned"]) == ("9520.60", "9520.60")
    assert await advance("2026-06-30") == (0, 0, 0)
    shown = (await planner.get(f"/v1/promotions/{made['id']}")).json()["tactics"][2]["fee"]["result"]
    assert (shown["earned_amount"], shown["verified_share"]) == ("7000.00", "0.700000")


async def test_late_proof_and_corrected_sell_out_are_announced_with_the_full_amount(
    api: Api, advance: Advance, deliver: Any, emitted: Any
) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = await committed(planner)
    await verify(deliver, made, 0, 1)
    await sell(api, "S000,JU-1000,2026-06-01,100")
    assert await advance("2026-06-29") == (1, 1, 3)
    await verify(deliver, made, 2, 2)
    await sell(api, "S000,JU-1000,2026-06-01,90")
    assert await advance("2026-07-05") == (0, 0, 2)
    await verify(deliver, made, 2, 2)  # The same again: nothing new.
    await sell(api, "S000,JU-1000,2026-06-01,90")
    assert await advance("2026-07-06") == (0, 0, 0)
    amounts = [
        (event.data["tactic_kind"], event.version, event.data["earned_amount"])
        for event in await emitted("promotion_fee_earned")
    ]
    assert sorted(amounts) == [
        ("dm", 1, "0.00"), ("endcap", 1, "0.00"), ("endcap", 2, "2000.00"), ("price", 1, "120.00"),
        ("price", 2, "108.00"),
    ]  # fmt: skip
    fund = (await planner.get(bodies.FUND_URL)).json()
    assert (fund["committed"], fund["earned"]) == ("2108.00", "2108.00")


async def test_what_the_fund_cannot_cover_is_owed_and_shown_until_the_budget_is_raised(
    api: Api, advance: Advance, deliver: Any, emitted: Any
) -> None:
    planner = await bodies.planner_with_master_data(api)
    await planner.put(bodies.FUND_URL, json=bodies.fund(budget="14400.00"))
    made = await committed(planner, tactics=[bodies.price_tactic()])
    await verify(deliver, made, 0, 1)
    await sell(api, "S000,JU-1000,2026-06-01,20000")
    await advance("2026-06-29")
    (event,) = await emitted("promotion_fee_earned")
    assert event.data["earned_amount"] == "24000.00"
    (fee,) = (await planner.get("/v1/promotion-fees")).json()["items"]
    assert (fee["committed"], fee["uncovered"]) == ("14400.00", "9600.00")
    await planner.put(bodies.FUND_URL, json=bodies.fund(budget="30000.00"))
    assert await advance("2026-06-30") == (0, 0, 0)
    (fee,) = (await planner.get("/v1/promotion-fees")).json()["items"]
    assert (fee["committed"], fee["uncovered"]) == ("24000.00", "0.00")


async def test_what_one_fee_gives_back_covers_another_of_the_same_day(api: Api, advance: Advance, deliver: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    await planner.put(bodies.FUND_URL, json=bodies.fund(budget="24400.00"))
    made = await committed(planner, tactics=[bodies.price_tactic(), bodies.endcap_tactic()])
    await verify(deliver, made, 0, 1)
    await sell(api, "S000,JU-1000,2026-06-01,20000")
    await advance("2026-06-29")  # 24,000.00 for prices instead of 14,400.00, nothing of 10,000.00 for end caps.
    fees = (await planner.get("/v1/promotion-fees")).json()["items"]
    assert {(fee["committed"], fee["uncovered"]) for fee in fees} == {("24000.00", "0.00"), ("0.00", "0.00")}
    assert (await planner.get(bodies.FUND_URL)).json()["available"] == "400.00"


async def test_an_older_verdict_does_not_replace_a_newer_one(api: Api, deliver: Any, database: Connection) -> None:
    made = await committed(await bodies.planner_with_master_data(api))
    await verify(deliver, made, 2, 1)
    await verify(deliver, made, 2, 1, "unproven")
    data = {"id": uuid5(UUID(made["tactics"][2]["id"]), str(examples.STORES[0])), "account_id": examples.ACCOUNT,
            "promotion_id": made["id"], "tactic_id": made["tactics"][2]["id"], "store_id": examples.STORES[0],
            "verdict": "executed"}  # fmt: skip
    await deliver("gondola.store_ops.execution_verified.v1", data, version=1)
    assert await database.fetch("SELECT verdict, version FROM executions") == [("unproven", 2)]


async def test_settled_fees_are_paid_in_the_ledger_and_corrected(api: Api, advance: Advance, deliver: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = await committed(planner)
    await advance("2026-06-29")
    settled = {
        "id": uuid4(),
        "account_id": examples.ACCOUNT,
        "source": "promotion_fee",
        "promotion_fee_id": made["tactics"][2]["fee"]["id"],
        "amount": "1500.00",
        "settled_on": "2026-08-01",
    }
    await deliver("gondola.receivables.fee_settled.v1", settled)
    await deliver("gondola.receivables.fee_settled.v1", settled)
    await deliver("gondola.receivables.fee_settled.v1", settled | {"amount": "1200.00"})
    contract = {"id": uuid4(), "account_id": examples.ACCOUNT, "source": "contract_term", "promotion_fee_id": None}
    await deliver("gondola.receivables.fee_settled.v1", settled | contract)
    assert (await planner.get(bodies.FUND_URL)).json()["paid"] == "1200.00"
    lines = (await planner.get(f"{bodies.FUND_URL}/ledger")).json()["items"]
    paid = [(line["amount"], line["booked_on"], line["source_id"]) for line in lines if line["kind"] == "paid"]
    assert paid == [("1500.00", "2026-08-01", str(settled["id"])), ("-300.00", "2026-08-01", str(settled["id"]))]


async def test_a_settlement_of_a_fee_that_is_not_known_yet_waits(deliver: Any, database: Connection) -> None:
    settled = {"id": uuid4(), "account_id": examples.ACCOUNT, "source": "promotion_fee", "promotion_fee_id": uuid4(),
               "amount": "1.00", "settled_on": "2026-08-01"}  # fmt: skip
    with pytest.raises(AssertionError, match="NotYet: no promotion fee"):
        await deliver("gondola.receivables.fee_settled.v1", settled)
    assert await database.fetchval("SELECT state FROM inbox WHERE type LIKE '%fee_settled%'") == "retrying"


async def test_the_worker_follows_the_calendar_by_itself(
    api: Api, app: FastAPI, settings: ServiceSettings, emitted: Any
) -> None:
    today = now().date().isoformat()
    fund = bodies.fund(starts_on=today, ends_on=today)
    planner = await bodies.planner_with_master_data(api)
    assert (await planner.put(bodies.FUND_URL, json=fund)).status_code == 200
    dates = dict.fromkeys(("starts_on", "ends_on", "buy_in_starts_on", "buy_in_ends_on"), today)
    await committed(planner, tactics=[bodies.endcap_tactic()], **dates)
    context = JobContext(database=app.state.database, settings=settings, now=now())
    assert await advance_job(context) is False
    assert len(await emitted("promotion_started")) == 1


async def test_advancing_many_promotions_takes_as_many_statements_as_advancing_one(api: Api, app: FastAPI) -> None:
    planner = await bodies.planner_with_master_data(api)
    taken, statements = [], list[str]()
    for numbers in (["P-1"], ["P-2", "P-3", "P-4"]):
        for number in numbers:
            stores = [str(examples.STORES[int(number[-1])])]
            await committed(planner, number=number, store_ids=stores, tactics=[bodies.endcap_tactic()])
        statements.clear()
        async with app.state.database.raw(EVERYTHING) as connection:
            with connection.query_logger(lambda record: statements.append(record.query)):
                done = await calendar.run(connection, date(2026, 6, 29), verification_days=14, at=now())
        assert (done.started, done.ended, done.earned) == (len(numbers),) * 3
        taken.append(len(statements))
    assert taken[0] == taken[1]
