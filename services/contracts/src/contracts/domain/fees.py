"""How a contract's fees are calculated: one class a method of calculation, one name in ``Calculation``."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Context, Decimal
from enum import StrEnum
from typing import Literal, assert_never

from shared.kernel.money import ZERO, allocate, round_cents, round_rate
from shared.kernel.periods import ONE_DAY, Span, month_of, quarter_of, year_of
from shared.kernel.tiers import Tier, TierMode, Tiers, flat

TIERS_MAX = 50
FRACTIONS = Context(prec=28, rounding=ROUND_UP)
"""Rounded up at the last of 28 digits, so that a third times three is never less than one and no half cent is lost."""


class Driver(StrEnum):
    """The quantity that a fee grows with."""

    NET_PURCHASES = "net_purchases"
    """Receipts minus returns by goods-receipt date 净进货额, in the document's currency."""
    STORE_PERIODS = "store_periods"
    """Active stores times periods; a month that is touched counts whole 按开业当月起."""
    PERIODS = "periods"
    """Periods; one that is touched in part counts by its days."""


class Period(StrEnum):
    """A calendar period: the unit of an amount per period, and of a settlement cycle 结算周期."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def around(self, day: date) -> Span:
        """Return the period of this length that holds ``day``."""
        match self:
            case Period.MONTH:
                return month_of(day)
            case Period.QUARTER:
                return quarter_of(day)
            case Period.YEAR:
                return year_of(day)
            case _:
                assert_never(self)

    def parts(self, span: Span) -> Iterator[tuple[Span, Decimal]]:
        """Yield what ``span`` has of each period that it touches, and the fraction of that period's days.

        Source: domain digest 2.2, "fixed × active_days/days_in_year".
        """
        day = span.start
        while day <= span.end:
            whole = self.around(day)
            part = Span(start=day, end=min(whole.end, span.end))
            yield part, FRACTIONS.divide(Decimal(part.days), Decimal(whole.days))
            day = whole.end + ONE_DAY

    def by_days(self, span: Span) -> Decimal:
        """Return how many periods ``span`` covers: twelve months are 12, the first half of April is 0.5 of a month."""
        return sum((fraction for _, fraction in self.parts(span)), Decimal(0))

    def by_months(self, span: Span) -> Decimal:
        """Return how many periods ``span`` covers when each month that it touches counts whole.

        Source: domain digest 2.2, "stores opened in term: from opening month" [INF].
        """
        months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[self]
        return FRACTIONS.divide(Decimal(sum(1 for _ in span.months())), Decimal(months))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeBasis:
    """What a fee is calculated on: the figures of one settlement cycle, or of the part of it that has passed."""

    span: Span
    net_purchases: Decimal = ZERO
    """In the document's currency and the term's tax basis; below zero when more was returned than received."""
    store_count: int = 0
    """Active stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """The neutral form of every calculation: a driver, its tiers and limits.

    Events carry it, so that no consumer ever learns a method.
    """

    driver: Driver
    tiers: Tiers
    period: Period | None = None
    """Unit of the driver; none for purchases."""
    minimum: Decimal | None = None
    """Guaranteed amount per cycle 全年不少于, in the document's currency; of a part of a cycle by its days."""
    maximum: Decimal | None = None
    """Highest amount per cycle 封顶, in the document's currency."""

    def quantity(self, basis: FeeBasis) -> Decimal:
        """Return the driver's quantity in ``basis``: an amount, or a number of periods."""
        match self.driver, self.period:
            case Driver.NET_PURCHASES, None:
                return basis.net_purchases
            case Driver.STORE_PERIODS, Period() as period:
                return basis.store_count * period.by_months(basis.span)
            case Driver.PERIODS, Period() as period:
                return period.by_days(basis.span)
            case _:
                raise AssertionError(f"{self.driver} does not go with the period {self.period}")

    def amount(self, quantity: Decimal, cycle_share: Decimal = Decimal(1)) -> Decimal:
        """Return a cycle's fee for ``quantity``, rounded half up to 0.01, within the limits, never below zero.

        ``cycle_share``: the part of the cycle that is covered, by days; so much of the minimum is guaranteed [INF].
        """
        amount = self.tiers.amount(quantity)
        if self.minimum is not None:
            amount = max(amount, round_cents(self.minimum * cycle_share))
        if self.maximum is not None:
            amount = min(amount, self.maximum)
        return amount

    def forecast(self, basis: FeeBasis, cycle: Period) -> Decimal:
        """Return the fee for a longer ``basis``, cycle by cycle, its purchases spread evenly over the cycles."""
        cycles = list(cycle.parts(basis.span))
        shares = allocate(basis.net_purchases, [cycle_share for _, cycle_share in cycles])
        total = ZERO
        for (part, cycle_share), purchases in zip(cycles, shares, strict=True):
            of_cycle = FeeBasis(span=part, net_purchases=purchases, store_count=basis.store_count)
            total += self.amount(self.quantity(of_cycle), cycle_share)
        return total


