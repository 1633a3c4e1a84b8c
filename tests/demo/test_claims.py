"""The retailer's payments and deductions are repeatable, affordable and of every kind."""

from datetime import date
from decimal import Decimal

import pytest

from deploy.demo import claims, oracle, oracle_ledger
from deploy.demo.constants import SIZES, Size
from deploy.demo.dataset import Dataset, Row, read_rows
from deploy.demo.plan import Plan


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_rows()


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_no_payment_keeps_back_more_than_it_pays_and_the_seed_repeats_it(rows: list[Row], size: Size) -> None:
    plan = Plan(Dataset(rows, size))
    published = plan.published()
    database = oracle.open_data(published)
    books = claims.claims_from(oracle.retailers_books(database, published))
    payments = claims.remittances(plan, books)
    assert payments == claims.remittances(Plan(Dataset(rows, size)), books)
    published["remittances"] = claims.published(payments)
    gross = oracle_ledger.invoice_gross(database, published)
    for payment in payments:
        paid = sum(gross[week] - oracle_ledger.held_back(published, week, gross[week]) for week in payment.weeks)
        assert sum((one.amount for one in payment.deductions), Decimal(0)) * 100 < paid
        assert payment.paid_on <= size.until
        assert len({one.number for one in payment.deductions}) == len(payment.deductions)
    labels = {one.label for payment in payments for one in payment.deductions}
    assert {claims.RIGHT, claims.OVER_CLAIMED, claims.DUPLICATE, claims.NOT_AGREED} <= labels
    actions = {one.action for payment in payments for one in payment.deductions}
    assert actions >= {"", "dispute", "recover"}


@pytest.mark.parametrize(
    ("month", "paid"),
    [
        (date(2025, 1, 1), date(2025, 3, 5)),
        (date(2025, 2, 10), date(2025, 4, 5)),
        (date(2024, 12, 31), date(2025, 2, 5)),
    ],
)
def test_a_month_is_paid_on_the_fifth_or_twentieth_from_thirty_days_after_its_end(month: date, paid: date) -> None:
    assert claims.pay_day(month) == paid
