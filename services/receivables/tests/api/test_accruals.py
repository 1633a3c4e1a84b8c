"""Accruals follow the quantities, whatever the order of runs, and are true at the end of each cycle."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from services.receivables.tests.examples import (
    PROMOTION,
    Books,
    a_contract,
    a_receipt,
    a_term,
    a_version,
    an_earned_fee,
)  # fmt: skip
from shared.testing import Api

SIGNED = "gondola.contracts.contract_signed.v1"
AMENDED = "gondola.contracts.contract_amended.v1"
TIERS = [{"threshold": "0", "rate": "0.01"}, {"threshold": "10000", "rate": "0.03"}]


async def amounts(books: Books, **filters: Any) -> dict[str, str]:
    return {each["claim_reference"]: each["amount"] for each in await books.accruals(**filters)}


async def test_a_monthly_rebate_is_accrued_from_net_purchases_once(
    world: None, deliver: Any, books: Books, emitted: Any
):
    await deliver(SIGNED, a_contract(a_version(terms=[a_term("T1")])))
    await books.receive(a_receipt("G-1", "10000.00", "2026-01-10"), a_receipt("G-2", "5000.00", "2026-02-10"))
    assert await books.accrue("2026-02-28") == {"examined": 2, "changed": 2}
    assert await amounts(books) == {"C-1/T1/2026-01": "200.00", "C-1/T1/2026-02": "100.00"}
    assert await books.accrue("2026-02-28") == {"examined": 2, "changed": 0}
    events = await emitted("fee_accrued")
    assert [(event.data["amount"], event.data["amount_incl_tax"]) for event in events] == [
        ("200.00", "226.00"),
        ("100.00", "113.00"),
    ]
    assert events[0].data["contract_number"] == "C-1"
    assert await books.balances() == {"fee_expense": "300.00", "accrued_fees": "-300.00"}


async def test_a_tier_reached_late_trues_up_the_whole_year(world: None, deliver: Any, books: Books, finance: Api):
    await deliver(SIGNED, a_contract(a_version(terms=[a_term("T1", tiers=TIERS, cycle="year", method="tiered")])))
    await books.receive(a_receipt("G-1", "9999.99", "2026-01-10"))
    await books.accrue("2026-01-31")
    assert await amounts(books) == {"C-1/T1/2026": "100.00"}
    await books.receive(a_receipt("G-2", "0.01", "2026-02-10"))
    await books.accrue("2026-02-28")
    assert await amounts(books) == {"C-1/T1/2026": "300.00"}
    (accrual,) = await books.accruals()
    detail = (await finance.get(f"/v1/accruals/{accrual['id']}")).json()
    assert [entry["delta_excl_tax"] for entry in detail["entries"]] == ["100.00", "200.00"]


async def test_the_order_of_runs_does_not_matter(world: None, deliver: Any, books: Books):
    terms = [a_term("T1", tiers=TIERS, cycle="quarter"), a_term("T2", minimum="900.00", tax_basis="incl")]
    await deliver(SIGNED, a_contract(a_version(terms=terms)))
    await books.receive(a_receipt("G-1", "9000.00", "2026-01-10"), a_receipt("G-2", "5000.00", "2026-03-10"))
    for as_of in ("2026-03-31", "2026-01-31", "2026-02-14"):
        await books.accrue(as_of)
    expected = {
        "C-1/T1/2026-Q1": "420.00",
        "C-1/T2/2026-01": "900.00",
        "C-1/T2/2026-02": "900.00",
        "C-1/T2/2026-03": "900.00",
    }
    assert await amounts(books) == expected


async def test_fixed_fees_run_by_days_and_store_fees_by_opening_months(world: None, deliver: Any, books: Books):
    terms = [
        a_term("T1", driver="periods", period="year", cycle="year", fee_kind="display_package",
               tiers=[{"threshold": "0", "rate": "3650.00"}], tax_basis="incl"),
        a_term("T2", driver="store_periods", period="month", cycle="month", fee_kind="display_package",
               tiers=[{"threshold": "0", "rate": "830.00"}], tax_basis="incl"),
    ]  # fmt: skip
    await deliver(SIGNED, a_contract(a_version(terms=terms)))
    await books.accrue("2026-03-31")
    found = await amounts(books)
    assert found["C-1/T1/2026"] == "900.00"  # 90 of 365 days.
    assert found["C-1/T2/2026-02"] == "1660.00"  # Two stores; the third opens in March.
    assert found["C-1/T2/2026-03"] == "2490.00"


async def test_an_amendment_signed_late_moves_its_months_to_the_new_version(world: None, deliver: Any, books: Books):
    old = a_version(terms=[a_term("T1")])
    await deliver(SIGNED, a_contract(old))
    await books.receive(a_receipt("G-1", "10000.00", "2026-01-10"), a_receipt("G-2", "10000.00", "2026-02-10"))
    await books.accrue("2026-02-28")
    new = a_version(2, valid_from="2026-02-01", terms=[a_term("T1", tiers=[{"threshold": "0", "rate": "0.03"}])])
    await deliver(AMENDED, a_contract(old | {"valid_to": "2026-01-31"}, new))
    await books.accrue("2026-02-28")
    found = {(each["contract_version"], each["cycle_start"]): each["amount"] for each in await books.accruals()}
    assert found == {(1, "2026-01-01"): "200.00", (1, "2026-02-01"): "0.00", (2, "2026-02-01"): "300.00"}
    await deliver(AMENDED, a_contract(new | {"valid_from": "2026-01-01"}))
    await books.accrue("2026-02-28")
    assert sum(Decimal(each["amount"]) for each in await books.accruals()) == Decimal("600.00")


async def test_an_early_end_takes_back_the_days_after_it(world: None, deliver: Any, books: Books):
    term = a_term("T1", driver="periods", period="month", tiers=[{"threshold": "0", "rate": "310.00"}])
    await deliver(SIGNED, a_contract(a_version(terms=[term])))
    await books.accrue("2026-01-31")
    assert await amounts(books) == {"C-1/T1/2026-01": "310.00"}
    ended = a_contract(a_version(terms=[term], valid_to="2026-01-10"), valid_to="2026-01-10", status="ended")
    await deliver("gondola.contracts.contract_ended.v1", ended)
    await books.accrue("2026-01-31")
    assert await amounts(books) == {"C-1/T1/2026-01": "100.00"}


async def test_a_return_after_the_settlement_leaves_a_reclaim(world: None, deliver: Any, books: Books):
    await deliver(SIGNED, a_contract(a_version(terms=[a_term("T1", tax_basis="incl")])))
    await books.receive(a_receipt("G-1", "10000.00", "2026-03-10"))
    await books.accrue("2026-03-31")
    await books.deduct("226.00", "C-1/T1/2026-03")
    await books.match()
    await books.receive(a_receipt("B-1", "5000.00", "2026-03-20", kind="return"))
    await books.accrue("2026-03-31")
    accrual = (await books.accruals())[-1]
    assert (accrual["amount"], accrual["consumed_amount"]) == ("113.00", "226.00")
    assert (accrual["reclaim_amount"], accrual["open_amount"]) == ("113.00", "0.00")


async def test_a_promotion_fee_is_accrued_when_it_is_earned_and_follows_corrections(
    promotion: None, deliver: Any, books: Books, run_job: Any, emitted: Any
):
    await run_job("accrue promotions")
    (accrual,) = await books.accruals(promotion_id=str(PROMOTION))
    assert (accrual["amount_incl_tax"], accrual["amount_excl_tax"], accrual["driver"]) == (
        "1000.00",
        "943.40",
        "earned",
    )
    assert accrual["claim_reference"] == "P-17/dm/SKU1"
    await deliver("gondola.promotions.promotion_fee_earned.v1", an_earned_fee("1500.00", verified_count=3))
    await run_job("accrue promotions")
    await run_job("accrue promotions")
    assert [event.data["amount"] for event in await emitted("fee_accrued")] == ["1000.00", "1500.00"]
    assert (await books.accruals(source="promotion_fee"))[0]["open_amount"] == "1500.00"


async def test_a_fee_waits_for_its_promotion(world: None, deliver: Any, books: Books, run_job: Any):
    await deliver("gondola.promotions.promotion_fee_earned.v1", an_earned_fee())
    await run_job("accrue promotions")
    assert await books.accruals() == []


async def test_a_cash_fee_is_settled_without_a_deduction(world: None, deliver: Any, books: Books, finance: Api):
    terms = [a_term("T1", settlement_method="cash", fee_kind="data_fee"), a_term("T2")]
    await deliver(SIGNED, a_contract(a_version(terms=terms)))
    await books.receive(a_receipt("G-1", "10000.00", "2026-03-10"))
    await books.accrue("2026-03-31")
    by_code = {each["term_code"]: each for each in await books.accruals() if each["cycle_start"] == "2026-03-01"}
    path, key = f"/v1/accruals/{by_code['T1']['id']}:settle", {"Idempotency-Key": "1"}
    paid = await finance.post(path, json={"document_number": "FP-1"}, headers=key)
    assert (paid.status_code, paid.json()["amount"], paid.json()["tax_amount"]) == (201, "212.00", "12.00")
    assert paid.json()["documented_on"] == "2026-05-06"
    again = await finance.post(path, json={"document_number": "FP-1"}, headers={"Idempotency-Key": "2"})
    assert (again.status_code, again.json()["code"]) == (409, "accrual_exhausted")
    assert (await books.balances())["cash"] == "-212.00"
    path = f"/v1/accruals/{by_code['T2']['id']}:settle"
    refused = await finance.post(path, json={"document_number": "FP-1"}, headers={"Idempotency-Key": "3"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_settled_in_cash")
    missing = await finance.post(
        f"/v1/accruals/{uuid4()}:settle", json={"document_number": "FP-1"}, headers={"Idempotency-Key": "4"}
    )
    assert missing.json()["code"] == "accrual_not_found"
    assert (await finance.get(f"/v1/accruals/{uuid4()}")).status_code == 404
    explained = (await finance.get(f"/v1/settled-fees/{paid.json()['id']}/explanation")).json()
    assert explained["is_proven"]
    assert explained["deduction"] is None


async def test_the_daily_job_accrues_through_today(world: None, deliver: Any, books: Books, run_job: Any):
    await deliver(SIGNED, a_contract(a_version(terms=[a_term("T1")])))
    await run_job("accrue contracts")
    assert max(each["accrued_through"] for each in await books.accruals()) == "2026-05-06"


async def test_a_caller_accrues_only_accounts_in_scope(world: None, deliver: Any, books: Books, stranger: Api):
    await deliver(SIGNED, a_contract(a_version(terms=[a_term("T1")])))
    answer = await stranger.post("/v1/accruals:run", json={"as_of": "2026-03-31"})
    assert answer.json() == {"examined": 0, "changed": 0}
    assert await books.accruals() == []
