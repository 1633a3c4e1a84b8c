"""A rate that depends on a quantity: one price, or tiers read retroactively or marginally."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from shared.kernel.money import round_cents


class TierMode(StrEnum):
    """How tiers apply: the highest rate reached to the whole quantity, or each rate to its own slice."""

    RETROACTIVE = "retroactive"
    MARGINAL = "marginal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """From ``threshold`` on (reached when the quantity is at or above it) ``rate`` holds."""

    threshold: Decimal
    """Quantity from which on the rate holds: zero or above."""
    rate: Decimal
    """What one unit of the quantity costs: a fraction where the quantity is money, else an amount."""

    def __post_init__(self) -> None:
        if not self.threshold.is_finite() or self.threshold < 0:
            raise ValueError(f"threshold must be zero or above, got {self.threshold}")
        if not self.rate.is_finite() or self.rate < 0:
            raise ValueError(f"rate must be zero or above, got {self.rate}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """Rates by quantity, thresholds strictly rising; below the first threshold the amount is zero."""

    steps: tuple[Tier, ...]
    mode: TierMode = TierMode.RETROACTIVE

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("at least one tier is needed")
        if any(low.threshold >= high.threshold for low, high in pairwise(self.steps)):
            raise ValueError("thresholds must rise strictly from tier to tier")

    def amount(self, quantity: Decimal) -> Decimal:
        """Return ``quantity`` times what its tiers say, rounded half up to 0.01; zero for a quantity below zero.

        Source: domain digest 2.2. A tier is reached at its threshold, not above it.
        """
        reached = [tier for tier in self.steps if quantity >= tier.threshold]
        if not reached or quantity <= 0:
            return round_cents(Decimal(0))
        if self.mode is TierMode.RETROACTIVE:
            return round_cents(quantity * reached[-1].rate)
        ends = [tier.threshold for tier in reached[1:]] + [quantity]
        slices = ((end - tier.threshold) * tier.rate for tier, end in zip(reached, ends, strict=True))
        return round_cents(sum(slices, Decimal(0)))


def flat(rate: Decimal) -> Tiers:
    """Return the tiers of a single rate that always holds."""
    return Tiers(steps=(Tier(threshold=Decimal(0), rate=rate),))
