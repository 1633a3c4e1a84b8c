"""What a contract term is worth in a cycle: the formula that contracts publishes, at the cycle's quantities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from enum import StrEnum

from shared.kernel.money import round_cents
from shared.kernel.periods import ONE_DAY, Span, month_of, quarter_of, year_of
from shared.kernel.tiers import Tiers

QUANTITY_STEP = Decimal("0.0000000000000001")
"""Quantities are kept with sixteen decimals, rounded up: a thirtieth of 1,000.05 must not fall below half a cent."""


class Driver(StrEnum):
    """The quantity that a formula takes."""

    NET_PURCHASES = "net_purchases"
    """净进货额: receipts minus returns, by goods-receipt date, in the term's tax basis."""
    STORE_PERIODS = "store_periods"
    """店·期: stores that are open, times periods; a store counts from its opening month."""
    PERIODS = "periods"
    """期: periods, the running one by its days."""


class Period(StrEnum):
    """A calendar period; a cycle 结算周期 is one."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def around(self, day: date) -> Span:
        """Return the calendar period that ``day`` is in."""
        return {"month": month_of, "quarter": quarter_of, "year": year_of}[self.value](day)

    @property
    def months(self) -> int:
        """The number of months in it."""
        return {"month": 1, "quarter": 3, "year": 12}[self.value]

    def label(self, start: date) -> str:
        """Return the name of the period that starts on ``start``, as in claim references: 2024-03, 2024-Q1, 2024."""
        if self is Period.MONTH:
            return f"{start:%Y-%m}"
        if self is Period.QUARTER:
            return f"{start.year}-Q{(start.month - 1) // 3 + 1}"
        return str(start.year)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """Amount = tiers(quantity of the driver), at least ``minimum`` 保底 and at most ``maximum`` 封顶 per cycle."""

    driver: Driver
    tiers: Tiers
    period: Period | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    def __post_init__(self) -> None:
        if self.driver is not Driver.NET_PURCHASES and self.period is None:
            raise ValueError(f"a formula driven by {self.driver} needs a period")

    def amount(self, quantity: Decimal, elapsed: Decimal = Decimal(1)) -> Decimal:
        """Return the cumulative amount at ``quantity``, in cents.

        ``elapsed`` is the part of the cycle (0 to 1) that has passed: the minimum builds up by days, so that a year's
        guarantee is not accrued on the first of January [INF]. Source: domain digest 2.2.
        """
        amount = self.tiers.amount(quantity)
        if self.minimum is not None:
            amount = max(amount, round_cents(self.minimum * elapsed))
        if self.maximum is not None:
            amount = min(amount, self.maximum)
        return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle of a term: the calendar period, the days on which the version holds, and how far it is accrued."""

    whole: Span
    active: Span
    through: date
    """The last day taken in; not before ``active.start``, not after ``active.end``."""

    @property
    def taken(self) -> Span:
        """The days whose quantities are in the accrual."""
        return Span(start=self.active.start, end=self.through)

    @property
    def elapsed(self) -> Decimal:
        """The part of the whole cycle that has been taken in, 0 to 1."""
        return (Decimal(self.taken.days) / self.whole.days).quantize(QUANTITY_STEP, rounding=ROUND_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLife:
    """When a store is open; an open end is ``date.max``."""

    opened_on: date
    closed_on: date | None


def effective_spans(versions: Sequence[tuple[int, Span]], end: date) -> dict[int, Span]:
    """Return per version number the days on which it is the one that holds.

    A later version takes over on its first day; nothing holds after ``end``, the contract's own last day.
    """
    spans: dict[int, Span] = {}
    last = end
    for number, span in sorted(versions, reverse=True):
        until = min(span.end, last)
        if span.start <= until:
            spans[number] = Span(start=span.start, end=until)
            last = span.start - ONE_DAY
        else:
            last = min(last, span.start - ONE_DAY)
    return spans


def cycles_until(cycle: Period, held: Span, as_of: date) -> Iterator[Cycle]:
    """Yield the cycles that ``held`` touches up to ``as_of``."""
    day = held.start
    last = min(held.end, as_of)
    while day <= last:
        whole = cycle.around(day)
        active = whole.intersection(held)
        assert active is not None
        yield Cycle(whole=whole, active=active, through=min(active.end, as_of))
        day = whole.end + ONE_DAY


def periods_in(span: Span, period: Period) -> Decimal:
    """Return how many periods ``span`` has, a part of a period by its days: half of April is 0.5 of a month.

    Source: domain digest 2.2, ``fixed × active_days / days_in_year``.
    """
    total = Decimal(0)
    day = span.start
    while day <= span.end:
        whole = period.around(day)
        part = whole.intersection(span)
        assert part is not None
        total += Decimal(part.days) / whole.days
        day = whole.end + ONE_DAY
    return total.quantize(QUANTITY_STEP, rounding=ROUND_UP)


def whole_months_of(taken: Span, held: Span) -> Span | None:
    """Return ``taken`` without a month that an earlier version of the same term has begun, or None if nothing is left.

    A month counts whole for a store; when versions share one, it counts once, for the version that began it [INF].
    """
    month = month_of(held.start)
    if taken.start not in month or held.start == month.start:
        return taken
    return Span(start=month.end + ONE_DAY, end=taken.end) if taken.end > month.end else None


def store_periods_in(span: Span, period: Period, stores: Sequence[StoreLife]) -> Decimal:
    """Return stores times periods: each month of ``span`` counts for each store that is open on a day of it.

    Source: domain digest 2.2, "stores opened in term: from opening month" [INF].
    """
    store_months = 0
    for month in span.months():
        store_months += sum(
            1
            for store in stores
            if store.opened_on <= month.end and (store.closed_on is None or store.closed_on >= month.start)
        )
    return (Decimal(store_months) / period.months).quantize(QUANTITY_STEP, rounding=ROUND_UP)
