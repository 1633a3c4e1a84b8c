"""Tiers are reached at their threshold; spans include both ends; ids carry no more than they say."""

from datetime import date
from decimal import Decimal
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.ids import uuid7
from shared.kernel.periods import Span, month_of, quarter_of, year_of
from shared.kernel.tiers import Tier, TierMode, Tiers, flat

STEPS = (
    Tier(threshold=Decimal(100), rate=Decimal("0.01")),
    Tier(threshold=Decimal(200), rate=Decimal("0.02")),
    Tier(threshold=Decimal(300), rate=Decimal("0.04")),
)


@pytest.mark.parametrize(
    ("quantity", "retroactive", "marginal"),
    [
        ("-5", "0.00", "0.00"),
        ("99.99", "0.00", "0.00"),
        ("100", "1.00", "0.00"),
        ("199.99", "2.00", "1.00"),
        ("200", "4.00", "1.00"),
        ("300", "12.00", "3.00"),
        ("400", "16.00", "7.00"),
    ],
)
def test_a_tier_is_reached_at_its_threshold(quantity: str, retroactive: str, marginal: str) -> None:
    assert str(Tiers(steps=STEPS).amount(Decimal(quantity))) == retroactive
    assert str(Tiers(steps=STEPS, mode=TierMode.MARGINAL).amount(Decimal(quantity))) == marginal


@given(st.decimals(min_value=0, max_value=10**9, places=4))
def test_retroactive_is_never_below_marginal_when_rates_rise(quantity: Decimal) -> None:
    assert Tiers(steps=STEPS).amount(quantity) >= Tiers(steps=STEPS, mode=TierMode.MARGINAL).amount(quantity)


def test_a_flat_rate_is_one_tier_from_zero() -> None:
    assert flat(Decimal("0.0147")).amount(Decimal(1000)) == Decimal("14.70")


@pytest.mark.parametrize("thresholds", [(), ("1", "1"), ("2", "1")])
def test_thresholds_must_rise(thresholds: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="tier"):
        Tiers(steps=tuple(Tier(threshold=Decimal(each), rate=Decimal(0)) for each in thresholds))


@pytest.mark.parametrize(("threshold", "rate"), [("-1", "0"), ("0", "-1"), ("NaN", "0"), ("0", "Infinity")])
def test_a_tier_takes_no_nonsense(threshold: str, rate: str) -> None:
    with pytest.raises(ValueError, match="must be zero or above"):
        Tier(threshold=Decimal(threshold), rate=Decimal(rate))


def test_spans_include_both_ends() -> None:
    span = Span(start=date(2024, 1, 31), end=date(2024, 3, 1))
    assert span.days == 31
    assert date(2024, 1, 31) in span
    assert date(2024, 3, 1) in span
    assert date(2024, 3, 2) not in span
    assert [month.start for month in span.months()] == [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]
    assert span.overlaps(Span(start=date(2024, 3, 1), end=date(2024, 3, 1)))
    assert span.intersection(month_of(date(2024, 2, 29))) == Span(start=date(2024, 2, 1), end=date(2024, 2, 29))
    assert span.intersection(Span(start=date(2025, 1, 1), end=date(2025, 1, 1))) is None
    with pytest.raises(ValueError, match="is before start"):
        Span(start=date(2024, 1, 2), end=date(2024, 1, 1))


def test_quarters_and_years() -> None:
    assert quarter_of(date(2024, 5, 5)) == Span(start=date(2024, 4, 1), end=date(2024, 6, 30))
    assert year_of(date(2024, 5, 5)).days == 366


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_ids_are_version_7_and_sort_by_time(milliseconds: int, entropy: bytes) -> None:
    made = uuid7(milliseconds, entropy)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == milliseconds
    if milliseconds:
        assert uuid7(milliseconds - 1, b"\xff" * 10) < made


@pytest.mark.parametrize(("milliseconds", "entropy"), [(-1, b"0" * 10), (2**48, b"0" * 10), (0, b"0" * 9)])
def test_an_id_needs_its_48_bits_and_ten_bytes(milliseconds: int, entropy: bytes) -> None:
    with pytest.raises(ValueError, match="uuid7"):
        uuid7(milliseconds, entropy)
