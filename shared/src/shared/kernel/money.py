"""Money is ``Decimal``; every rounding is a call in this module, half up, and shares of an amount add up to it."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
AMOUNT_LIMIT = Decimal("9999999999999999.99")
"""The largest amount that ``NUMERIC(18,2)`` holds."""


def round_cents(amount: Decimal) -> Decimal:
    """Return ``amount`` rounded half up (away from zero at the half) to 0.01.

    Raises:
        ValueError: the amount is not finite or does not fit ``NUMERIC(18,2)``.
    """
    return _round(amount, CENT)


def round_unit_price(price: Decimal) -> Decimal:
    """Return ``price`` rounded half up to four decimals, the precision of unit prices."""
    return _round(price, Decimal("0.0001"))


def round_rate(rate: Decimal) -> Decimal:
    """Return ``rate`` (a fraction: 0.0147 is 1.47 %) rounded half up to six decimals."""
    return _round(rate, Decimal("0.000001"))


def excluding_tax(amount_incl_tax: Decimal, tax_rate: Decimal) -> Decimal:
    """Return the amount without tax: ``incl / (1 + rate)``, in cents. 1,000.00 at 6 % is 943.40 (domain digest 2.2)."""
    return round_cents(amount_incl_tax / (1 + tax_rate))


def including_tax(amount_excl_tax: Decimal, tax_rate: Decimal) -> Decimal:
    """Return the amount with tax: ``excl × (1 + rate)``, in cents."""
    return round_cents(amount_excl_tax * (1 + tax_rate))


def allocate(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Share ``amount`` (cents) in proportion to ``weights``; the shares add up to it exactly.

    The cents that rounding down leaves over go to the largest remainders; among equal remainders to the earlier weight.

    Raises:
        ValueError: no weight, a negative weight, all weights zero, or an amount that is not in cents.
    """
    total = sum(weights, Decimal(0))
    if not weights or total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be non-negative and at least one must be above zero")
    if amount != round_cents(amount):
        raise ValueError(f"amount must be in cents, got {amount}")
    cents = int(abs(amount) / CENT)
    exact = [cents * weight / total for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in by_remainder[: cents - sum(shares)]:
        shares[index] += 1
    sign = -1 if amount < 0 else 1
    return [sign * share * CENT for share in shares]


def _round(value: Decimal, step: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) > AMOUNT_LIMIT:
        raise ValueError(f"{value} is not an amount between -{AMOUNT_LIMIT} and {AMOUNT_LIMIT}")
    rounded = value.quantize(step, rounding=ROUND_HALF_UP)
    return rounded or abs(rounded)  # There is no negative zero.
