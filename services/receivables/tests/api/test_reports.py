"""Ageing, fee rates, the journal and the settings, as finance reads them."""

from typing import Any
from uuid import uuid4

from services.receivables.tests.examples import (
    ACCOUNT,
    ENTITY,
    Books,
    a_contract,
    a_receipt,
    a_term,
    a_version,
)  # fmt: skip
from shared.testing import Api


async def test_open_invoices_age_by_days_past_due_as_of_a_day(world: None, books: Books, finance: Api, erp: Api):
    # Due 30 days after the month's end: 1 May, 2 March and 31 January.
    for number, day in (("I-1", "2026-03-10"), ("I-2", "2026-01-10"), ("I-3", "2025-12-05")):
        await books.invoice(number, invoiced_on=day)
    await erp.post(
        "/v1/remittances",
        json={"account_id": str(ACCOUNT), "settlement_entity_id": str(ENTITY), "number": "R", "paid_on": "2026-05-10",
              "currency": "CNY", "amount": "100.00", "invoice_lines": [{"invoice_number": "I-3", "amount": "130.00"}],
              "deductions": [{"number": "D", "reason_code": "x", "amount": "30.00"}]},
        headers={"Idempotency-Key": "1"},
    )  # fmt: skip
    answer = await finance.get("/v1/ageing", params={"as_of": "2026-05-06", "account_id": str(ACCOUNT)})
    (entity,) = answer.json()["items"]
    buckets = {each["bucket"]: (each["amount"], each["invoice_count"]) for each in entity["buckets"]}
    assert buckets == {
        "not_due": ("0.00", 0),
        "1-30": ("1130.00", 1),
        "31-60": ("0.00", 0),
        "61-90": ("1130.00", 1),
        "91-180": ("1130.00", 1),
        "181-365": ("0.00", 0),
        ">365": ("0.00", 0),
    }
    assert (entity["open_amount"], entity["overdue_amount"], entity["oldest_due_on"]) == (
        "3390.00",
        "3390.00",
        "2026-01-31",
    )
    assert (entity["is_hold_advised"], entity["deductions_waiting"]) == (True, "0.00")
    (later,) = (await finance.get("/v1/ageing", params={"as_of": "2026-05-10"})).json()["items"]
    assert (later["open_amount"], later["deductions_waiting"]) == ("3260.00", "30.00")
    (early,) = (await finance.get("/v1/ageing", params={"as_of": "2025-12-31"})).json()["items"]
    assert (early["open_amount"], early["overdue_amount"], early["is_hold_advised"]) == ("1130.00", "0.00", False)


async def test_fee_rates_put_fees_beside_net_purchases(promotion: None, deliver: Any, books: Books, finance: Api):
    await deliver("gondola.contracts.contract_signed.v1", a_contract(a_version(terms=[a_term("T1")])))
    await books.receive(a_receipt("G-1", "47170.00", "2026-03-10"))
    await books.accrue("2026-03-31")
    params = {"account_id": str(ACCOUNT), "from_day": "2026-03-01", "to_day": "2026-03-31"}
    (rates,) = (await finance.get("/v1/reports/fee-rates", params=params)).json()["items"]
    assert (rates["net_purchases"], rates["contract_fees"], rates["promotion_fees"]) == (
        "47170.00",
        "943.40",
        "943.40",
    )
    assert (rates["contract_fee_rate"], rates["total_fee_rate"]) == ("0.020000", "0.040000")
    assert [(fee["fee_kind"], fee["rate"]) for fee in rates["fees"]] == [
        ("tier_rebate", "0.020000"),
        ("dm_fee", "0.020000"),
    ]
    nothing = params | {"from_day": "2025-01-01", "to_day": "2025-01-31"}
    assert (await finance.get("/v1/reports/fee-rates", params=nothing)).json() == {"items": []}


async def test_fees_without_purchases_have_no_rate(promotion: None, books: Books, finance: Api):
    await books.accrue("2026-03-31")
    params = {"account_id": str(ACCOUNT), "from_day": "2026-03-01", "to_day": "2026-03-31"}
    (rates,) = (await finance.get("/v1/reports/fee-rates", params=params)).json()["items"]
    assert (rates["net_purchases"], rates["total_fee_rate"]) == ("0.00", None)


async def test_the_journal_is_read_in_order_and_by_document(world: None, books: Books, finance: Api, stranger: Api):
    first, second = await books.invoice("I-1"), await books.invoice("I-2")
    page = (await finance.get("/v1/journal-entries", params={"limit": 1})).json()
    assert [entry["source_id"] for entry in page["items"]] == [first["id"]]
    rest = (await finance.get("/v1/journal-entries", params={"after": page["next"]})).json()["items"]
    assert [entry["source_id"] for entry in rest] == [second["id"]]
    assert rest[0]["lines"] == [
        {"ledger": "accounts_receivable", "debit": "1130.00", "credit": "0.00"},
        {"ledger": "revenue", "debit": "0.00", "credit": "1000.00"},
        {"ledger": "output_tax", "debit": "0.00", "credit": "130.00"},
    ]
    entry = await finance.get(f"/v1/journal-entries/{rest[0]['id']}")
    assert entry.json() == rest[0]
    assert (await stranger.get(f"/v1/journal-entries/{rest[0]['id']}")).json()["code"] == "journal_entry_not_found"


async def test_thresholds_are_shown_with_what_they_rest_on(manager: Api):
    answer = await manager.get("/v1/settings-status")
    found = {item["name"]: item for item in answer.json()["items"]}
    assert found["tolerance_amount"] == {
        "name": "tolerance_amount",
        "value": "1.00",
        "default": "1.00",
        "is_default": True,
        "status": "INF",
        "source": "digest 4",
        "description": "Excess of a deduction over its accrual that is let go, in the document's currency 容差.",
    }
    assert found["service_tax_rate"]["status"] == "K"
    assert {"tolerance_rate", "ageing_upper_days", "hold_overdue_days"} <= set(found)


async def test_nothing_is_found_where_nothing_is(world: None, finance: Api):
    for path, code in (
        ("remittances", "remittance_not_found"),
        ("settled-fees", "settled_fee_not_found"),
        ("deductions", "deduction_not_found"),
    ):
        assert (await finance.get(f"/v1/{path}/{uuid4()}")).json()["code"] == code
