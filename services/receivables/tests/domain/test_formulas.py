from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receivables.domain.formulas import (
    Driver,
    Formula,
    Period,
    StoreLife,
    cycles_until,
    effective_spans,
    periods_in,
    store_periods_in,
    whole_months_of,
)
from shared.kernel.periods import Span
from shared.kernel.tiers import Tier, TierMode, Tiers, flat

YEAR = Span(start=date(2026, 1, 1), end=date(2026, 12, 31))
RETROACTIVE = Tiers(
    steps=(
        Tier(threshold=Decimal(1_000_000), rate=Decimal("0.01")),
        Tier(threshold=Decimal(2_000_000), rate=Decimal("0.015")),
        Tier(threshold=Decimal(3_000_000), rate=Decimal("0.02")),
    )
)
GOLDEN_TIERS = [
    # purchases, retroactive, marginal
    ("999999.99", "0.00", "0.00"),
    ("1000000", "10000.00", "0.00"),
    ("1999999.99", "20000.00", "10000.00"),
    ("2000000", "30000.00", "10000.00"),  # Exactly on an inner threshold: the quoted code matched nothing there.
    ("3000000", "60000.00", "25000.00"),
    ("3500000", "70000.00", "35000.00"),
    ("-5", "0.00", "0.00"),
]


@pytest.mark.parametrize(("purchases", "retroactive", "marginal"), GOLDEN_TIERS)
def test_a_tier_is_reached_exactly_at_its_threshold(purchases, retroactive, marginal):
    formula = Formula(driver=Driver.NET_PURCHASES, tiers=RETROACTIVE)
    assert formula.amount(Decimal(purchases)) == Decimal(retroactive)
    slices = Tiers(steps=RETROACTIVE.steps, mode=TierMode.MARGINAL)
    assert Formula(driver=Driver.NET_PURCHASES, tiers=slices).amount(Decimal(purchases)) == Decimal(marginal)


def test_minimum_and_maximum_bound_the_amount_and_the_minimum_builds_up_by_days():
    formula = Formula(
        driver=Driver.NET_PURCHASES, tiers=flat(Decimal("0.01")), minimum=Decimal(200_000), maximum=Decimal(300_000)
    )
    assert formula.amount(Decimal(100)) == Decimal("200000.00")
    assert formula.amount(Decimal(100), Decimal("0.25")) == Decimal("50000.00")
    assert formula.amount(Decimal(25_000_000)) == Decimal("250000.00")
    assert formula.amount(Decimal(99_000_000)) == Decimal("300000.00")


def test_a_formula_by_periods_needs_a_period():
    with pytest.raises(ValueError, match="period"):
        Formula(driver=Driver.PERIODS, tiers=flat(Decimal(1)))


@pytest.mark.parametrize(
    ("start", "end", "period", "quantity"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), Period.YEAR, "1"),
        (date(2026, 1, 1), date(2026, 12, 31), Period.MONTH, "12"),
        (date(2026, 4, 1), date(2026, 4, 15), Period.MONTH, "0.5"),
        (date(2026, 1, 1), date(2026, 6, 30), Period.YEAR, "0.4958904109589042"),
        (date(2026, 1, 1), date(2026, 3, 31), Period.QUARTER, "1"),
    ],
)
def test_periods_count_a_part_by_its_days(start, end, period, quantity):
    assert periods_in(Span(start=start, end=end), period) == Decimal(quantity)


def test_a_store_counts_from_its_opening_month_to_its_closing_month():
    stores = [
        StoreLife(opened_on=date(2020, 1, 1), closed_on=None),
        StoreLife(opened_on=date(2026, 3, 31), closed_on=None),
        StoreLife(opened_on=date(2020, 1, 1), closed_on=date(2026, 2, 1)),
        StoreLife(opened_on=date(2027, 1, 1), closed_on=None),
    ]
    assert store_periods_in(YEAR, Period.MONTH, stores) == Decimal(12 + 10 + 2)
    assert store_periods_in(YEAR, Period.YEAR, stores) == Decimal(2)


def test_a_month_that_versions_share_belongs_to_the_one_that_began_it():
    held = Span(start=date(2026, 2, 15), end=date(2026, 12, 31))
    assert whole_months_of(Span(start=date(2026, 2, 15), end=date(2026, 2, 28)), held) is None
    assert whole_months_of(Span(start=date(2026, 2, 15), end=date(2026, 3, 10)), held) == Span(
        start=date(2026, 3, 1), end=date(2026, 3, 10)
    )
    later = Span(start=date(2026, 4, 1), end=date(2026, 6, 30))
    assert whole_months_of(later, held) == later
    march = Span(start=date(2026, 3, 1), end=date(2026, 12, 31))
    assert whole_months_of(march, march) == march


def test_cycles_run_from_the_first_valid_day_to_the_day_asked_for():
    held = Span(start=date(2026, 2, 15), end=date(2026, 12, 31))
    cycles = list(cycles_until(Period.QUARTER, held, date(2026, 5, 10)))
    assert [(c.whole.start, c.active.start, c.through) for c in cycles] == [
        (date(2026, 1, 1), date(2026, 2, 15), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 4, 1), date(2026, 5, 10)),
    ]
    assert list(cycles_until(Period.YEAR, held, date(2026, 2, 14))) == []


def test_cycles_are_named_as_in_claim_references():
    assert Period.MONTH.label(date(2024, 3, 1)) == "2024-03"
    assert Period.QUARTER.label(date(2024, 7, 1)) == "2024-Q3"
    assert Period.YEAR.label(date(2024, 1, 1)) == "2024"


def test_a_later_version_takes_over_on_its_first_day_and_nothing_outlives_the_contract():
    amended = Span(start=date(2026, 7, 1), end=YEAR.end)
    assert effective_spans([(1, YEAR), (2, amended)], YEAR.end) == {
        1: Span(start=date(2026, 1, 1), end=date(2026, 6, 30)),
        2: amended,
    }
    assert effective_spans([(1, YEAR), (2, amended)], date(2026, 3, 31)) == {
        1: Span(start=date(2026, 1, 1), end=date(2026, 3, 31))
    }
    assert effective_spans([(1, amended), (2, YEAR)], YEAR.end) == {2: YEAR}


@given(
    cut=st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 12, 30)),
    period=st.sampled_from(list(Period)),
)
def test_periods_of_two_halves_are_the_periods_of_the_whole(cut, period):
    second = Span(start=date.fromordinal(cut.toordinal() + 1), end=YEAR.end)
    halves = periods_in(Span(start=YEAR.start, end=cut), period) + periods_in(second, period)
    assert abs(halves - periods_in(YEAR, period)) <= Decimal("0.0000000002")
