"""One JSON for the whole house: decimals as strings, times in UTC with milliseconds; strict on the way in."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

DEPTH_MAX = 64
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


class JsonNumber(Decimal):
    """A number that stood in JSON with a point or an exponent; fields of money do not take it."""


class Unreadable(Exception):
    """The text is not JSON that we accept: 400. The message says what is wrong with it."""


def encode(value: Any) -> bytes:
    """Return ``value`` as JSON: dataclasses, rows, UUIDs, dates, decimals and aware datetimes included."""
    return orjson.dumps(value, default=_default, option=_OPTIONS)


def _default(value: object) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")  # Never 0E-10.
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):  # asyncpg's own subclass, which orjson does not take
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} has no JSON form")


def decode(text: bytes) -> Any:
    """Return what ``text`` says; numbers with a point become decimals.

    Raises:
        Unreadable: not JSON, not UTF-8, NaN or infinity, a key given twice, a NUL or half a surrogate pair in a text,
            an exponent or integer beyond 40 digits, or more than 64 levels.
    """
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_number,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The body is not JSON: {error}.") from error
    if b"\\u" in text:
        _check_escapes(text)
    if _brackets_deep(text) > DEPTH_MAX and any(level > DEPTH_MAX for level, _ in _walk(value, 1)):
        raise Unreadable(f"The body has more than {DEPTH_MAX} levels.")
    return value


def _check_escapes(text: bytes) -> None:
    """Refuse texts that PostgreSQL could not store; only an escape can bring them into JSON that is UTF-8."""
    try:
        orjson.loads(text)  # Knows halves of surrogate pairs, at C's speed.
    except orjson.JSONDecodeError as error:
        raise Unreadable("A text holds half a surrogate pair.") from error
    if _NUL.search(text):
        raise Unreadable("A text holds a NUL.")


def _brackets_deep(text: bytes) -> int:
    """Return how deep brackets go; those inside of texts count as well, so it is an upper bound."""
    level = deepest = 0
    for bracket in text.translate(None, _NO_BRACKETS):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("A key stands twice in one object.")
    return found


def _constant(name: str) -> None:
    raise Unreadable(f"{name} is not a number.")


def _number(text: str) -> JsonNumber:
    number = JsonNumber(text)
    if len(text) > 40 or abs(number.adjusted()) > 40:  # noqa: PLR2004 - as said in decode
        raise Unreadable("A number has too many digits.")
    return number


def _integer(text: str) -> int:
    if len(text) > 40:  # noqa: PLR2004 - as said in decode
        raise Unreadable("A number has too many digits.")
    return int(text)


def _walk(value: Any, level: int) -> Iterator[tuple[int, Any]]:
    """Yield every part of ``value`` with its level, without recursion."""
    stack = [(level, value)]
    while stack:
        level, part = stack.pop()
        yield level, part
        if isinstance(part, dict):
            stack.extend((level + 1, each) for each in part.values())
            stack.extend((level, key) for key in part)
        elif isinstance(part, list):
            stack.extend((level + 1, each) for each in part)
