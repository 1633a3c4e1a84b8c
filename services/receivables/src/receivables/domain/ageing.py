"""Ageing 账龄: how long past due open invoices are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Upper ends of the buckets in days past due, rising; what is later than the last is a bucket of its own.

    The default is that of domain digest 4 [INF]: 1-30, 31-60, 61-90, 91-180, 181-365, >365.
    """

    upper_days: tuple[int, ...] = (30, 60, 90, 180, 365)

    def __post_init__(self) -> None:
        pairs = zip((0, *self.upper_days), self.upper_days, strict=False)
        if not self.upper_days or any(low >= high for low, high in pairs):
            raise ValueError("the upper ends of the buckets must rise from above zero")

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of all buckets, in order: not_due, 1-30, …, >365."""
        lows = (0, *self.upper_days)
        ranges = tuple(f"{low + 1}-{high}" for low, high in zip(lows, self.upper_days, strict=False))
        return (NOT_DUE, *ranges, f">{self.upper_days[-1]}")

    def label(self, days_past_due: int) -> str:
        """Return the bucket of an amount that is ``days_past_due`` (zero or less: not due)."""
        if days_past_due <= 0:
            return NOT_DUE
        reached = sum(1 for upper in self.upper_days if days_past_due > upper)
        return self.labels[reached + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLimits:
    """When a credit hold 信用冻结 is advised; the sources say nothing on limits, so it is configuration [INF]."""

    overdue_days: int

    def is_advised(self, oldest_due_on: date | None, as_of: date) -> bool:
        """Say whether the oldest open invoice is more than ``overdue_days`` past due."""
        return oldest_due_on is not None and (as_of - oldest_due_on).days > self.overdue_days


def bucket_bounds(buckets: Buckets) -> Sequence[int]:
    """Return the bounds as PostgreSQL's ``width_bucket(days, bounds)`` takes them: bucket i is ``labels[i]``."""
    return [1, *(upper + 1 for upper in buckets.upper_days)]
