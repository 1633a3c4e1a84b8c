"""Promotions over HTTP: from draft to commitment, amendment and cancellation."""

from typing import Any
from uuid import uuid4

import pytest

from promotions.api.promotion_models import PromotionFeeOut, PromotionOut, PromotionSummary
from services.promotions.tests import bodies, examples
from services.promotions.tests.bodies import AGREEMENT, approved, committed, take
from shared.platform.auth import Role
from shared.testing import Api

pytestmark = pytest.mark.usefixtures("master_data")


async def fund_of(planner: Api) -> dict[str, Any]:
    found: dict[str, Any] = (await planner.get(bodies.FUND_URL)).json()
    return found


async def test_a_promotion_goes_from_draft_to_commitment(api: Api, emitted: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = (await planner.post("/v1/promotions", json=bodies.promotion())).json()
    assert (made["status"], made["planned_amount"], made["items"][0]["promo_cost"]) == ("draft", "26740.00", "6.8000")
    assert [tactic["fee"]["planned_amount"] for tactic in made["tactics"]] == ["14400.00", "2340.00", "10000.00"]
    assert [tactic["fee"]["amount"] for tactic in made["tactics"]] == ["1.2000", "2340.00", "500.00"]
    its = made["id"]
    assert (await take(planner, its, "attach-agreement", AGREEMENT))["agreement_signatory"] == "Wang Fang"
    assert (await take(planner, its, "submit", {"submitted_on": "2026-04-17"}))["status"] == "submitted"
    assert (await take(planner, its, "approve"))["status"] == "approved"
    assert await emitted() == []
    done = await take(planner, its, "commit", {"committed_on": "2026-05-21"})
    assert done["status"] == "committed"
    assert PromotionOut.model_validate(done).tactics[0].fee.result is not None
    booked, event = await emitted()
    assert (booked.type, booked.data["position"]) == ("gondola.promotions.dm_slot_booked.v1", 3)
    assert (event.type, event.version) == ("gondola.promotions.promotion_committed.v1", 1)
    assert event.subject == f"promotion/{its}"
    assert event.data["tactics"][1] | {"id": "", "fee_id": ""} == {
        "id": "", "kind": "dm", "product_id": str(examples.JUICE), "count_per_store": 1, "expected_price": "7.9000",
        "dm_slot_id": str(examples.SLOT), "dm_slot_no": 12, "dm_position": 3, "fee_id": "", "fee_kind": "dm_fee",
        "basis": "lump", "unit_amount": "2340.00", "planned_amount": "2340.00", "settlement_method": "offset",
    }  # fmt: skip
    fund = await fund_of(planner)
    assert (fund["committed"], fund["available"], fund["earned"]) == ("26740.00", "73260.00", "0.00")
    ledger = (await planner.get(f"{bodies.FUND_URL}/ledger")).json()["items"]
    assert [(line["kind"], line["amount"], line["booked_on"]) for line in ledger] == [
        ("committed", "14400.00", "2026-05-21"),
        ("committed", "2340.00", "2026-05-21"),
        ("committed", "10000.00", "2026-05-21"),
    ]


async def test_a_draft_is_replaced_by_whoever_has_seen_its_version(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    first = await planner.post("/v1/promotions", json=bodies.promotion(id=str(examples.PROMOTION)))
    url = f"/v1/promotions/{examples.PROMOTION}"
    tactic = first.json()["tactics"][2]
    await take(planner, str(examples.PROMOTION), "attach-agreement", AGREEMENT)
    assert (await planner.put(f"{url}/draft", json=bodies.draft())).status_code == 428
    assert (await planner.put(f"{url}/draft", json=bodies.draft(), headers={"If-Match": '"1"'})).status_code == 412
    new = bodies.draft(name="Other", tactics=[bodies.endcap_tactic(id=tactic["id"], count_per_store=1)])
    answer = await planner.put(f"{url}/draft", json=new, headers={"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["planned_amount"]) == (200, "5000.00")
    assert answer.json()["tactics"][0]["fee"]["id"] == tactic["fee"]["id"]
    assert answer.json()["agreement_sha256"] is None
    assert (await planner.get(url)).json() == answer.json()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"number": "P-17"}, 409, "promotion_number_taken"),
        ({"id": str(examples.PROMOTION)}, 409, "promotion_id_taken"),
        ({"fund_id": str(uuid4())}, 404, "fund_unknown"),
        ({"account_id": str(uuid4())}, 404, "account_unknown"),
        ({"tactics": [bodies.dm_tactic(dm_slot_id=str(uuid4()))]}, 404, "dm_slot_unknown"),
        ({"tactics": [bodies.dm_tactic(dm_position=None)]}, 422, "invalid_value"),
        ({"tactics": [bodies.price_tactic(count_per_store=2)]}, 422, "invalid_value"),
        ({"tactics": []}, 422, "invalid_request"),
        ({"items": [bodies.item(promo_cost="8.01")]}, 422, "invalid_value"),
        ({"items": [bodies.item(promo_cost=6.8)]}, 422, "invalid_request"),
        ({"ends_on": "2026-05-31"}, 422, "invalid_value"),
        ({"tactics": [bodies.endcap_tactic(fee=bodies.fee("1.005"))]}, 422, "invalid_value"),
    ],
)  # fmt: skip
async def test_a_draft_that_breaks_a_rule_is_refused(api: Api, changes: dict[str, Any], status: int, code: str) -> None:
    planner = await bodies.planner_with_master_data(api)
    first = await planner.post("/v1/promotions", json=bodies.promotion(id=str(examples.PROMOTION)))
    assert first.status_code == 201
    answer = await planner.post("/v1/promotions", json=bodies.promotion() | {"number": "P-18"} | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize(
    ("changes", "day", "status", "code"),
    [
        ({}, "2026-04-18", 422, "submit_deadline_passed"),
        ({"store_ids": [str(examples.OTHER_STORE)]}, "2026-04-17", 422, "unknown_references"),
        ({"currency": "USD"}, "2026-04-17", 422, "fund_unfit"),
        ({"tactics": [bodies.dm_tactic(dm_position=21)]}, "2026-04-17", 422, "dm_slot_unfit"),
    ],
)
async def test_a_submission_that_breaks_a_rule_is_refused(
    api: Api, changes: dict[str, Any], day: str, status: int, code: str
) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = (await planner.post("/v1/promotions", json=bodies.promotion(**changes))).json()
    assert (await take(planner, made["id"], "submit", {"submitted_on": day}, status))["code"] == code


async def test_two_promotions_of_one_product_in_one_store_do_not_overlap(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    first = await approved(planner, tactics=[bodies.endcap_tactic()])
    later = {"starts_on": "2026-06-14", "ends_on": "2026-06-20", "number": "P-18"}
    body = bodies.promotion(**later, tactics=[bodies.endcap_tactic()], store_ids=[str(examples.STORES[9])])
    second = (await planner.post("/v1/promotions", json=body)).json()
    problem = await take(planner, second["id"], "submit", {"submitted_on": "2026-04-17"}, 409)
    assert problem["code"] == "promotion_overlaps"
    assert "Promotion P-17 has product JU-1000 in store S009" in problem["detail"]
    await take(planner, first["id"], "cancel", {"reason": "dropped"})
    await take(planner, second["id"], "submit", {"submitted_on": "2026-04-17"})


async def test_nothing_is_committed_without_agreement_or_money(api: Api, emitted: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    await planner.put(bodies.FUND_URL, json=bodies.fund(budget="26739.99"))
    made = (await planner.post("/v1/promotions", json=bodies.promotion())).json()
    await take(planner, made["id"], "submit", {"submitted_on": "2026-04-17"})
    await take(planner, made["id"], "approve")
    assert (await take(planner, made["id"], "commit", None, 409))["code"] == "agreement_missing"
    late = await take(planner, made["id"], "attach-agreement", AGREEMENT | {"signed_on": "2026-06-02"}, 422)
    assert late["code"] == "agreement_late"
    await take(planner, made["id"], "attach-agreement", AGREEMENT)
    poor = await take(planner, made["id"], "commit", None, 409)
    assert poor["code"] == "fund_overdrawn"
    assert "26739.99 CNY available" in poor["detail"]
    assert await emitted() == []
    assert (await planner.get("/v1/dm-slot-bookings")).json()["items"] == []
    await planner.put(bodies.FUND_URL, json=bodies.fund(budget="26740.00"))
    assert (await take(planner, made["id"], "commit"))["status"] == "committed"


async def test_a_cancelled_promotion_gives_back_money_places_and_products(api: Api, emitted: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = await committed(planner)
    cancelled = await take(planner, made["id"], "cancel", {"reason": "no stock", "cancelled_on": "2026-05-25"})
    assert (cancelled["cancellation_reason"], cancelled["rejection_reason"]) == ("no stock", None)
    assert [event.type.split(".")[2] for event in await emitted()] == [
        "dm_slot_booked", "promotion_committed", "dm_slot_released", "promotion_cancelled",
    ]  # fmt: skip
    fund = await fund_of(planner)
    assert (fund["committed"], fund["available"]) == ("0.00", "100000.00")
    assert (await take(planner, made["id"], "cancel", None, 409))["code"] == "promotion_wrong_status"
    assert (await committed(planner, number="P-18"))["status"] == "committed"


async def test_an_amendment_moves_money_places_and_products_at_once(api: Api, emitted: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = await committed(planner)
    endcap = made["tactics"][2]
    plan = bodies.plan(
        store_ids=[str(store) for store in examples.STORES[:5]],
        tactics=[bodies.dm_tactic(dm_position=4), bodies.endcap_tactic(id=endcap["id"])],
    )
    body = {"plan": plan, "agreement": AGREEMENT | {"document_sha256": "b" * 64}, "amended_on": "2026-05-25"}
    url = f"/v1/promotions/{made['id']}:amend"
    answer = await planner.post(url, json=body, headers={"If-Match": f'"{made["version"]}"'})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["planned_amount"], answer.json()["agreement_sha256"]) == ("7340.00", "b" * 64)
    assert answer.json()["tactics"][1]["fee"]["id"] == endcap["fee"]["id"]
    assert [(event.type.split(".")[2], event.version) for event in await emitted()] == [
        ("dm_slot_booked", 1), ("promotion_committed", 1), ("dm_slot_released", 2), ("dm_slot_booked", 1),
        ("promotion_changed", 2),
    ]  # fmt: skip
    assert (await fund_of(planner))["committed"] == "7340.00"
    fees = (await planner.get("/v1/promotion-fees", params={"promotion_id": made["id"]})).json()["items"]
    assert sorted(PromotionFeeOut.model_validate(fee).committed for fee in fees) == [2340, 5000]
    other = bodies.promotion(number="P-18", tactics=[bodies.endcap_tactic()], store_ids=[str(examples.STORES[5])])
    free = (await planner.post("/v1/promotions", json=other)).json()
    await take(planner, free["id"], "submit", {"submitted_on": "2026-04-17"})


async def test_a_rejected_promotion_is_a_draft_again(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = (await planner.post("/v1/promotions", json=bodies.promotion())).json()
    await take(planner, made["id"], "submit", {"submitted_on": "2026-04-17"})
    manager = api.as_(Role.KA_MANAGER)
    assert (await manager.post(f"/v1/promotions/{made['id']}:approve")).status_code == 403
    assert (await take(planner, made["id"], "reject", None))["status"] == "draft"
    await take(planner, made["id"], "submit", {"submitted_on": "2026-04-17"})


async def test_the_reason_of_a_rejection_is_shown_until_the_next_submission(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = (await planner.post("/v1/promotions", json=bodies.promotion())).json()
    await take(planner, made["id"], "submit", {"submitted_on": "2026-04-17"})
    rejected = await take(planner, made["id"], "reject", {"reason": " too dear "})
    assert (rejected["status"], rejected["rejection_reason"]) == ("draft", "too dear")
    assert (await planner.get(f"/v1/promotions/{made['id']}")).json() == rejected
    [listed] = (await planner.get("/v1/promotions")).json()["items"]
    assert listed["rejection_reason"] == "too dear"
    submitted = await take(planner, made["id"], "submit", {"submitted_on": "2026-04-17"})
    assert submitted["rejection_reason"] is None


async def test_lists_show_what_is_in_scope(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = (await planner.post("/v1/promotions", json=bodies.promotion())).json()
    found = (await planner.get("/v1/promotions", params={"status": "draft", "number": "P-17"})).json()["items"]
    assert [PromotionSummary.model_validate(each).id for each in found] == [PromotionSummary.model_validate(made).id]
    assert (await planner.get("/v1/promotions", params={"ends_from": "2026-06-15"})).json()["items"] == []
    stranger = api.as_(Role.KA_DIRECTOR, accounts=[examples.OTHER_ACCOUNT])
    assert (await stranger.get("/v1/promotions")).json()["items"] == []
    for answer in (
        await stranger.get(f"/v1/promotions/{made['id']}"),
        await stranger.post(f"/v1/promotions/{made['id']}:cancel"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "promotion_unknown")
    assert (await api.get("/v1/promotions")).status_code == 401


async def test_a_repeated_commit_under_one_key_is_one_commit(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    made = await approved(planner)
    url, headers = f"/v1/promotions/{made['id']}:commit", {"Idempotency-Key": "commit-p-17"}
    first = await planner.post(url, headers=headers)
    again = await planner.post(url, headers=headers)
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (await fund_of(planner))["committed"] == "26740.00"


async def test_settings_are_shown_with_their_status(api: Api) -> None:
    items = (await api.as_(Role.AUDITOR).get("/v1/settings-status")).json()["items"]
    assert [(each["name"], each["value"], each["status"]) for each in items] == [
        ("verification_days", "14", "INF"),
        ("submit_lead_days", "45", "INF"),
        ("buy_in_lead_days", "7", "INF"),
        ("buy_in_trail_days", "3", "INF"),
    ]
