"""Sell-out 终端销量 as retailers send it: each CSV line is accepted, or refused with field and reason."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Final
from uuid import UUID

from shared.kernel.errors import RuleBroken

REQUIRED: Final = ("store_code", "sku", "week_starts_on", "quantity")
FLAGS: Final = ("price_off_flag", "dm_flag", "display_flag")
OPTIONAL: Final = ("retail_amount", *FLAGS)
QUANTITY: Final = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,4})?").fullmatch
AMOUNT: Final = re.compile(r"(?:-?[0-9]{1,16}(?:\.[0-9]{1,2})?)?").fullmatch
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
NULL: Final = "\\N"
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
    _pick: Callable[[list[str]], tuple[str, ...]] | None = None
    _width: int = 0
    _line: int = 0
    _weeks: set[str] = field(default_factory=set)
    _flags: dict[tuple[str, str, str], str] = field(default_factory=dict)
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
        if self._pick is None and lines:
            self._pick = self._read_header(lines[0])
            rest = lines[1:]
        for line in rest:
            self._line += 1
            text = line.rstrip("\r")
            if not text:
                continue
            self.received += 1
            try:
                yield self._row(text)
            except _Refused as why:
                self.refuse(Refusal(line=self._line, field=why.field, reason=why.reason, value=why.value))

    def refuse(self, refusal: Refusal) -> None:
        """Count a refused line and keep it as long as there is room."""
        self.refused += 1
        if len(self.refusals) < self.refusals_max:
            self.refusals.append(refusal)

    def _read_header(self, text: str) -> Callable[[list[str]], tuple[str, ...]]:
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
        self._width = len(names)
        return itemgetter(*(names.index(name) if name in names else -1 for name in (*REQUIRED, *OPTIONAL)))

    def _row(self, text: str) -> str:
        """Return a line's COPY text; this runs for each of millions of lines, so that it asks the usual case first."""
        cells = _split(text) if '"' in text else text.split(",")
        if len(cells) != self._width:
            raise _Refused("row", "wrong_number_of_fields", str(len(cells)))
        if " " in text or "\t" in text:
            cells = [cell.strip() for cell in cells]
        cells.append("")  # What a column is that the file does not have.
        assert self._pick is not None
        store_code, sku, week, quantity, amount, price_off, dm, display = self._pick(cells)
        store, product = self._stores.get(store_code), self._products.get(sku)
        if store is None:
            raise _Refused("store_code", "unknown_store", store_code)
        if product is None:
            raise _Refused("sku", "unknown_sku", sku)
        if week not in self._weeks:
            self._weeks.add(_week(week))
        if not QUANTITY(quantity):
            raise _Refused("quantity", "not_a_quantity_of_four_decimals", quantity)
        if not AMOUNT(amount):
            raise _Refused("retail_amount", "not_an_amount_of_two_decimals", amount)
        given = (price_off, dm, display)
        flags = self._flags.get(given) or self._flags.setdefault(given, _flags(given))
        return f"{self._line}\t{store}\t{product}\t{week}\t{quantity}\t{amount or NULL}\t{flags}\n"


def _week(text: str) -> str:
    try:
        date.fromisoformat(text if DAY(text) else "")
    except ValueError as error:
        raise _Refused("week_starts_on", "not_a_date", text) from error
    return text


def _flags(texts: tuple[str, str, str]) -> str:
    found = []
    for name, text in zip(FLAGS, texts, strict=True):
        flag = BOOLEANS.get(text.lower())
        if flag is None:
            raise _Refused(name, "not_a_flag_0_or_1", text)
        found.append(flag)
    return "\t".join(found)


def shortened(value: str) -> str:
    """Return a refused value as it is reported: at most 100 characters, without NUL."""
    return value[:VALUE_LENGTH_MAX].replace("\x00", "")


def _split(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise _Refused("row", "unreadable_quotes", text) from error
