"""A contract's life over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.contracts.tests import bodies
from services.contracts.tests.bodies import ACCOUNT, ENTITY, OTHER_ACCOUNT, OTHER_ENTITY, TERM
from shared.platform.auth import Role
from shared.testing import Api, Clock

Draft = Callable[..., Awaitable[dict[str, Any]]]
Sign = Callable[..., Awaitable[str]]
ABSENT = f"/v1/contracts/{UUID(int=999)}"
SIGNED_VERSION = {
    "number": 1,
    "valid_from": "2026-01-01",
    "valid_to": "2026-12-31",
    "signed_on": "2025-12-18",
    "document_sha256": "ab" * 32,
    "tax_basis": "excl",
    "payment_terms": bodies.payment_terms(),
    "terms": [
        {
            "id": str(TERM),
            "code": "T1",
            "clause": "§4.1",
            "fee_kind": "rebate_cycle",
            "method": "tiered",
            "driver": "net_purchases",
            "period": None,
            "tiers": [
                {"threshold": "50000000.00", "rate": "0.001500"},
                {"threshold": "82800000.00", "rate": "0.002500"},
            ],
            "tier_mode": "retroactive",
            "minimum": None,
            "maximum": "500000.00",
            "tax_basis": "excl",
            "cycle": "month",
            "settlement_method": "offset",
        }
    ],
}
"""The version of bodies.draft with tiers, as events carry it once it is signed."""


async def test_a_contract_is_drafted_replaced_and_signed(manager: Api, payer: None, emitted: Any) -> None:
    created = await manager.post("/v1/contracts", json=bodies.contract())
    contract = created.json()
    path = created.headers["location"]
    assert (created.status_code, path, contract["status"]) == (201, f"/v1/contracts/{contract['id']}", "draft")
    assert contract["shown_version"]["terms"][0]["calculation"] == bodies.percent("0.03")

    replaced = await manager.put(
        f"{path}/draft", json=bodies.draft(terms=[bodies.term(calculation=bodies.TIERED, maximum="500000")]),
        headers={"If-Match": created.headers["etag"]},
    )  # fmt: skip
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"2"')
    assert await emitted("contract_signed") == []

    signed = await manager.post(f"{path}:sign", json=bodies.signature(), headers={"If-Match": '"2"'})
    assert (signed.status_code, signed.json()["status"]) == (200, "signed")
    assert (await manager.get(path)).json() == signed.json()
    [event] = await emitted("contract_signed")
    assert (event.subject, event.version) == (f"contract/{contract['id']}", 1)
    assert event.data == {
        "id": contract["id"],
        "account_id": str(ACCOUNT),
        "number": "C-1",
        "settlement_entity_id": str(ENTITY),
        "status": "signed",
        "currency": "CNY",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "versions": [SIGNED_VERSION],
    }


async def test_on_each_side_of_an_amendment_its_own_version_holds(manager: Api, signed: Sign, emitted: Any) -> None:
    path = await signed()
    amended = await manager.post(f"{path}:amend", json=bodies.amendment())
    assert amended.status_code == 200, amended.text
    assert (amended.json()["shown_version"]["number"], amended.json()["shown_version"]["holds_to"]) == (2, None)
    assert (await held(manager, path, "2026-12-31"))["number"] == 1, "a draft holds on no day"
    await manager.post(f"{path}:sign", json=bodies.signature(signed_on="2026-06-20", document_sha256="cd" * 32))

    before, after = await held(manager, path, "2026-06-30"), await held(manager, path, "2026-07-01")
    assert (before["number"], before["holds_to"], before["valid_to"]) == (1, "2026-06-30", "2026-12-31")
    assert (after["number"], after["terms"][0]["calculation"]["rate"]) == (2, "0.04")
    assert after["payment_terms"]["days"] == 60
    [event] = await emitted("contract_amended")
    spans = [(each["number"], each["valid_from"], each["valid_to"]) for each in event.data["versions"]]
    assert spans == [(1, "2026-01-01", "2026-06-30"), (2, "2026-07-01", "2026-12-31")]
    assert event.version == 2
    versions = (await manager.get(f"{path}/versions")).json()["items"]
    assert versions == [before, after]

    for day in ("2025-12-31", "2027-01-01"):
        outside = await manager.get(path, params={"as_of": day})
        assert (outside.status_code, outside.json()["code"]) == (404, "no_version_in_force")


async def held(api: Api, path: str, day: str) -> dict[str, Any]:
    answer = await api.get(path, params={"as_of": day})
    assert answer.json()["as_of"] == day
    return dict(answer.json()["shown_version"])


async def test_of_two_signatures_at_once_one_counts(manager: Api, drafted: Draft, emitted: Any) -> None:
    path = f"/v1/contracts/{(await drafted())['id']}"
    answers = await asyncio.gather(
        *(manager.post(f"{path}:sign", json=bodies.signature(signatory=f"Signatory {each}")) for each in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"nothing_to_sign"}
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert (await manager.get(path)).json() == winner
    assert len(await emitted("contract_signed")) == 1


async def test_of_two_overlapping_contracts_signed_at_once_one_counts(manager: Api, drafted: Draft) -> None:
    paths = [f"/v1/contracts/{(await drafted(number=f'C-{each}'))['id']}" for each in range(4)]
    answers = await asyncio.gather(*(manager.post(f"{path}:sign", json=bodies.signature()) for path in paths))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_what_somebody_else_has_changed_is_not_overwritten(manager: Api, drafted: Draft, signed: Sign) -> None:
    path = f"/v1/contracts/{(await drafted())['id']}"
    missing = await manager.put(f"{path}/draft", json=bodies.draft())
    assert (missing.status_code, missing.json()["code"]) == (428, "if_match_missing")
    changed = await manager.put(f"{path}/draft", json=bodies.draft(number="C-2"), headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    for verb, body in (("/draft", bodies.draft()), (":sign", bodies.signature())):
        method = "PUT" if verb == "/draft" else "POST"
        stale = await manager.request(method, path + verb, json=body, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await manager.get(path)).json() == changed.json()


async def test_overlapping_contracts_of_one_payer_are_refused(manager: Api, drafted: Draft, signed: Sign) -> None:
    path = await signed()
    second = await drafted(number="C-2", valid_from="2026-12-31", valid_to="2027-12-31")
    refused = await manager.post(f"/v1/contracts/{second['id']}:sign", json=bodies.signature())
    assert (refused.status_code, refused.json()["code"]) == (409, "contract_overlaps")
    assert (await manager.get(f"/v1/contracts/{second['id']}")).json()["status"] == "draft"

    terminated = await manager.post(f"{path}:terminate", json={"on": "2026-12-30", "reason": "new contract"})
    assert terminated.status_code == 200, terminated.text
    assert (await manager.post(f"/v1/contracts/{second['id']}:sign", json=bodies.signature())).status_code == 200


async def test_another_payer_of_the_account_has_contracts_of_its_own(manager: Api, signed: Sign) -> None:
    await signed()
    await manager.put(f"/v1/settlement-entities/{OTHER_ENTITY}", json=bodies.settlement_entity(code="RTM-BJ"))
    await signed(number="C-2", settlement_entity_id=str(OTHER_ENTITY))
    taken = await manager.post("/v1/contracts", json=bodies.contract(valid_from="2028-01-01", valid_to="2028-12-31"))
    assert (taken.status_code, taken.json()["code"]) == (409, "contract_number_taken")


async def test_contracts_begin_and_end_by_date(manager: Api, signed: Sign, drafted: Draft, emitted: Any) -> None:
    path = await signed()
    await drafted(number="C-2", valid_from="2027-01-01", valid_to="2027-12-31")
    for as_of, activated, ended in (
        ("2025-12-31", 0, 0),
        ("2026-01-01", 1, 0),
        ("2026-01-01", 0, 0),
        ("2026-12-31", 0, 0),
        ("2027-01-01", 0, 1),
        ("2027-01-01", 0, 0),
    ):
        answer = await manager.post("/v1/contracts:advance", json={"as_of": as_of})
        assert answer.json() == {"as_of": as_of, "activated": activated, "ended": ended}
    assert (await manager.get(path)).json()["status"] == "ended"
    assert [event.version for event in await emitted() if event.subject.startswith("contract/")] == [1, 2, 3]
    assert (await emitted("contract_ended"))[0].data["status"] == "ended"


async def test_two_advances_at_once_tell_it_once(manager: Api, signed: Sign, emitted: Any) -> None:
    await signed()
    answers = await asyncio.gather(
        *(manager.post("/v1/contracts:advance", json={"as_of": "2026-01-01"}) for _ in range(3))
    )
    assert sum(answer.json()["activated"] for answer in answers) == 1
    assert len(await emitted("contract_activated")) == 1


async def test_it_is_activated_by_hand_on_its_first_day(manager: Api, signed: Sign, clock: Clock) -> None:
    path = await signed()
    clock.set(datetime(2025, 12, 31, 15, 59, tzinfo=UTC))
    early = await manager.post(f"{path}:activate")
    assert (early.status_code, early.json()["code"]) == (409, "contract_not_begun")
    clock.set(datetime(2025, 12, 31, 16, 0, tzinfo=UTC))  # Midnight in Shanghai.
    assert (await manager.post(f"{path}:activate")).json()["status"] == "active"


async def test_a_termination_is_known_at_once_and_ends_by_date(
    manager: Api, signed: Sign, clock: Clock, emitted: Any
) -> None:
    path = await signed()
    clock.set(datetime(2026, 3, 1, tzinfo=UTC))
    await manager.post(f"{path}:activate")
    body = {"on": "2026-06-30", "reason": "chain sold"}
    ahead = (await manager.post(f"{path}:terminate", json=body)).json()
    assert (ahead["status"], ahead["valid_to"], ahead["termination_reason"]) == ("active", "2026-06-30", "chain sold")
    assert ahead["shown_version"]["holds_to"] == "2026-06-30"
    assert [event.data["valid_to"] for event in await emitted("contract_amended")] == ["2026-06-30"]
    past = (await manager.post(f"{path}:terminate", json=body | {"on": "2026-02-28"})).json()
    assert past["status"] == "ended"
    [event] = await emitted("contract_ended")
    assert event.data["versions"][0]["valid_to"] == "2026-02-28"
    outside = await manager.post(f"{path}:terminate", json=body)
    assert (outside.status_code, outside.json()["code"]) == (409, "contract_not_in_force")


async def test_a_termination_drops_the_drafted_amendment(manager: Api, signed: Sign, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 1, tzinfo=UTC))
    path = await signed()
    await manager.post(f"{path}:amend", json=bodies.amendment())
    await manager.post(f"{path}:amend", json=bodies.amendment(valid_from="2026-08-01"))
    assert len((await manager.get(f"{path}/versions")).json()["items"]) == 2
    await manager.post(f"{path}:terminate", json={"on": "2026-06-30", "reason": "chain sold"})
    assert len((await manager.get(f"{path}/versions")).json()["items"]) == 1


async def test_a_foreign_contract_does_not_exist(api: Api, manager: Api, signed: Sign) -> None:
    path = await signed()
    before = (await manager.get(path)).json()
    stranger = api.as_(Role.KA_MANAGER, accounts=[OTHER_ACCOUNT])
    calls = [
        stranger.get(path),
        stranger.get(f"{path}/versions"),
        stranger.get(f"{path}/value", params={"net_purchases": "1"}),
        stranger.put(f"{path}/draft", json=bodies.draft(), headers={"If-Match": '"2"'}),
        stranger.post(f"{path}:sign", json=bodies.signature()),
        stranger.post(f"{path}:activate"),
        stranger.post(f"{path}:amend", json=bodies.amendment()),
        stranger.post(f"{path}:terminate", json={"on": "2026-06-30", "reason": "mine"}),
        stranger.get(ABSENT),
    ]
    for call in calls:
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (404, "contract_not_found")
    created = await stranger.post("/v1/contracts", json=bodies.contract(number="C-9"))
    assert (created.status_code, created.json()["code"]) == (404, "account_not_found")
    assert (await stranger.get("/v1/contracts")).json()["items"] == []
    advanced = await stranger.post("/v1/contracts:advance", json={"as_of": "2030-01-01"})
    assert (advanced.json()["activated"], advanced.json()["ended"]) == (0, 0)
    assert (await manager.get(path)).json() == before


async def test_only_managers_write_contracts(api: Api, signed: Sign) -> None:
    path = await signed()
    for role in (Role.FINANCE, Role.FIELD_REP, Role.AUDITOR, Role.ERP, Role.REGION_MANAGER):
        assert (await api.as_(role).post(f"{path}:amend", json=bodies.amendment())).status_code == 403
    assert (await api.as_(Role.FINANCE).get(path)).status_code == 200


async def test_contracts_are_listed_by_day_and_status(manager: Api, signed: Sign, drafted: Draft) -> None:
    await signed()
    await drafted(number="C-2", valid_from="2027-01-01", valid_to="2027-12-31")

    async def numbers(**filters: str) -> list[str]:
        answer = await manager.get("/v1/contracts", params=filters)
        return [item["number"] for item in answer.json()["items"]]

    assert await numbers() == ["C-1", "C-2"]
    assert await numbers(status="draft") == ["C-2"]
    assert await numbers(as_of="2026-12-31", account_id=str(ACCOUNT)) == ["C-1"]
    assert await numbers(settlement_entity_id=str(OTHER_ENTITY)) == []


async def test_a_contract_is_valued_at_a_forecast(manager: Api, signed: Sign) -> None:
    display = bodies.term(
        id=None, code="T2", fee_kind="display_package", tax_basis="incl",
        calculation={"method": "per_store_period", "amount": "830", "period": "month"},
    )  # fmt: skip
    lump = bodies.term(
        id=None, code="T3", calculation={"method": "fixed", "amount": "36500.00", "period": "year"}, cycle="year"
    )
    path = await signed(terms=[bodies.term(), display, lump])
    forecast = {"as_of": "2026-06-30", "net_purchases": "1200000", "stores": "10"}
    value = (await manager.get(f"{path}/value", params=forecast)).json()
    assert [(term["code"], term["amount"], term["rate"]) for term in value["terms"]] == [
        ("T1", "36000.00", "0.030000"),
        ("T2", "99600.00", "0.083000"),
        ("T3", "36500.00", "0.030417"),
    ]
    assert (value["amount"], value["rate"], value["version_number"]) == ("172100.00", "0.143417", 1)
    january = forecast | {"from": "2026-01-01", "to": "2026-01-31"}
    assert (await manager.get(f"{path}/value", params=january)).json()["terms"][2]["amount"] == "3100.00"
    for wrong in (
        {"net_purchases": "-1"},
        {"from": "2026-02-01", "to": "2026-01-31"},
        {"from": "2025-12-31"},
        {"stores": "many"},
    ):
        assert (await manager.get(f"{path}/value", params=forecast | wrong)).status_code == 422
    outside = await manager.get(f"{path}/value", params=forecast | {"as_of": "2027-01-01"})
    assert outside.json()["code"] == "no_version_in_force"


BAD_TERMS = [
    ({"calculation": bodies.percent("1.5")}, "/terms/0/calculation"),
    ({"calculation": {"method": "pct", "rate": 0.03}}, "/terms/0/calculation"),
    ({"calculation": {"method": "pct", "rate": "0.03", "extra": "1"}}, "/terms/0/calculation"),
    ({"calculation": {"method": "guess", "rate": "0.03"}}, "/terms/0/calculation"),
    ({"calculation": {"method": "fixed", "amount": "1.001", "period": "year"}}, "/terms/0/calculation"),
    ({"calculation": {"method": "tiered", "tiers": []}}, "/terms/0/calculation"),
    ({"calculation": {"method": "tiered", "tiers": [{"threshold": "NaN", "rate": "0.1"}]}}, "/terms/0/calculation"),
    ({"calculation": None}, "/terms/0/calculation"),
    ({"fee_kind": "bribe"}, "/terms/0/fee_kind"),
    ({"code": "T 1"}, "/terms/0/code"),
    ({"minimum": 5}, "/terms/0/minimum"),
    ({"minimum": "-5"}, None),
    ({"minimum": "6", "maximum": "5"}, None),
]


@pytest.mark.parametrize(("change", "pointer"), BAD_TERMS)
async def test_a_bad_term_is_refused_and_changes_nothing(
    manager: Api, payer: None, change: dict[str, Any], pointer: str | None
) -> None:
    answer = await manager.post("/v1/contracts", json=bodies.contract(terms=[bodies.term(**change)]))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert pointer is None or answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await manager.get("/v1/contracts")).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"valid_to": "2025-12-31"}, 422, "invalid_value"),
        ({"terms": [bodies.term(), bodies.term(id=None)]}, 422, "invalid_value"),
        ({"terms": [bodies.term()] * 201}, 422, "invalid_request"),
        ({"valid_from": "yesterday"}, 422, "invalid_request"),
        ({"status": "active"}, 422, "invalid_request"),
        ({"settlement_entity_id": str(OTHER_ENTITY)}, 404, "settlement_entity_not_found"),
        ({"account_id": str(OTHER_ACCOUNT)}, 404, "account_not_found"),
    ],
)
async def test_a_bad_contract_is_refused(
    manager: Api, payer: None, change: dict[str, Any], status: int, code: str
) -> None:
    answer = await manager.post("/v1/contracts", json=bodies.contract(**change))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await manager.get("/v1/contracts")).json()["items"] == []


async def test_what_cannot_be_done_says_why_and_changes_nothing(manager: Api, drafted: Draft, emitted: Any) -> None:
    empty = await drafted(terms=[])
    path = f"/v1/contracts/{empty['id']}"
    events = await emitted()
    for verb, body, status, code in (
        (":sign", bodies.signature(), 422, "no_terms"),
        (":sign", bodies.signature(document_sha256="AB" * 32), 422, "invalid_request"),
        (":amend", bodies.amendment(), 409, "contract_not_in_force"),
        (":terminate", {"on": "2026-06-30", "reason": "x"}, 409, "contract_not_in_force"),
        (":activate", None, 409, "contract_not_in_force"),
    ):
        answer = await manager.post(path + verb, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await manager.get(path)).json() == empty
    assert await emitted() == events
    again = await manager.post("/v1/contracts", json=bodies.contract(id=empty["id"], number="C-2"))
    assert (again.status_code, again.json()["code"]) == (409, "contract_id_taken")


async def test_a_signed_contract_has_no_draft_and_amends_within_its_days(manager: Api, signed: Sign) -> None:
    path = await signed()
    draft = await manager.put(f"{path}/draft", json=bodies.draft(), headers={"If-Match": '"2"'})
    assert (draft.status_code, draft.json()["code"]) == (409, "contract_already_signed")
    for day in ("2026-01-01", "2027-01-01"):
        answer = await manager.post(f"{path}:amend", json=bodies.amendment(valid_from=day))
        assert (answer.status_code, answer.json()["code"]) == (422, "outside_contract")
        assert answer.json()["errors"][0]["pointer"] == "/valid_from"


async def test_the_same_request_twice_makes_one_contract(manager: Api, payer: None) -> None:
    headers = {"Idempotency-Key": "draft-1"}
    first = await manager.post("/v1/contracts", json=bodies.contract(), headers=headers)
    again = await manager.post("/v1/contracts", json=bodies.contract(), headers=headers)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await manager.get("/v1/contracts")).json()["items"]) == 1
