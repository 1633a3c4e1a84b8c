"""Corrections that come late: amended after it was paid, accepted in parts, returned after the month was closed."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.receivables.tests.examples import (
    Books,
    a_contract,
    a_promotion,
    a_receipt,
    a_term,
    a_version,
    an_earned_fee,
)  # fmt: skip
from shared.testing import Api

SIGNED = "gondola.contracts.contract_signed.v1"
AMENDED = "gondola.contracts.contract_amended.v1"


async def act(api: Api, path: str, body: dict[str, Any]) -> Any:
    return await api.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})


@pytest.fixture
async def amended_after_payment(world: None, deliver: Any, books: Books, finance: Api) -> list[dict[str, Any]]:
    """March was paid in cash under version 1 (212.00); then version 2, with 3 % instead of 2 %, took March over."""
    term = a_term("T1", settlement_method="cash", fee_kind="data_fee")
    old = a_version(terms=[term])
    await deliver(SIGNED, a_contract(old))
    await books.receive(a_receipt("G-1", "10000.00", "2026-03-10"))
    await books.accrue("2026-03-31")
    (accrual,) = [each for each in await books.accruals() if each["cycle_start"] == "2026-03-01"]
    paid = await act(finance, f"/v1/accruals/{accrual['id']}:settle", {"document_number": "FP-1"})
    assert (paid.status_code, paid.json()["amount"]) == (201, "212.00")
    new = a_version(2, valid_from="2026-02-01", terms=[term | {"tiers": [{"threshold": "0", "rate": "0.03"}]}])
    await deliver(AMENDED, a_contract(old | {"valid_to": "2026-01-31"}, new))
    await books.accrue("2026-03-31")
    return sorted(
        (each for each in await books.accruals() if each["cycle_start"] == "2026-03-01"),
        key=lambda each: each["contract_version"],
    )


async def test_what_was_paid_under_a_version_is_not_paid_again_under_the_next(
    amended_after_payment: list[dict[str, Any]], books: Books, finance: Api
):
    old, new = amended_after_payment
    assert (old["reclaim_amount"], new["open_amount"]) == ("212.00", "318.00")
    path = f"/v1/accruals/{new['id']}:settle"
    refused = await act(finance, path, {"document_number": "FP-2", "amount": "106.01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "accrual_exhausted")
    assert "212.00" in refused.json()["detail"]
    paid = await act(finance, path, {"document_number": "FP-2"})
    assert (paid.status_code, paid.json()["amount"]) == (201, "106.00")
    again = await act(finance, path, {"document_number": "FP-3"})
    assert again.json()["code"] == "accrual_exhausted"
    assert (await books.balances())["cash"] == "-318.00"


async def test_what_was_paid_under_a_version_is_not_accepted_again_under_the_next(
    amended_after_payment: list[dict[str, Any]], books: Books, finance: Api
):
    _, new = amended_after_payment
    deduction = await books.deduct("318.00", None)
    path, body = f"/v1/deductions/{deduction['id']}:accept", {"accrual_id": new["id"]}
    refused = await act(finance, path, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "accrual_exhausted")
    accepted = await act(finance, path, body | {"amount": "106.00"})
    assert (accepted.status_code, accepted.json()["accepted_amount"]) == (200, "106.00")


async def test_a_part_without_a_document_does_not_hide_one_that_waits_for_it(
    world: None, deliver: Any, books: Books, finance: Api
):
    terms = [a_term("T1"), a_term("T2", fee_kind="penalty_late")]
    await deliver(SIGNED, a_contract(a_version(terms=terms)))
    await books.receive(a_receipt("G-1", "10000.00", "2026-03-10"))
    await books.accrue("2026-03-31")
    by_code = {each["term_code"]: each for each in await books.accruals() if each["cycle_start"] == "2026-03-01"}
    deduction = await books.deduct("300.00", None)
    path = f"/v1/deductions/{deduction['id']}"
    await act(finance, f"{path}:accept", {"accrual_id": by_code["T1"]["id"], "amount": "200.00"})
    accepted = await act(finance, f"{path}:accept", {"accrual_id": by_code["T2"]["id"], "amount": "100.00"})
    assert (accepted.json()["status"], accepted.json()["is_documented"]) == ("accepted", False)
    settled = await finance.post(f"{path}:settle", json={"document_number": "RED-1"})
    assert (settled.status_code, settled.json()["status"]) == (200, "settled")


async def test_nothing_is_booked_before_the_days_that_it_is_for(world: None, deliver: Any, books: Books, finance: Api):
    await deliver(SIGNED, a_contract(a_version(terms=[a_term("T1")])))
    await books.receive(a_receipt("G-1", "10000.00", "2026-03-10"))
    await books.accrue("2026-05-06")
    await books.receive(a_receipt("G-2", "500.00", "2026-03-20"), a_receipt("G-3", "7000.00", "2026-04-15"))
    await books.accrue("2026-03-31")  # The month is closed again; April's receipt is known already.
    entries = (await finance.get("/v1/journal-entries", params={"kind": "fee_accrued"})).json()["items"]
    assert [(each["booked_on"], each["lines"][0]["debit"]) for each in entries] == [
        ("2026-05-06", "200.00"),
        ("2026-03-31", "10.00"),
        ("2026-04-30", "140.00"),
    ]


async def test_a_fee_waits_for_its_product_because_a_claim_may_name_it(
    deliver: Any, books: Books, world: None, run_job: Any
):
    other = uuid4()
    promotion = a_promotion()
    promotion["tactics"][0]["product_id"] = other
    await deliver("gondola.promotions.promotion_ended.v1", promotion)
    await deliver("gondola.promotions.promotion_fee_earned.v1", an_earned_fee(product_id=other))
    await run_job("accrue promotions")
    product = {"id": other, "sku": "SKU9", "name": "Late", "brand": None, "category": None}
    await deliver("gondola.contracts.product_changed.v1", product)
    await run_job("accrue promotions")
    deduction = await books.deduct("1000.00", "P-17/dm/SKU9")
    await books.match()
    assert (await books.deduction(deduction))["accepted_amount"] == "1000.00"


@pytest.mark.parametrize(
    ("driver", "period", "rate", "valid_from", "as_of", "amount"),
    [
        ("periods", "month", "1000.05", "2026-04-30", "2026-04-30", "33.34"),  # 1/30 of it is 33.335.
        ("store_periods", "year", "1000.02", "2026-01-01", "2026-03-31", "583.35"),  # 7/12 of it is 583.345.
        ("store_periods", "year", "1000.05", "2026-01-01", "2026-04-30", "833.38"),  # 10/12 of it is 833.375.
    ],
)
async def test_half_a_cent_is_rounded_up_whatever_the_fraction(
    world: None, deliver: Any, books: Books, finance: Api, driver: str, period: str, rate: str, valid_from: str,
    as_of: str, amount: str,
):  # fmt: skip
    term = a_term("T1", driver=driver, period=period, cycle="year", settlement_method="cash",
                  fee_kind="display_package", tiers=[{"threshold": "0", "rate": rate}], tax_basis="incl")  # fmt: skip
    await deliver(SIGNED, a_contract(a_version(terms=[term], valid_from=valid_from), valid_from=valid_from))
    await books.accrue(as_of)
    (accrual,) = await books.accruals()
    assert accrual["amount"] == amount, accrual["driver_quantity"]
    paid = await act(finance, f"/v1/accruals/{accrual['id']}:settle", {"document_number": "FP-1"})
    explained = (await finance.get(f"/v1/settled-fees/{paid.json()['id']}/explanation")).json()
    assert explained["is_proven"], explained["proofs"]


async def test_a_month_that_two_versions_share_is_owed_once_for_a_store(world: None, deliver: Any, books: Books):
    term = a_term("T1", driver="store_periods", period="month", fee_kind="display_package",
                  tiers=[{"threshold": "0", "rate": "830.00"}], tax_basis="incl")  # fmt: skip
    old = a_version(terms=[term], valid_to="2026-02-14")
    new = a_version(2, valid_from="2026-02-15", terms=[term | {"tiers": [{"threshold": "0", "rate": "900.00"}]}])
    await deliver(SIGNED, a_contract(old, new))
    await books.accrue("2026-02-28")
    found = [(each["claim_reference"], each["amount"]) for each in await books.accruals()]
    assert sum(Decimal(amount) for claim, amount in found if claim == "C-1/T1/2026-02") == Decimal("1660.00"), found
