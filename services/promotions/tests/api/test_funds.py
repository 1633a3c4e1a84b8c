"""Funds and their ledger over HTTP and in the database."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from promotions.api.funds import FundOut, LedgerEntryOut
from services.promotions.tests import bodies, examples
from services.promotions.tests.bodies import approved, committed, take
from shared.platform.auth import Role
from shared.platform.db import Connection
from shared.testing import Api

pytestmark = pytest.mark.usefixtures("master_data")


async def test_a_fund_is_created_once_and_changed_when_it_differs(api: Api) -> None:
    director = api.as_(Role.KA_DIRECTOR)
    first = await director.put(bodies.FUND_URL, json=bodies.fund())
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert FundOut.model_validate(first.json()).available == Decimal("100000.00")
    assert (await director.put(bodies.FUND_URL, json=bodies.fund(budget="100000"))).json() == first.json()
    more = await director.put(bodies.FUND_URL, json=bodies.fund(budget="200000"), headers={"If-Match": '"1"'})
    assert (more.status_code, more.headers["etag"]) == (200, '"2"')
    stale = await director.put(bodies.FUND_URL, json=bodies.fund(), headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    listed = (await director.get("/v1/funds", params={"account_id": str(examples.ACCOUNT)})).json()
    assert listed == {"items": [more.json()], "next": None}
    assert (await director.get(f"/v1/funds/{uuid4()}")).json()["code"] == "fund_unknown"
    assert (await director.get(f"/v1/funds/{uuid4()}/ledger")).json()["code"] == "fund_unknown"


async def test_a_used_fund_is_neither_cut_below_its_commitments_nor_moved(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    await committed(planner)
    for changes, code in (
        ({"budget": "26739.99"}, "fund_overdrawn"),
        ({"currency": "USD"}, "fund_in_use"),
        ({"account_id": str(examples.OTHER_ACCOUNT)}, "fund_in_use"),
    ):
        answer = await planner.put(bodies.FUND_URL, json=bodies.fund(**changes))
        assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_every_balance_is_the_sum_of_its_lines(api: Api, database: Connection) -> None:
    planner = await bodies.planner_with_master_data(api)
    first = await committed(planner, number="P-1", tactics=[bodies.endcap_tactic()])
    await take(planner, first["id"], "cancel")
    await committed(planner, number="P-2")
    await planner.post("/v1/promotions:advance", json={"as_of": "2026-07-01"})
    fund = (await planner.get(bodies.FUND_URL)).json()
    lines = (await planner.get(f"{bodies.FUND_URL}/ledger")).json()["items"]
    sums = {kind: Decimal(0) for kind in ("committed", "released", "earned", "paid")}
    for line in lines:
        entry = LedgerEntryOut.model_validate(line)
        sums[entry.kind] += entry.amount
        assert entry.committed_after == sums["committed"] - sums["released"]
    assert Decimal(fund["committed"]) == sums["committed"] - sums["released"]
    assert Decimal(fund["earned"]) == sums["earned"]
    assert await database.fetchval("SELECT sum(committed) FROM promotion_fees") == Decimal(fund["committed"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE funds SET committed = budget + 0.01",
        "UPDATE funds SET earned = committed + 0.01",
        "UPDATE funds SET committed = -0.01, earned = -0.01",
        "UPDATE fund_entries SET amount = amount + 1",
        "DELETE FROM fund_entries",
        "UPDATE promotions SET agreement_sha256 = NULL",
        """INSERT INTO dm_slot_bookings SELECT gen_random_uuid(), account_id, dm_slot_id, position, gen_random_uuid(),
            promotion_id, tactic_id, booked_at FROM dm_slot_bookings""",
    ],
)
async def test_the_database_refuses_what_no_code_may_do(api: Api, database: Connection, statement: str) -> None:
    await committed(await bodies.planner_with_master_data(api))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await database.execute(statement)


async def test_a_product_stands_in_a_leaflet_once(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    halves = ([str(store) for store in examples.STORES[:5]], [str(store) for store in examples.STORES[5:]])
    await committed(planner, number="P-1", store_ids=halves[0], tactics=[bodies.dm_tactic(dm_position=1)])
    second = await approved(planner, number="P-2", store_ids=halves[1], tactics=[bodies.dm_tactic(dm_position=2)])
    assert (await take(planner, second["id"], "commit", None, 409))["code"] == "dm_product_taken"


async def test_times_are_utc_with_milliseconds(api: Api, clock: Any) -> None:
    clock.set(clock.instant.replace(microsecond=123456))
    answer = await api.as_(Role.KA_DIRECTOR).put(bodies.FUND_URL, json=bodies.fund())
    assert answer.json()["created_at"] == f"{clock.instant:%Y-%m-%dT%H:%M:%S}.123Z"
