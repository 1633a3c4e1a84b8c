"""Request bodies and the steps that many API tests take."""

from typing import Any
from uuid import UUID, uuid4

from services.promotions.tests import examples
from shared.platform.auth import Role
from shared.testing import Api

AGREEMENT = {"document_sha256": "a" * 64, "signed_on": "2026-05-20", "signatory": "Wang Fang"}
SLOT_URL = f"/v1/dm-slots/{examples.SLOT}"
FUND_URL = f"/v1/funds/{examples.FUND}"


def slot(**changes: Any) -> dict[str, Any]:
    base = {
        "account_id": str(examples.ACCOUNT),
        "calendar_year": 2026,
        "slot_no": 12,
        "starts_on": "2026-06-01",
        "ends_on": "2026-06-14",
        "positions": 20,
    }
    return base | changes


def fund(**changes: Any) -> dict[str, Any]:
    base = {
        "account_id": str(examples.ACCOUNT),
        "name": "Trade fund 2026",
        "currency": "CNY",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "budget": "100000.00",
    }
    return base | changes


def price_tactic(**changes: Any) -> dict[str, Any]:
    fee = {
        "fee_kind": "price_compensation",
        "basis": "per_unit_sold",
        "amount": "1.2",
        "planned_amount": "14400",
        "settlement_method": "offset",
    }
    return {"id": str(uuid4()), "kind": "price", "product_id": str(examples.JUICE), "fee": fee} | changes


def dm_tactic(**changes: Any) -> dict[str, Any]:
    fee = {"fee_kind": "dm_fee", "basis": "lump", "amount": "2340.00", "settlement_method": "offset"}
    place = {"dm_slot_id": str(examples.SLOT), "dm_position": 3}
    return {"id": str(uuid4()), "kind": "dm", "product_id": str(examples.JUICE), "fee": fee} | place | changes


def fee(amount: str, basis: str = "per_store") -> dict[str, Any]:
    return {"fee_kind": "tg_fee", "basis": basis, "amount": amount, "settlement_method": "offset"}


def endcap_tactic(**changes: Any) -> dict[str, Any]:
    base = {"id": str(uuid4()), "kind": "endcap", "product_id": str(examples.JUICE), "count_per_store": 2}
    return base | {"fee": fee("500.00")} | changes


def item(product_id: UUID = examples.JUICE, **changes: Any) -> dict[str, Any]:
    base = {
        "product_id": str(product_id),
        "regular_cost": "8",
        "promo_cost": "6.80",
        "regular_retail": "9.9",
        "promo_retail": "7.9",
        "tax_basis": "incl",
        "forecast_quantity": "12000",
    }
    return base | changes


def plan(**changes: Any) -> dict[str, Any]:
    base = {
        "name": "Summer juice",
        "mechanic": "price_off",
        "starts_on": "2026-06-01",
        "ends_on": "2026-06-14",
        "buy_in_starts_on": "2026-05-25",
        "buy_in_ends_on": "2026-06-17",
        "order_cap_quantity": "15000",
        "fund_id": str(examples.FUND),
        "currency": "CNY",
        "items": [item()],
        "store_ids": [str(store) for store in examples.STORES],
        "tactics": [price_tactic(), dm_tactic(), endcap_tactic()],
    }
    return base | changes


def promotion(**changes: Any) -> dict[str, Any]:
    base = plan() | {
        "account_id": str(examples.ACCOUNT),
        "settlement_entity_id": str(examples.ENTITY),
        "number": "P-17",
    }
    return base | changes


def draft(**changes: Any) -> dict[str, Any]:
    body = promotion(**changes)
    return {name: value for name, value in body.items() if name != "account_id"}


async def planner_with_master_data(api: Api) -> Api:
    """Return a director's client; slot and fund exist."""
    planner = api.as_(Role.KA_DIRECTOR)
    assert (await planner.put(SLOT_URL, json=slot())).status_code == 201
    assert (await planner.put(FUND_URL, json=fund())).status_code == 201
    return planner


async def take(planner: Api, promotion_id: str, step: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    """Take a step of a promotion and return the answer."""
    answer = await planner.post(f"/v1/promotions/{promotion_id}:{step}", json=body)
    assert answer.status_code == status, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def approved(planner: Api, **changes: Any) -> dict[str, Any]:
    """Bring a promotion up to APPROVED, with its agreement on file."""
    answer = await planner.post("/v1/promotions", json=promotion(**changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    await take(planner, made["id"], "attach-agreement", AGREEMENT)
    await take(planner, made["id"], "submit", {"submitted_on": "2026-04-17"})
    return await take(planner, made["id"], "approve")


async def committed(planner: Api, **changes: Any) -> dict[str, Any]:
    """Bring a promotion up to COMMITTED."""
    made = await approved(planner, **changes)
    return await take(planner, made["id"], "commit", {"committed_on": "2026-05-21"})
