"""The contract value at a forecast."""

from datetime import date
from decimal import Decimal

from contracts.domain.fees import FeeBasis, FixedPerPeriod, Period, PerStorePeriod
from contracts.domain.value import contract_value
from services.contracts.tests.examples import percent, term
from shared.kernel.periods import year_of

YEAR = year_of(date(2026, 1, 1))
TERMS = (
    term(percent("0.09"), number=1),
    term(PerStorePeriod(amount=Decimal(830), period=Period.MONTH), number=2),
    term(FixedPerPeriod(amount=Decimal(100_000), period=Period.YEAR), number=3, cycle=Period.YEAR),
    term(percent("0.01"), number=4, cycle=Period.YEAR, minimum="217800.00"),
)


def test_each_term_and_the_total_are_valued() -> None:
    value = contract_value(TERMS, FeeBasis(span=YEAR, net_purchases=Decimal(10_000_000), store_count=10))
    assert [each.amount for each in value.terms] == [
        Decimal(900_000),
        Decimal(99_600),
        Decimal(100_000),
        Decimal(217_800),
    ]
    assert [each.rate for each in value.terms] == [
        Decimal("0.09"),
        Decimal("0.00996"),
        Decimal("0.01"),
        Decimal("0.02178"),
    ]
    assert (value.amount, value.rate) == (Decimal(1_317_400), Decimal("0.131740"))


def test_without_purchases_there_is_no_rate() -> None:
    value = contract_value(TERMS, FeeBasis(span=YEAR, store_count=10))
    assert (value.amount, value.rate) == (Decimal(417_400), None)
    assert [each.rate for each in value.terms] == [None] * 4
