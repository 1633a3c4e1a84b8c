"""The independent computation: every printed total straight from the data files and plan.json, in whole cents.

It shares no code with the services, with `shared` or with the rest of the demo: rows are summed by SQLite
(oracle.sql), the rest is integer arithmetic below, rounding included.
"""

import csv
import gzip
import sqlite3
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TACTICS = ("price", "dm", "endcap")
DAY = timedelta(days=1)

Plan = dict[str, Any]


def half_up(value: Fraction) -> int:
    """Return the whole number nearest to ``value``; a half goes away from zero."""
    sign = -1 if value < 0 else 1
    return sign * int((2 * abs(value.numerator) + value.denominator) // (2 * value.denominator))


def scaled(text: str, places: int) -> int:
    """Return the decimal ``text`` times ``10 ** places``, which has to be a whole number."""
    value = Decimal(text).scaleb(places)
    whole = int(value)
    assert value == whole, f"{text} has more than {places} decimals"
    return whole


def cents(text: str) -> int:
    """Return an amount in cents."""
    return scaled(text, 2)


def shown(amount: int, places: int = 2) -> str:
    """Return ``amount`` (in ``10 ** -places``) as a decimal string."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**places)
    return f"{sign}{whole}.{part:0{places}d}"


def open_data(plan: Plan, data: Path = HERE / "data") -> sqlite3.Connection:
    """Load the data files and the plan's published choices into SQLite and compute the tables of oracle.sql."""
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    before, after = (HERE / "oracle.sql").read_text(encoding="utf-8").split("CREATE VIEW sale AS", 1)
    database.executescript(before)
    database.executemany("INSERT INTO item VALUES (?, ?)", [(int(item), size) for item, size in plan["items"].items()])
    database.executemany("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _source_rows(plan, data))
    database.executemany("INSERT INTO visit VALUES (?, ?, ?)", plan["visits"])
    returned = [(store, item, week, scaled(quantity, 4)) for store, item, week, quantity in plan["returns"]]
    database.executemany("INSERT INTO returned VALUES (?, ?, ?, ?)", returned)
    settings = plan["settings"]
    values = (
        scaled(settings["flyer_share"], 8),
        scaled(settings["featured_share"], 2),
        scaled(settings["price_tolerance"], 4),
        cents(settings["dm_fee"]),
        cents(settings["endcap_fee"]),
        scaled(settings["scan_share"], 2),
        settings["forecast_uplift"],
        scaled(settings["tax_rate"], 2),
    )
    database.execute("INSERT INTO setting VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.executescript("CREATE VIEW sale AS" + after)
    return database


def _source_rows(plan: Plan, data: Path) -> Iterator[tuple[int, ...]]:
    stores, weeks = set(plan["stores"]), range(plan["first_week"], plan["last_week"] + 1)
    with gzip.open(data / "orange_juice_59_stores.csv.gz", "rt", encoding="ascii", newline="") as lines:
        for line in csv.DictReader(lines):
            store, week = int(line["store"]), int(line["week"])
            if store in stores and week in weeks:
                price8, feat8 = scaled(line["price_per_ounce"], 8), scaled(line["feat"], 8)
                margin4 = scaled(line["gross_margin_percent"], 4)
                yield store, int(line["brand"]), week, int(line["ounces"]), price8, int(line["deal"]), feat8, margin4


# Purchases


@dataclass(frozen=True, slots=True)
class Purchases:
    """Receipts minus returns in cents without tax, by the day of the receipt."""

    by_day: dict[date, int]

    def between(self, first: date, last: date) -> int:
        """Return the net purchases of the days from ``first`` to ``last``, both included."""
        return sum(amount for day, amount in self.by_day.items() if first <= day <= last)


def purchases(database: sqlite3.Connection, plan: Plan) -> Purchases:
    """Return what was delivered and returned."""
    by_day: dict[date, int] = defaultdict(int)
    for week, net in database.execute("SELECT week, SUM(net_cents) FROM line GROUP BY week"):
        by_day[week_starts(plan, week)] += net
    for week, net in database.execute("SELECT week, SUM(net_cents) FROM return_line GROUP BY week"):
        by_day[week_starts(plan, week) + DAY * plan["return_after_days"]] -= net
    return Purchases(dict(by_day))


def week_starts(plan: Plan, week: int) -> date:
    """Return the shifted first day of a source week."""
    return date.fromisoformat(plan["week_40"]) + timedelta(weeks=week - 40)


# Contract fees


@dataclass(frozen=True, slots=True)
class Accrual:
    """What is owed for one term version and cycle, or for one promotion fee; cents."""

    reference: str
    version: int
    fee_kind: str
    excl: int
    incl: int
    starts_on: date | None = None
    """First day of the term's cycle, or of the promotion."""


def fee_tax_rate(plan: Plan, fee_kind: str) -> Fraction:
    """Return the tax rate of a fee kind: the goods' rate if it lowers the price of goods, else the service rate."""
    tax = plan["fee_tax"]
    return Fraction(tax["goods"] if fee_kind in tax["goods_kinds"] else tax["service"])


def with_tax(amount: int, rate: Fraction) -> int:
    """Return ``amount`` (cents without tax) with tax."""
    return half_up(amount * (1 + rate))


def without_tax(amount: int, rate: Fraction) -> int:
    """Return ``amount`` (cents with tax) without tax."""
    return half_up(amount / (1 + rate))


def tiered(term: Plan, quantity: Fraction) -> int:
    """Return the whole quantity (cents) times the rate of the highest threshold reached."""
    rate = Fraction(0)
    for tier in term["tiers"]:
        if quantity >= cents(tier["threshold"]):
            rate = Fraction(tier["rate"])
    return half_up(quantity * rate)


def term_amount(plan: Plan, term: Plan, bought: Purchases, cycle: tuple[date, date], taken: tuple[date, date]) -> int:
    """Return one term's fee without tax for the days ``taken`` of a ``cycle``, in cents."""
    match term["method"]:
        case "pct":
            amount = half_up(max(bought.between(*taken), 0) * Fraction(term["rate"]))
        case "tiered":
            amount = tiered(term, Fraction(bought.between(*taken)))
        case "per_store_period":
            months = months_between(*taken)
            amount = half_up(cents(term["amount"]) * len(plan["stores"]) * Fraction(months))
        case "fixed":
            amount = half_up(cents(term["amount"]) * months_by_days(*taken))
        case method:
            raise ValueError(method)
    if term.get("minimum"):
        elapsed = Fraction((taken[1] - taken[0]).days + 1, (cycle[1] - cycle[0]).days + 1)
        amount = max(amount, half_up(cents(term["minimum"]) * elapsed))
    return amount


def months_between(first: date, last: date) -> int:
    """Return how many calendar months the days touch."""
    return (last.year - first.year) * 12 + last.month - first.month + 1


def months_by_days(first: date, last: date) -> Fraction:
    """Return the months of the span, a part of a month by its days."""
    total = Fraction(0)
    day = first
    while day <= last:
        end = month_end(day)
        total += Fraction((min(end, last) - day).days + 1, end.day)
        day = end + DAY
    return total


def month_end(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def cycle_of(day: date, length: str) -> tuple[date, date, str]:
    """Return first day, last day and label of the calendar month, quarter or year of ``day``."""
    months = {"month": 1, "quarter": 3, "year": 12}[length]
    first_month = (day.month - 1) // months * months + 1
    first = date(day.year, first_month, 1)
    label = {"month": f"{first:%Y-%m}", "quarter": f"{day.year}-Q{(first_month + 2) // 3}", "year": str(day.year)}[
        length
    ]
    return first, month_end(date(day.year, first_month + months - 1, 1)), label


def contract_accruals(plan: Plan, bought: Purchases, as_of: date) -> list[Accrual]:
    """Return what every term version has earned in every cycle up to ``as_of``."""
    contract, found = plan["contract"], []
    versions = contract["versions"]
    for index, version in enumerate(versions):
        start = date.fromisoformat(version["valid_from"])
        end = date.fromisoformat(contract["valid_to"])
        if index + 1 < len(versions):
            end = date.fromisoformat(versions[index + 1]["valid_from"]) - DAY
        for term in version["terms"]:
            day = start
            while day <= min(end, as_of):
                first, last, label = cycle_of(day, term["cycle"])
                taken = (max(first, start), min(last, end, as_of))
                excl = term_amount(plan, term, bought, (first, last), taken)
                incl = with_tax(excl, fee_tax_rate(plan, term["fee_kind"]))
                reference = f"{contract['number']}/{term['code']}/{label}"
                found.append(Accrual(reference, version["number"], term["fee_kind"], excl, incl, first))
                day = last + DAY
    return found


# Promotions


def promotion_number(item: int, first_week: int) -> str:
    """Return the number under which the demo runs a promotion."""
    return f"P-{item:02d}-{first_week:03d}"


def promotions(database: sqlite3.Connection, plan: Plan) -> dict[str, dict[str, Any]]:
    """Return per promotion number its weeks, stores, agreed price and per tactic planned, verified and earned."""
    found = {}
    for row in database.execute("SELECT * FROM promotion ORDER BY run"):
        number = promotion_number(row["item"], row["first_week"])
        found[number] = {
            "starts_on": week_starts(plan, row["first_week"]).isoformat(),
            "ends_on": (week_starts(plan, row["last_week"]) + 6 * DAY).isoformat(),
            "stores": row["stores"],
            "agreed_price": shown(row["pack4"], 4),
            "tactics": {
                tactic: {key: row[f"{tactic}_{key}"] for key in ("planned", "count", "earned")} for tactic in TACTICS
            },
        }
    return found


def promotion_accruals(plan: Plan, found: dict[str, dict[str, Any]]) -> list[Accrual]:
    """Return what each promotion tactic has earned; promotion fees are agreed with tax in them."""
    kinds = plan["tactic_fee_kinds"]
    return [
        Accrual(
            f"{number}/{tactic}",
            0,
            kinds[tactic],
            without_tax(figures["earned"], fee_tax_rate(plan, kinds[tactic])),
            figures["earned"],
            date.fromisoformat(promotion["starts_on"]),
        )
        for number, promotion in found.items()
        for tactic, figures in promotion["tactics"].items()
    ]


def accruals(database: sqlite3.Connection, plan: Plan) -> list[Accrual]:
    """Return everything that is owed at the story's end."""
    until = date.fromisoformat(plan["until"])
    return [
        *contract_accruals(plan, purchases(database, plan), until),
        *promotion_accruals(plan, promotions(database, plan)),
    ]


def retailers_books(database: sqlite3.Connection, plan: Plan) -> dict[str, dict[str, str]]:
    """Return what the retailer may keep back: per claim reference its kind, day, earned and planned with tax.

    Cycles that are not over at the story's end are not claimed.
    """
    until = date.fromisoformat(plan["until"])
    books: dict[str, dict[str, str]] = {}
    for accrual in contract_accruals(plan, purchases(database, plan), until):
        last = cycle_end(accrual.reference.rsplit("/", 1)[1])
        if last <= until:
            before = cents(books[accrual.reference]["earned"]) if accrual.reference in books else 0
            books[accrual.reference] = _claim(accrual.fee_kind, last, before + accrual.incl, before + accrual.incl)
    for number, promotion in promotions(database, plan).items():
        for tactic, figures in promotion["tactics"].items():
            kind, ends_on = plan["tactic_fee_kinds"][tactic], date.fromisoformat(promotion["ends_on"])
            books[f"{number}/{tactic}"] = _claim(kind, ends_on, figures["earned"], figures["planned"])
    return books


def _claim(fee_kind: str, due_in: date, earned: int, planned: int) -> dict[str, str]:
    return {
        "fee_kind": fee_kind,
        "due_in": due_in.isoformat(),
        "earned": shown(earned),
        "planned": shown(planned),
    }


def cycle_end(label: str) -> date:
    """Return the last day of the cycle called 2024-03, 2024-Q1 or 2024."""
    year, _, part = label.partition("-")
    if not part:
        return date(int(year), 12, 31)
    month = 3 * int(part[1:]) if part.startswith("Q") else int(part)
    return month_end(date(int(year), month, 1))


def contract_value(plan: Plan, version: Plan, forecast: int, year: int) -> dict[str, int]:
    """Return per term what a whole year costs at forecast purchases (cents), spread evenly over the term's cycles."""
    found = {}
    for term in version["terms"]:
        count = {"month": 12, "quarter": 4, "year": 1}[term["cycle"]]
        found[term["code"]] = 0
        for place in range(count):
            share = forecast // count + (1 if place < forecast % count else 0)
            start = date(year, place * 12 // count + 1, 1)
            last = month_end(date(year, (place + 1) * 12 // count, 1))
            found[term["code"]] += term_amount(plan, term, Purchases({start: share}), (start, last), (start, last))
    return found


def forecast(plan: Plan, bought: Purchases) -> int:
    """Return a year's purchases in cents: those of the run, taken to 52 weeks."""
    return half_up(Fraction(sum(bought.by_day.values()) * 52, plan["last_week"] - plan["first_week"] + 1))


def invoiced(database: sqlite3.Connection, plan: Plan, year: int) -> int:
    """Return what was invoiced in a calendar year, without tax."""
    lines = database.execute("SELECT week, SUM(net_cents) FROM line GROUP BY week")
    return sum(net for week, net in lines if week_starts(plan, week).year == year)
