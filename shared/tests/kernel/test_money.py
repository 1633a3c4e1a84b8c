"""Rounding is half up, and shares add up to what was shared."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.money import allocate, excluding_tax, including_tax, round_cents, round_rate, round_unit_price

CENTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
WEIGHTS = st.lists(st.decimals(min_value=0, max_value=10**6, places=3), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("2.675", "2.68"),
        ("1.004999", "1.00"),
        ("-0.004", "0.00"),
        ("7", "7.00"),
    ],
)
def test_cents_round_half_up(value: str, rounded: str) -> None:
    assert str(round_cents(Decimal(value))) == rounded


def test_unit_prices_have_four_places_and_rates_six() -> None:
    assert str(round_unit_price(Decimal("1.23455"))) == "1.2346"
    assert str(round_rate(Decimal("0.0147"))) == "0.014700"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e17", "-1e17"])
def test_what_the_database_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        round_cents(Decimal(value))


@pytest.mark.parametrize(
    ("incl", "rate", "excl"),
    [("1000", "0.06", "943.40"), ("248000", "0.06", "233962.26"), ("113000", "0.13", "100000.00")],
)
def test_tax_is_taken_out_as_in_the_digest(incl: str, rate: str, excl: str) -> None:
    assert str(excluding_tax(Decimal(incl), Decimal(rate))) == excl
    assert abs(including_tax(Decimal(excl), Decimal(rate)) - Decimal(incl)) <= Decimal("0.01")


@given(CENTS, WEIGHTS)
def test_shares_add_up_and_differ_from_the_exact_by_less_than_a_cent(amount: Decimal, weights: list[Decimal]) -> None:
    total = sum(weights, Decimal(0))
    if total == 0:
        with pytest.raises(ValueError, match="weights"):
            allocate(amount, weights)
        return
    shares = allocate(amount, weights)
    assert sum(shares, Decimal(0)) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - amount * weight / total) < Decimal("0.0101")


@pytest.mark.parametrize(
    ("amount", "weights"), [("1.00", []), ("1.00", ["0"]), ("1.00", ["-1", "2"]), ("1.001", ["1"])]
)
def test_what_cannot_be_shared_is_refused(amount: str, weights: list[str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        allocate(Decimal(amount), [Decimal(weight) for weight in weights])


def test_left_over_cents_go_to_the_largest_remainders_then_to_the_earlier() -> None:
    assert allocate(Decimal("1.00"), [Decimal(1)] * 3) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert allocate(Decimal("-0.05"), [Decimal(1), Decimal(2)]) == [Decimal("-0.02"), Decimal("-0.03")]
