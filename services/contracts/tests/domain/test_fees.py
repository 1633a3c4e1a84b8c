"""Fees: golden rows from the domain digest, and laws that hold for every input."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.domain.fees import (
    Calculation,
    Driver,
    FeeBasis,
    FixedPerPeriod,
    Formula,
    PercentOfPurchases,
    Period,
    PerStorePeriod,
    Tiered,
)
from shared.kernel.money import ZERO
from shared.kernel.periods import Span, month_of, quarter_of, year_of
from shared.kernel.tiers import Tier, TierMode, flat

YEAR = year_of(date(2026, 1, 1))
JANUARY = month_of(date(2026, 1, 1))
SECOND_HALF = Span(start=date(2025, 7, 1), end=date(2025, 12, 31))


def tiers(*steps: tuple[str, str], mode: TierMode = TierMode.RETROACTIVE) -> Tiered:
    return Tiered(tier_mode=mode, tiers=tuple(Tier(threshold=Decimal(low), rate=Decimal(rate)) for low, rate in steps))


WATSONS = tiers(("82800000", "0.0025"))
THREE = (("1000000", "0.01"), ("2000000", "0.02"), ("3000000", "0.03"))
RETROACTIVE, MARGINAL = tiers(*THREE), tiers(*THREE, mode=TierMode.MARGINAL)
RT_MART = PerStorePeriod(amount=Decimal(830), period=Period.MONTH)

GOLDEN = [
    # Digest 2.1: Watsons 1.47 % of purchases for central receiving; RT-Mart 9 % on invoice.
    (PercentOfPurchases(rate=Decimal("0.0147")), "1000000.00", 0, YEAR, "14700.00"),
    (PercentOfPurchases(rate=Decimal("0.09")), "8050.05", 0, JANUARY, "724.50"),
    (PercentOfPurchases(rate=Decimal("0.5")), "0.01", 0, JANUARY, "0.01"),  # Half a cent rounds up.
    (PercentOfPurchases(rate=Decimal("0.03")), "-500.00", 0, JANUARY, "0.00"),  # More returned than received.
    # Digest 2.1: Watsons' tier of 82.8 million at 0.25 %; reached at the threshold, missed one cent below.
    (WATSONS, "82800000.00", 0, YEAR, "207000.00"),
    (WATSONS, "82799999.99", 0, YEAR, "0.00"),
    # Digest 2.2: the quoted code matches nothing on an inner threshold; ours must.
    (RETROACTIVE, "999999.99", 0, YEAR, "0.00"),
    (RETROACTIVE, "1000000.00", 0, YEAR, "10000.00"),
    (RETROACTIVE, "1999999.99", 0, YEAR, "20000.00"),
    (RETROACTIVE, "2000000.00", 0, YEAR, "40000.00"),
    (RETROACTIVE, "3000000.00", 0, YEAR, "90000.00"),
    (RETROACTIVE, "5000000.00", 0, YEAR, "150000.00"),
    (MARGINAL, "1000000.00", 0, YEAR, "0.00"),
    (MARGINAL, "1000001.00", 0, YEAR, "0.01"),
    (MARGINAL, "2000000.00", 0, YEAR, "10000.00"),
    (MARGINAL, "2500000.00", 0, YEAR, "20000.00"),
    (MARGINAL, "3000000.00", 0, YEAR, "30000.00"),
    # Digest 2.1: RT-Mart's display package, 830 per store and month.
    (RT_MART, "0", 1, YEAR, "9960.00"),
    (RT_MART, "0", 59, YEAR, "587640.00"),
    (RT_MART, "0", 59, JANUARY, "48970.00"),
    (RT_MART, "0", 0, YEAR, "0.00"),
    (PerStorePeriod(amount=Decimal(500), period=Period.YEAR), "0", 10, YEAR, "5000.00"),
    (PerStorePeriod(amount=Decimal(300), period=Period.QUARTER), "0", 2, quarter_of(date(2026, 5, 5)), "600.00"),
    # Digest 2.2: stores count from the opening month.
    (RT_MART, "0", 2, Span(start=date(2026, 3, 15), end=date(2026, 12, 31)), "16600.00"),
    (
        PerStorePeriod(amount=Decimal(300), period=Period.QUARTER),
        "0",
        1,
        Span(start=date(2026, 3, 15), end=date(2026, 4, 1)),
        "200.00",
    ),
    # Digest 2.2: fixed × active days / days in the year; 184 of 365 days of 2025.
    (FixedPerPeriod(amount=Decimal(36500), period=Period.YEAR), "0", 0, YEAR, "36500.00"),
    (FixedPerPeriod(amount=Decimal(36500), period=Period.YEAR), "0", 0, SECOND_HALF, "18400.00"),
    (FixedPerPeriod(amount=Decimal(100), period=Period.MONTH), "0", 0, YEAR, "1200.00"),
    (
        FixedPerPeriod(amount=Decimal("0.15"), period=Period.MONTH),
        "0",
        0,
        Span(start=date(2026, 4, 1), end=date(2026, 4, 1)),
        "0.01",
    ),
    (FixedPerPeriod(amount=Decimal(300000), period=Period.QUARTER), "0", 0, YEAR, "1200000.00"),
]


@pytest.mark.parametrize(("calculation", "net_purchases", "stores", "span", "fee"), GOLDEN)
def test_the_golden_rows_come_out(
    calculation: Calculation, net_purchases: str, stores: int, span: Span, fee: str
) -> None:
    basis = FeeBasis(span=span, net_purchases=Decimal(net_purchases), store_count=stores)
    assert calculation.fee(basis) == Decimal(fee)


@pytest.mark.parametrize(
    ("purchases", "minimum", "maximum", "fee"),
    [
        ("1000000", "217800.00", None, "217800.00"),  # Digest 2.1: Watsons, 全年不少于 217,800.
        ("10000000", "217800.00", None, "300000.00"),
        ("0", "217800.00", None, "217800.00"),
        ("10000000", None, "250000.00", "250000.00"),
        ("8000000", "100000.00", "250000.00", "240000.00"),
    ],
)
def test_a_fee_stays_within_its_limits(purchases: str, minimum: str | None, maximum: str | None, fee: str) -> None:
    formula = replace(
        PercentOfPurchases(rate=Decimal("0.03")).formula(),
        minimum=None if minimum is None else Decimal(minimum),
        maximum=None if maximum is None else Decimal(maximum),
    )
    assert formula.amount(Decimal(purchases)) == Decimal(fee)


def test_each_method_becomes_a_driver_with_tiers() -> None:
    assert PercentOfPurchases(rate=Decimal("0.03")).formula() == Formula(
        driver=Driver.NET_PURCHASES, tiers=flat(Decimal("0.03"))
    )
    assert MARGINAL.formula().tiers.mode is TierMode.MARGINAL
    assert RT_MART.formula() == Formula(driver=Driver.STORE_PERIODS, period=Period.MONTH, tiers=flat(Decimal(830)))
    fixed = FixedPerPeriod(amount=Decimal(5), period=Period.YEAR)
    assert fixed.formula() == Formula(driver=Driver.PERIODS, period=Period.YEAR, tiers=flat(Decimal(5)))


@pytest.mark.parametrize("rate", ["0", "-0.01", "1.000001", "0.0000001", "NaN", "Infinity"])
def test_a_rate_that_is_no_fraction_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        PercentOfPurchases(rate=Decimal(rate))


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity", "1e30"])
@pytest.mark.parametrize("kind", [PerStorePeriod, FixedPerPeriod])
def test_an_amount_that_is_not_money_is_refused(amount: str, kind: type[PerStorePeriod | FixedPerPeriod]) -> None:
    with pytest.raises(ValueError, match="amount"):
        kind(amount=Decimal(amount), period=Period.MONTH)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "at least one tier"),
        ([("5", "0.1"), ("5", "0.2")], "rise strictly"),
        ([("5", "0.1"), ("4", "0.2")], "rise strictly"),
        ([("0.001", "0.1")], "cents"),
        ([("5", "1.1")], "fraction"),
        ([(str(low), "0.1") for low in range(51)], "at most 50"),
    ],
)
def test_tiers_that_make_no_sense_are_refused(steps: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiers(*steps)


def test_a_forecast_adds_up_its_cycles() -> None:
    monthly = tiers(("1000000", "0.02"))
    year = FeeBasis(span=YEAR, net_purchases=Decimal(12_000_000))
    assert monthly.formula().forecast(year, Period.MONTH) == Decimal(240_000)  # Reached exactly in each month.
    short = replace(year, net_purchases=Decimal("11999999.99"))
    assert monthly.formula().forecast(short, Period.MONTH) == Decimal(220_000)  # Missed by a cent in one month.
    assert RT_MART.formula().forecast(FeeBasis(span=YEAR, store_count=59), Period.QUARTER) == Decimal(587_640)


def test_half_a_year_guarantees_half_the_minimum() -> None:
    formula = replace(PercentOfPurchases(rate=Decimal("0.03")).formula(), minimum=Decimal(36_500))
    assert formula.forecast(FeeBasis(span=SECOND_HALF), Period.YEAR) == Decimal(18_400)


def test_a_driver_of_periods_needs_one() -> None:
    with pytest.raises(AssertionError):
        Formula(driver=Driver.PERIODS, tiers=flat(Decimal(1))).quantity(FeeBasis(span=YEAR))


# Laws.

cents = st.integers(min_value=-(10**9), max_value=10**12).map(lambda number: Decimal(number) / 100)
money = st.integers(min_value=1, max_value=10**10).map(lambda number: Decimal(number) / 100)
rates = st.integers(min_value=1, max_value=10**6).map(lambda number: Decimal(number) / 10**6)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2050, 12, 31))
spans = st.builds(
    lambda start, length: Span(start=start, end=start + timedelta(days=length)), days, st.integers(0, 800)
)
periods = st.sampled_from(Period)
modes = st.sampled_from(TierMode)


@st.composite
def tiered(draw: st.DrawFn) -> Tiered:
    """Tiers whose rates rise with their thresholds."""
    count = draw(st.integers(1, 6))
    thresholds = sorted(draw(st.lists(money, min_size=count, max_size=count, unique=True)))
    rising = sorted(draw(st.lists(rates, min_size=count, max_size=count)))
    steps = tuple(Tier(threshold=low, rate=rate) for low, rate in zip(thresholds, rising, strict=True))
    return Tiered(tier_mode=draw(modes), tiers=steps)


calculations = st.one_of(
    st.builds(PercentOfPurchases, rate=rates),
    tiered(),
    st.builds(PerStorePeriod, amount=money, period=periods),
    st.builds(FixedPerPeriod, amount=money, period=periods),
)
bases = st.builds(FeeBasis, span=spans, net_purchases=cents, store_count=st.integers(0, 5000))


@given(calculations, bases)
def test_a_fee_is_never_negative_and_always_in_cents(calculation: Calculation, basis: FeeBasis) -> None:
    fee = calculation.fee(basis)
    assert fee >= 0
    assert fee.as_tuple().exponent == -2


@given(calculations, bases, money)
def test_more_purchases_never_cost_less(calculation: Calculation, basis: FeeBasis, more: Decimal) -> None:
    assert calculation.fee(replace(basis, net_purchases=basis.net_purchases + more)) >= calculation.fee(basis)


@given(tiered(), cents)
def test_marginal_never_costs_more_than_retroactive(kind: Tiered, purchases: Decimal) -> None:
    basis = FeeBasis(span=JANUARY, net_purchases=purchases)
    assert replace(kind, tier_mode=TierMode.MARGINAL).fee(basis) <= replace(kind, tier_mode=TierMode.RETROACTIVE).fee(
        basis
    )


@given(tiered(), st.data())
def test_a_tier_is_reached_at_its_threshold_and_not_a_cent_before(kind: Tiered, data: st.DataObject) -> None:
    retroactive = replace(kind, tier_mode=TierMode.RETROACTIVE)
    at = data.draw(st.integers(0, len(kind.tiers) - 1))
    tier = kind.tiers[at]
    before = kind.tiers[at - 1].rate if at else ZERO
    reached = FeeBasis(span=JANUARY, net_purchases=tier.threshold)
    missed = FeeBasis(span=JANUARY, net_purchases=tier.threshold - Decimal("0.01"))
    assert abs(retroactive.fee(reached) - tier.threshold * tier.rate) <= Decimal("0.005")
    assert abs(retroactive.fee(missed) - missed.net_purchases * before) <= Decimal("0.005")


@given(calculations, bases, money, money)
def test_limits_hold(calculation: Calculation, basis: FeeBasis, one: Decimal, other: Decimal) -> None:
    formula = replace(calculation.formula(), minimum=min(one, other), maximum=max(one, other))
    assert min(one, other) <= formula.amount(formula.quantity(basis)) <= max(one, other)


@given(spans, periods)
def test_the_parts_of_a_span_are_that_span(span: Span, period: Period) -> None:
    parts = list(period.parts(span))
    assert parts[0][0].start == span.start
    assert parts[-1][0].end == span.end
    assert sum(part.days for part, _ in parts) == span.days
    assert all(0 < fraction <= 1 for _, fraction in parts)


@given(days, periods)
def test_a_whole_period_is_one_and_a_year_is_whole(day: date, period: Period) -> None:
    assert period.by_days(period.around(day)) == period.by_months(period.around(day)) == 1
    whole_year = {Period.MONTH: 12, Period.QUARTER: 4, Period.YEAR: 1}[period]
    assert period.by_days(year_of(day)) == period.by_months(year_of(day)) == whole_year
