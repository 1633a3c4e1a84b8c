"""What the demo sets and the data do not say: dates, rates, fees, shares of what goes wrong."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

DATA: Final = Path(__file__).parent / "data"

WEEK_40: Final = date(2024, 6, 13)
"""First day of the source's week 40: 1990-06-14 (1989-09-14 is week 1) plus 1,774 weeks."""

CURRENCY: Final = "USD"
TAX_RATE: Final = Decimal("0.13")
"""Goods rate of the digest (section 4); charged on every invoice line."""
SERVICE_TAX_RATE: Final = Decimal("0.06")
"""Rate of the retailer's service invoices (digest, section 4)."""

ITEMS: Final[dict[int, tuple[str, str, int]]] = {
    1: ("Tropicana Premium 64 oz", "Tropicana Premium", 64),
    2: ("Tropicana Premium 96 oz", "Tropicana Premium", 96),
    3: ("Florida's Natural 64 oz", "Florida's Natural", 64),
    4: ("Tropicana 64 oz", "Tropicana", 64),
    5: ("Minute Maid 64 oz", "Minute Maid", 64),
    6: ("Minute Maid 96 oz", "Minute Maid", 96),
    7: ("Citrus Hill 64 oz", "Citrus Hill", 64),
    8: ("Tree Fresh 64 oz", "Tree Fresh", 64),
    9: ("Florida Gold 64 oz", "Florida Gold", 64),
    10: ("Dominicks 64 oz", "Dominicks", 64),
    11: ("Dominicks 128 oz", "Dominicks", 128),
}
"""Name, brand and package size in ounces, from the data's brand table."""

PRIVATE_LABEL: Final = frozenset({10, 11})

FEATURED_SHARE: Final = Decimal("0.5")
"""An item-week is featured when at least this share of its stores has feat above 0."""
FLYER_SHARE: Final = Decimal("0.5")
"""The flyer shows the item when at least this share of the item's packs (feat) is in it."""
PRICE_TOLERANCE: Final = Decimal("0.0050")
"""A shelf price this much above the agreed one still counts: the default of store-ops."""

DM_FEE: Final = Decimal("1180.00")
"""Per item and flyer slot: 20.00 for each of 59 stores. Chosen for the demo."""
ENDCAP_FEE: Final = Decimal("8.00")
"""Per end cap and store. Chosen for the demo."""
SCAN_SHARE: Final = Decimal("0.05")
"""Share of the agreed price that is paid per pack sold, rounded half up to 0.0001. Chosen for the demo."""
FORECAST_UPLIFT: Final = 3
"""Forecast: packs of the week before (or of the first week where there is none) times this, per promotion week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Generated anomalies, each a share of what it could befall."""

    missed_visit: float = 0.02
    no_photo: float = 0.01
    late_photo: float = 0.01
    late_audit: float = 0.015
    sent_twice: float = 0.02
    corrected: float = 0.01
    returned_line: float = 0.002
    over_claimed: float = 0.06
    duplicate: float = 0.04
    not_agreed: float = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of the data a run takes."""

    name: str
    first_week: int
    last_week: int
    store_count: int
    amended_on: date
    """First day of the contract's second version."""
    until: date
    """The story ends on this day."""
    tier_thresholds: tuple[Decimal, ...]
    held_back: dict[int, Decimal]
    """Share of the invoice of a week that the retailer never pays."""
    shares: Shares

    @property
    def contract_from(self) -> date:
        """First day of the contract."""
        return first_day(self.first_week).replace(day=1)

    @property
    def guarantee(self) -> Decimal:
        """The year's guaranteed minimum of the target rebate: 217,800.00 for 59 stores, in proportion for fewer."""
        return (Decimal("217800.00") * self.store_count / 59).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def years(self) -> list[date]:
        """The last days of the story's chapters: each year's end, then the end of the story."""
        ends = [date(year, 12, 31) for year in range(first_day(self.first_week).year, self.until.year)]
        return [*ends, self.until]


FULL: Final = Size(
    name="full",
    first_week=40,
    last_week=160,
    store_count=59,
    amended_on=date(2026, 1, 1),
    until=date(2026, 10, 31),
    tier_thresholds=(Decimal("2000000.00"), Decimal("5000000.00"), Decimal("8000000.00")),
    held_back={75: Decimal("0.25"), 126: Decimal(1), 141: Decimal("0.5"), 147: Decimal(1), 151: Decimal("0.1")},
    shares=Shares(),
)
QUICK: Final = Size(
    name="quick",
    first_week=64,
    last_week=83,
    store_count=12,
    amended_on=date(2025, 1, 1),
    until=date(2025, 5, 31),
    tier_thresholds=(Decimal("30000.00"), Decimal("90000.00"), Decimal("900000.00")),
    held_back={68: Decimal("0.25"), 73: Decimal(1), 79: Decimal("0.1")},
    shares=Shares(over_claimed=0.08, duplicate=0.06, not_agreed=0.1),
)
SIZES: Final = {size.name: size for size in (FULL, QUICK)}
SEED: Final = 160_059
"""Seed of everything that is generated."""

NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:gondola:demo")


@cache
def demo_id(kind: str, *parts: object) -> UUID:
    """Return the stable id of a thing in the demo: a step that is run again finds it."""
    return uuid5(NAMESPACE, "/".join([kind, *(str(part) for part in parts)]))


def first_day(week: int) -> date:
    """Return the (shifted) first day, a Thursday, of the source's ``week``."""
    return WEEK_40 + timedelta(weeks=week - 40)


def last_day(week: int) -> date:
    """Return the (shifted) last day, a Wednesday, of the source's ``week``."""
    return first_day(week) + timedelta(days=6)
