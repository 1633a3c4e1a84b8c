"""Sell-out 终端销量 as retailers send it: each CSV line is accepted, or refused with field and reason."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from shared.kernel.errors import RuleBroken

REQUIRED: Final = ("store_code", "sku", "week_starts_on", "quantity")
FLAGS: Final = ("price_off_flag", "dm_flag", "display_flag")
OPTIONAL: Final = ("retail_amount", *FLAGS)
QUANTITY = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,4})?", re.ASCII)
AMOUNT = re.compile(r"-?[0-9]{1,16}(?:\.[0-9]{1,2})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
BOOLEANS: Final = {"": "f", "0": "f", "false": "f", "f": "f", "1": "t", "true": "t", "t": "t"}
VALUE_LENGTH_MAX = 100


class HeaderUnusable(RuleBroken):
    """The file's first line does not name the columns that are needed."""

    code = "csv_header_unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line that did not go in: the first thing that is wrong with it."""

    line: int
    field: str
    reason: str
    value: str


class _Refused(Exception):
    def __init__(self, field_name: str, reason: str, value: str) -> None:
        super().__init__(reason)
        self.field, self.reason, self.value = field_name, reason, value


@dataclass(kw_only=True)
class SellOutReader:
    """Turns CSV lines of one account into COPY text: line, store id, product id, week, quantity, amount, flags.

    Columns are found by the header, in any order. Refused lines are kept up to ``refusals_max``; all are counted.
    """

    stores: Mapping[str, UUID]
    """Stores of the account by code."""
    products: Mapping[str, UUID]
    """Products by SKU."""
    refusals_max: int
    refusals: list[Refusal] = field(default_factory=list)
    received: int = 0
    refused: int = 0
    _columns: dict[str, int] = field(default_factory=dict)
    _width: int = 0
    _line: int = 0
    _weeks: dict[str, bool] = field(default_factory=dict)
    _stores: dict[str, str] = field(default_factory=dict)
    _products: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stores = {code: str(store) for code, store in self.stores.items()}
        self._products = {sku: str(product) for sku, product in self.products.items()}

    def read(self, lines: Sequence[str]) -> Iterator[str]:
        """Yield a line of COPY text for each good line; the first line ever read is the header.

        Raises:
            HeaderUnusable: the header lacks a column or names an unknown one.
        """
        rest: Iterable[str] = lines
        if not self._columns and lines:
            self._read_header(lines[0])
            rest = lines[1:]
        for text in rest:
            self._line += 1
            stripped = text.rstrip("\r")
            if not stripped:
                continue
            self.received += 1
            try:
                yield self._row(_split(stripped) if '"' in stripped else stripped.split(","))
            except _Refused as why:
                self.refuse(Refusal(line=self._line, field=why.field, reason=why.reason, value=why.value))

    def refuse(self, refusal: Refusal) -> None:
        """Count a refused line and keep it as long as there is room."""
        self.refused += 1
        if len(self.refusals) < self.refusals_max:
            self.refusals.append(refusal)

    def _read_header(self, text: str) -> None:
        self._line = 1
        try:
            names = [name.strip().lower() for name in _split(text.removeprefix("\ufeff").rstrip("\r"))]
        except _Refused:
            names = []
        missing = [name for name in REQUIRED if name not in names]
        unknown = [name for name in names if name not in {*REQUIRED, *OPTIONAL}]
        if missing or unknown or len(set(names)) != len(names):
            wanted = f"{', '.join(REQUIRED)}, and if known {', '.join(OPTIONAL)}"
            raise HeaderUnusable(f"The first line must name each column once: {wanted}.")
        self._columns = {name: index for index, name in enumerate(names)}
        self._width = len(names)

    def _row(self, cells: list[str]) -> str:
        if len(cells) != self._width:
            raise _Refused("row", "wrong_number_of_fields", str(len(cells)))
        columns = self._columns
        store = self._stores.get(cells[columns["store_code"]].strip())
        if store is None:
            raise _Refused("store_code", "unknown_store", cells[columns["store_code"]])
        product = self._products.get(cells[columns["sku"]].strip())
        if product is None:
            raise _Refused("sku", "unknown_sku", cells[columns["sku"]])
        week = cells[columns["week_starts_on"]].strip()
        if not (self._weeks.get(week) or self._is_week(week)):
            raise _Refused("week_starts_on", "not_a_date", week)
        quantity = cells[columns["quantity"]].strip()
        if not QUANTITY.fullmatch(quantity):
            raise _Refused("quantity", "not_a_quantity_of_four_decimals", quantity)
        rest = self._rest(cells) if self._width > len(REQUIRED) else "\\N\tf\tf\tf"
        return f"{self._line}\t{store}\t{product}\t{week}\t{quantity}\t{rest}\n"

    def _rest(self, cells: list[str]) -> str:
        columns, amount, flags = self._columns, "", []
        if "retail_amount" in columns:
            amount = cells[columns["retail_amount"]].strip()
            if amount and not AMOUNT.fullmatch(amount):
                raise _Refused("retail_amount", "not_an_amount_of_two_decimals", amount)
        for name in FLAGS:
            text = cells[columns[name]].strip().lower() if name in columns else ""
            flag = BOOLEANS.get(text)
            if flag is None:
                raise _Refused(name, "not_a_flag_0_or_1", text)
            flags.append(flag)
        return "\t".join((amount or "\\N", *flags))

    def _is_week(self, text: str) -> bool:
        if not DAY.fullmatch(text):
            return False
        try:
            date.fromisoformat(text)
        except ValueError:
            return False
        self._weeks[text] = True
        return True


def shortened(value: str) -> str:
    """Return a refused value as it is reported: at most 100 characters, without NUL."""
    return value[:VALUE_LENGTH_MAX].replace("\x00", "")


def _split(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise _Refused("row", "unreadable_quotes", text) from error