class Method:
    """What all methods of calculation share; a subclass has its own fields and says its formula."""

    __slots__ = ()

    @abstractmethod
    def formula(self) -> Formula:
        """Return the neutral form, without limits: those belong to the term."""

    def fee(self, basis: FeeBasis) -> Decimal:
        """Return the fee for ``basis`` as one cycle, in its currency and tax basis, rounded half up to 0.01."""
        formula = self.formula()
        return formula.amount(formula.quantity(basis))


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentOfPurchases(Method):
    """A share of the cycle's net purchases 按进货额比例.

    Source: domain digest 2.2, "net_purchase"; invoice discount 票折, rebates by cycle 月返/季返/年返.
    """

    method: Literal["pct"] = "pct"
    """Says that it is a share of purchases."""
    rate: Decimal
    """Fraction of net purchases, above 0 and at most 1, six decimals: "0.0147" is 1.47 %."""

    def __post_init__(self) -> None:
        _check_rate("rate", self.rate)
        if not self.rate:
            raise ValueError("rate must be above 0")

    def formula(self) -> Formula:
        """Return the rate on net purchases."""
        return Formula(driver=Driver.NET_PURCHASES, tiers=flat(self.rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered(Method):
    """A rate that depends on the cycle's net purchases 阶梯返利; a tier is reached at its threshold, not above it.

    Below the first threshold nothing is due: target missed, no rebate (Order 17, Art. 6(4)).
    Source: domain digest 2.2, "Tiers"; retroactive is the usual reading.
    """

    method: Literal["tiered"] = "tiered"
    """Says that the rate depends on purchases."""
    tier_mode: TierMode = TierMode.RETROACTIVE
    """Whether the highest rate reached holds for all purchases (retroactive), or each rate for its slice (marginal)."""
    tiers: tuple[Tier, ...]
    """From 1 to 50 tiers: threshold in the document's currency, strictly rising, and rate as a fraction."""

    def __post_init__(self) -> None:
        if len(self.tiers) > TIERS_MAX:
            raise ValueError(f"at most {TIERS_MAX} tiers")
        for tier in self.tiers:
            _check_rate("rate", tier.rate)
            if tier.threshold != round_cents(tier.threshold):
                raise ValueError(f"threshold must be in cents, got {tier.threshold}")
        self.formula()

    def formula(self) -> Formula:
        """Return the tiers on net purchases.

        Raises:
            ValueError: there is no tier, or thresholds do not rise strictly.
        """
        return Formula(driver=Driver.NET_PURCHASES, tiers=Tiers(steps=self.tiers, mode=self.tier_mode))


@dataclass(frozen=True, slots=True, kw_only=True)
class PerStorePeriod(Method):
    """An amount per active store and period 元/店/月, like a display package 商品展示.

    Source: domain digest 2.1, RT-Mart 830 per store and month.
    """

    method: Literal["per_store_period"] = "per_store_period"
    """Says that it is an amount per store and period."""
    amount: Decimal
    """Amount per store and period, above 0, two decimals."""
    period: Period
    """Month, quarter or year; a month that is covered in part counts whole."""

    def __post_init__(self) -> None:
        _check_amount("amount", self.amount)

    def formula(self) -> Formula:
        """Return the amount for each store-period."""
        return Formula(driver=Driver.STORE_PERIODS, period=self.period, tiers=flat(self.amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPerPeriod(Method):
    """A fixed amount per period 固定金额, like a lump sum per year.

    Source: domain digest 2.2, "Proration: fixed × active_days/days_in_year".
    """

    method: Literal["fixed"] = "fixed"
    """Says that it is an amount per period."""
    amount: Decimal
    """Amount per period, above 0, two decimals."""
    period: Period
    """Month, quarter or year; a period that is covered in part counts by its days."""

    def __post_init__(self) -> None:
        _check_amount("amount", self.amount)

    def formula(self) -> Formula:
        """Return the amount for each period."""
        return Formula(driver=Driver.PERIODS, period=self.period, tiers=flat(self.amount))


Calculation = (
    PercentOfPurchases | Tiered | PerStorePeriod | FixedPerPeriod
)  # A new method: one class above, one name here.


def _check_rate(name: str, rate: Decimal) -> None:
    if not rate.is_finite() or not 0 <= rate <= 1 or rate != round_rate(rate):
        raise ValueError(f"{name} must be a fraction from 0 to 1 with at most six decimals, got {rate}")


def _check_amount(name: str, amount: Decimal) -> None:
    if not amount.is_finite() or amount <= 0 or amount != round_cents(amount):
        raise ValueError(f"{name} must be above 0 with at most two decimals, got {amount}")
