"""Reads the data files and finds in them the promotions, the agreed prices and what stood in each store."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from deploy.demo.constants import (
    DATA,
    FEATURED_SHARE,
    FLYER_SHARE,
    FORECAST_UPLIFT,
    ITEMS,
    SCAN_SHARE,
    Size,
    first_day,
    last_day,
)
from shared.kernel.money import round_cents, round_unit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One item in one store in one week; what is asked for often is computed once, by ``row_of``."""

    store: int
    item: int
    week: int
    ounces: int
    price_per_ounce: Decimal
    deal: bool
    feat: Decimal
    margin_percent: Decimal
    quantity: Decimal
    """Packs sold, four decimals."""
    pack_price: Decimal
    """Shelf price of a pack, four decimals."""
    unit_cost: Decimal
    """What the retailer pays for a pack, without tax, four decimals."""
    retail_amount: Decimal
    """What shoppers paid."""
    net_amount: Decimal
    """What the retailer is invoiced, without tax."""

    @property
    def in_flyer(self) -> bool:
        """Whether the flyer that this store gives out shows the item."""
        return self.feat >= FLYER_SHARE


def row_of(line: Mapping[str, str]) -> Row:
    """Return the row of a line of the sales file."""
    item, ounces, price = int(line["brand"]), int(line["ounces"]), Decimal(line["price_per_ounce"])
    size, margin = ITEMS[item][2], Decimal(line["gross_margin_percent"])
    quantity = round_unit_price(Decimal(ounces) / size)
    unit_cost = round_unit_price(price * size * (1 - margin / 100))
    return Row(
        store=int(line["store"]),
        item=item,
        week=int(line["week"]),
        ounces=ounces,
        price_per_ounce=price,
        deal=line["deal"] == "1",
        feat=Decimal(line["feat"]),
        margin_percent=margin,
        quantity=quantity,
        pack_price=round_unit_price(price * size),
        unit_cost=unit_cost,
        retail_amount=round_cents(ounces * price),
        net_amount=round_cents(quantity * unit_cost),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A run of weeks in which an item was featured."""

    item: int
    first_week: int
    last_week: int
    stores: tuple[int, ...]
    """Stores that sold the item in the first week."""
    agreed_price: Decimal
    regular_price: Decimal
    promo_cost: Decimal
    regular_cost: Decimal
    forecast: Decimal
    """Packs expected over the whole run."""

    @property
    def number(self) -> str:
        """The promotion's number, made of its item and first week."""
        return f"P-{self.item:02d}-{self.first_week:03d}"

    @property
    def weeks(self) -> range:
        """The weeks of the run."""
        return range(self.first_week, self.last_week + 1)

    @property
    def scan_rate(self) -> Decimal:
        """Paid per pack sold."""
        return round_unit_price(self.agreed_price * SCAN_SHARE)

    def __str__(self) -> str:
        return f"{self.number} {ITEMS[self.item][0]} {first_day(self.first_week)}..{last_day(self.last_week)}"


def read_rows(path: Path = DATA / "orange_juice_59_stores.csv.gz") -> list[Row]:
    """Return all rows of the sales file."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as lines:
        return [row_of(line) for line in csv.DictReader(lines)]


def read_store_profiles(path: Path = DATA / "orange_juice_stores.csv") -> dict[int, Mapping[str, str]]:
    """Return the demographics by store number."""
    with path.open(encoding="ascii", newline="") as lines:
        return {int(line["STORE"]): line for line in csv.DictReader(lines)}


def most_frequent(values: Iterable[Decimal]) -> Decimal:
    """Return the most frequent value, the higher one among equals."""
    return max(Counter(values).items(), key=lambda pair: (pair[1], pair[0]))[0]


class Dataset:
    """The rows of one size of run, indexed."""

    def __init__(self, rows: Iterable[Row], size: Size) -> None:
        everything = list(rows)
        self.size = size
        self.stores = sorted({row.store for row in everything})[: size.store_count]
        chosen = set(self.stores)
        self.rows = [row for row in everything if row.store in chosen and row.week in self.weeks]
        self.by_item_week: dict[tuple[int, int], list[Row]] = defaultdict(list)
        for row in self.rows:
            self.by_item_week[row.item, row.week].append(row)
        self.by_key = {(row.store, row.item, row.week): row for row in self.rows}

    @property
    def weeks(self) -> range:
        """All weeks of the run."""
        return range(self.size.first_week, self.size.last_week + 1)

    @cached_property
    def featured(self) -> frozenset[tuple[int, int]]:
        """(item, week) of every flyer feature."""
        return frozenset(
            key
            for key, rows in self.by_item_week.items()
            if Decimal(sum(row.feat > 0 for row in rows)) / len(rows) >= FEATURED_SHARE
        )

    @cached_property
    def promotions(self) -> list[Promotion]:
        """Every run of featured weeks, by first week and item."""
        starts = sorted((week, item) for item, week in self.featured if (item, week - 1) not in self.featured)
        return [self._promotion(item, week) for week, item in starts]

    def _promotion(self, item: int, first_week: int) -> Promotion:
        last_week = first_week
        while (item, last_week + 1) in self.featured:
            last_week += 1
        rows = self.by_item_week[item, first_week]
        before = self.by_item_week.get((item, first_week - 1), rows)
        weekly = sum((row.quantity for row in before), Decimal(0))
        return Promotion(
            item=item,
            first_week=first_week,
            last_week=last_week,
            stores=tuple(sorted(row.store for row in rows)),
            agreed_price=most_frequent(row.pack_price for row in rows),
            regular_price=most_frequent(row.pack_price for row in before),
            promo_cost=most_frequent(row.unit_cost for row in rows),
            regular_cost=most_frequent(row.unit_cost for row in before),
            forecast=weekly * FORECAST_UPLIFT * (last_week - first_week + 1),
        )

    def running(self, week: int) -> list[Promotion]:
        """Return the promotions that run in ``week``."""
        return [promotion for promotion in self.promotions if week in promotion.weeks]
