"""Accounts, settlement entities and products over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.contracts.tests import bodies
from services.contracts.tests.bodies import ACCOUNT, ENTITY, OTHER_ACCOUNT, OTHER_ENTITY, PRODUCT
from shared.platform.auth import Role
from shared.platform.db import Connection
from shared.testing import Api

ACCOUNT_PATH, ENTITY_PATH, PRODUCT_PATH = (
    f"/v1/accounts/{ACCOUNT}",
    f"/v1/settlement-entities/{ENTITY}",
    f"/v1/products/{PRODUCT}",
)


async def test_an_account_is_created_changed_and_announced_each_time(manager: Api, emitted: Any) -> None:
    created = await manager.put(ACCOUNT_PATH, json=bodies.account())
    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    again = await manager.put(ACCOUNT_PATH, json=bodies.account())
    assert (again.status_code, again.headers["etag"], again.json()) == (200, '"1"', created.json())
    changed = await manager.put(ACCOUNT_PATH, json=bodies.account(name="大润发"))
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    read = await manager.get(ACCOUNT_PATH)
    assert (read.json(), read.headers["etag"]) == (changed.json(), '"2"')
    assert read.json() == bodies.account(name="大润发") | {"id": str(ACCOUNT)}
    events = await emitted()
    assert [(event.type, event.subject, event.version) for event in events] == [
        ("gondola.contracts.account_changed.v1", f"account/{ACCOUNT}", 1),
        ("gondola.contracts.account_changed.v1", f"account/{ACCOUNT}", 2),
    ]
    assert events[-1].data == read.json() | {"account_id": str(ACCOUNT)}


async def test_of_the_same_creation_at_once_one_counts(manager: Api, emitted: Any) -> None:
    answers = await asyncio.gather(*(manager.put(ACCOUNT_PATH, json=bodies.account()) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len(await emitted()) == 1


async def test_if_match_is_optional_but_honoured(manager: Api) -> None:
    await manager.put(ACCOUNT_PATH, json=bodies.account())
    change = bodies.account(name="大润发")
    good = await manager.put(ACCOUNT_PATH, json=change, headers={"If-Match": '"1"'})
    assert good.status_code == 200
    stale = await manager.put(ACCOUNT_PATH, json=bodies.account(), headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await manager.get(ACCOUNT_PATH)).json()["name"] == "大润发"
    absent = await manager.put(f"/v1/accounts/{OTHER_ACCOUNT}", json=bodies.account(), headers={"If-Match": '"1"'})
    assert absent.status_code == 412


async def test_a_code_belongs_to_one_account(manager: Api) -> None:
    await manager.put(ACCOUNT_PATH, json=bodies.account())
    taken = await manager.put(f"/v1/accounts/{OTHER_ACCOUNT}", json=bodies.account())
    assert (taken.status_code, taken.json()["code"]) == (409, "account_code_taken")
    assert taken.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ka_class": "XKA"}, "/ka_class"),
        ({"cost_unit_id": ""}, "/cost_unit_id"),
        ({"owner_id": None}, "/owner_id"),
        ({"currency": "yuan"}, "/currency"),
        ({"name": "x" * 201}, "/name"),
        ({"secret": 1}, "/secret"),
    ],
)
async def test_a_bad_account_is_refused_and_changes_nothing(
    manager: Api, emitted: Any, change: dict[str, Any], pointer: str
) -> None:
    answer = await manager.put(ACCOUNT_PATH, json=bodies.account(**change))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await manager.get(ACCOUNT_PATH)).status_code == 404
    assert await emitted() == []


async def test_a_foreign_account_does_not_exist(api: Api, manager: Api, payer: None) -> None:
    stranger = api.as_(Role.KA_MANAGER, accounts=[OTHER_ACCOUNT])
    for path, body in ((ACCOUNT_PATH, bodies.account()), (ENTITY_PATH, bodies.settlement_entity())):
        assert (await stranger.get(path)).status_code == 404
        answer = await stranger.put(path, json=body | {"name": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")
        assert (await manager.get(path)).json()["name"] == body["name"]
    assert (await stranger.get("/v1/accounts")).json() == {"items": [], "next": None}
    assert (await stranger.get("/v1/settlement-entities")).json()["items"] == []
    mine = bodies.account(code="MINE")
    assert (await stranger.put(f"/v1/accounts/{OTHER_ACCOUNT}", json=mine)).status_code == 201
    theft = await stranger.put(ENTITY_PATH, json=bodies.settlement_entity(account_id=str(OTHER_ACCOUNT)))
    assert (theft.status_code, theft.json()["code"]) == (404, "settlement_entity_not_found")


async def test_a_region_sees_and_writes_its_accounts_only(api: Api, manager: Api) -> None:
    await manager.put(ACCOUNT_PATH, json=bodies.account())
    south = api.as_(Role.KA_MANAGER, accounts=[], regions=["South"])
    assert (await south.put(f"/v1/accounts/{OTHER_ACCOUNT}", json=bodies.account(code="B"))).status_code == 404
    created = await south.put(f"/v1/accounts/{OTHER_ACCOUNT}", json=bodies.account(code="B", region="South"))
    assert created.status_code == 201
    assert [item["code"] for item in (await south.get("/v1/accounts")).json()["items"]] == ["B"]
    assert (await south.put(ACCOUNT_PATH, json=bodies.account(region="South"))).status_code == 404


async def test_only_managers_write(api: Api) -> None:
    for role in (Role.FINANCE, Role.FIELD_REP, Role.AUDITOR, Role.REGION_MANAGER):
        assert (await api.as_(role).put(ACCOUNT_PATH, json=bodies.account())).status_code == 403
    assert (await api.put(ACCOUNT_PATH, json=bodies.account())).status_code == 401
    assert (await api.as_(Role.KA_DIRECTOR).put(PRODUCT_PATH, json=bodies.product())).status_code == 403


async def test_a_settlement_entity_stays_with_its_account(manager: Api, payer: None, emitted: Any) -> None:
    await manager.put(f"/v1/accounts/{OTHER_ACCOUNT}", json=bodies.account(code="B"))
    moved = await manager.put(ENTITY_PATH, json=bodies.settlement_entity(account_id=str(OTHER_ACCOUNT)))
    assert (moved.status_code, moved.json()["code"]) == (409, "belongs_to_another_account")
    taken = await manager.put(f"/v1/settlement-entities/{OTHER_ENTITY}", json=bodies.settlement_entity())
    assert (taken.status_code, taken.json()["code"]) == (409, "settlement_entity_code_taken")
    [event] = await emitted("settlement_entity_changed")
    assert event.subject == f"settlement-entity/{ENTITY}"
    assert event.data == bodies.settlement_entity() | {"id": str(ENTITY)}
    listed = await manager.get("/v1/settlement-entities", params={"account_id": str(ACCOUNT)})
    assert listed.json()["items"] == [event.data]
    assert (await manager.get(ENTITY_PATH)).json() == event.data


@pytest.mark.parametrize(
    "terms",
    [
        bodies.payment_terms(days=400),
        bodies.payment_terms(pay_days=[20, 5]),
        bodies.payment_terms(pay_days=[0]),
        bodies.payment_terms(term_type="whenever"),
        bodies.payment_terms(grace=3),
        bodies.payment_terms(days="soon"),
    ],
)
async def test_bad_payment_terms_are_refused(manager: Api, terms: dict[str, Any]) -> None:
    await manager.put(ACCOUNT_PATH, json=bodies.account())
    answer = await manager.put(ENTITY_PATH, json=bodies.settlement_entity(payment_terms=terms))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/payment_terms")


async def test_a_settlement_entity_needs_its_account(manager: Api) -> None:
    answer = await manager.put(ENTITY_PATH, json=bodies.settlement_entity())
    assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")


async def test_a_product_is_everybody_s(api: Api, manager: Api, emitted: Any) -> None:
    created = await manager.put(PRODUCT_PATH, json=bodies.product(unit_size="64", vat_rate="0.13", list_price="12.5"))
    assert created.status_code == 201, created.text
    expected = bodies.product(id=str(PRODUCT))
    assert created.json() == expected
    stranger = api.as_(Role.FIELD_REP, accounts=[])
    assert (await stranger.get(PRODUCT_PATH)).json() == expected
    assert (await stranger.get("/v1/products", params={"gtin": "4006381333931"})).json()["items"] == [expected]
    assert (await manager.put(PRODUCT_PATH, json=bodies.product(list_price="12.50"))).headers["etag"] == '"1"'
    [event] = await emitted()
    assert event.data == expected | {"account_id": None}
    second = await manager.put(f"/v1/products/{OTHER_ENTITY}", json=bodies.product())
    assert (second.status_code, second.json()["code"]) == (409, "sku_taken")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"gtin": "4006381333932"}, "/gtin"),
        ({"list_price": 12.5}, "/list_price"),
        ({"list_price": "-1"}, "/list_price"),
        ({"list_price": "1.00001"}, "/list_price"),
        ({"list_price": "NaN"}, "/list_price"),
        ({"vat_rate": "1.5"}, "/vat_rate"),
        ({"pack_quantity": 0}, "/pack_quantity"),
        ({"tax_basis": None}, "/tax_basis"),
    ],
)
async def test_a_bad_product_is_refused(manager: Api, change: dict[str, Any], pointer: str) -> None:
    answer = await manager.put(PRODUCT_PATH, json=bodies.product(**change))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await manager.get(PRODUCT_PATH)).json()["code"] == "product_not_found"


async def test_lists_go_on_where_the_page_ends(manager: Api) -> None:
    for number in range(1, 4):
        path = f"/v1/accounts/{number:08x}-0000-7000-8000-000000000000"
        await manager.put(path, json=bodies.account(code=f"A{number}", status="inactive" if number == 2 else "active"))
        entity = bodies.settlement_entity(account_id=path.rpartition("/")[2], code=f"E{number}")
        await manager.put(f"/v1/settlement-entities/{number:08x}-0000-7000-8000-00000000000e", json=entity)
    for resource, first in (("accounts", "A"), ("settlement-entities", "E")):
        page = (await manager.get(f"/v1/{resource}", params={"limit": 2})).json()
        assert [item["code"] for item in page["items"]] == [f"{first}1", f"{first}2"]
        rest = (await manager.get(f"/v1/{resource}", params={"limit": 2, "after": page["next"]})).json()
        assert ([item["code"] for item in rest["items"]], rest["next"]) == ([f"{first}3"], None)
    inactive = (await manager.get("/v1/accounts", params={"status": "inactive"})).json()
    assert [item["code"] for item in inactive["items"]] == ["A2"]


async def test_fee_kinds_come_with_their_chinese_terms(api: Api) -> None:
    kinds = {kind["code"]: kind for kind in (await api.as_(Role.FIELD_REP).get("/v1/fee-kinds")).json()["items"]}
    assert kinds["tg_fee"] == {"code": "tg_fee", "chinese": "端架费", "legal_flag": "service"}
    assert kinds["unconditional_rebate"]["legal_flag"] == "forbidden"


async def test_a_year_s_attainment_adds_up_what_receivables_told(
    manager: Api, api: Api, payer: None, deliver: Any
) -> None:
    def fact(number: int, **data: Any) -> dict[str, Any]:
        return {"id": str(UUID(int=number)), "account_id": str(ACCOUNT), "currency": "CNY"} | data

    invoice = "gondola.receivables.invoice_posted.v1"
    await deliver(invoice, fact(1, invoiced_on="2026-01-15", net_amount="1000.00", tax_amount="130.00"))
    await deliver(invoice, fact(2, invoiced_on="2026-12-31", net_amount="500.50"))
    await deliver(invoice, fact(3, invoiced_on="2025-12-31", net_amount="9.00"))
    await deliver(invoice, fact(1, invoiced_on="2026-01-15", net_amount="1100.00"))
    accrued = {"fee_kind": "rebate_cycle", "cycle_start": "2026-01-01"}
    await deliver("gondola.receivables.fee_accrued.v1", fact(4, **accrued, amount_excl_tax="33.00"))
    await deliver("gondola.receivables.fee_accrued.v1", fact(4, **accrued, amount_excl_tax="48.02"))
    settled = {"fee_kind": "rebate_cycle", "settled_on": "2026-02-20", "amount_excl_tax": "33.00"}
    await deliver("gondola.receivables.fee_settled.v1", fact(5, **settled))
    await deliver("gondola.receivables.fee_settled.v1", fact(6, **settled, currency="USD"))

    path = f"/v1/accounts/{ACCOUNT}/attainment"
    answer = await manager.get(path, params={"year": 2026})
    kind = {"fee_kind": "rebate_cycle", "accrued_amount": "48.02", "settled_amount": "33.00"}
    assert answer.json() == {
        "account_id": str(ACCOUNT),
        "year": 2026,
        "currencies": [
            {
                "currency": "CNY",
                "net_purchases": "1600.50",
                "accrued_amount": "48.02",
                "settled_amount": "33.00",
                "accrued_rate": "0.030003",
                "fees": [kind],
            },
            {
                "currency": "USD",
                "net_purchases": "0.00",
                "accrued_amount": "0.00",
                "settled_amount": "33.00",
                "accrued_rate": None,
                "fees": [kind | {"accrued_amount": "0.00"}],
            },
        ],
    }
    assert (await api.as_(Role.FINANCE, accounts=[OTHER_ACCOUNT]).get(path, params={"year": 2026})).status_code == 404
    assert (await manager.get(path, params={"year": "last"})).status_code == 422


async def test_a_row_out_of_scope_is_not_even_in_the_table(database: Connection, payer: None) -> None:
    async with database.transaction():
        await database.execute("SET LOCAL gondola.scope = 'some'")
        await database.execute(f"SET LOCAL gondola.accounts = '{{{OTHER_ACCOUNT}}}'")
        assert await database.fetchval("SELECT count(*) FROM accounts") == 0
        assert await database.fetchval("SELECT count(*) FROM settlement_entities") == 0
