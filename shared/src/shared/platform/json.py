"""One JSON for the whole house: decimals as strings, times in UTC with milliseconds; strict on the way in."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

DEPTH_MAX = 64
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


class JsonNumber(Decimal):
    """A number that stood in JSON with a point or an exponent; fields of money do not take it."""


class Unreadable(Exception):
    """The text is not JSON that we accept: 400. The message says what is wrong with it."""


def encode(value: Any) -> bytes:  # noqa: ANN401 - anything that JSON can hold
    """Return ``value`` as JSON: dataclasses, rows, UUIDs, dates, decimals and aware datetimes included."""
    return orjson.dumps(value, default=_default, option=_OPTIONS)


def _default(value: object) -> Any:  # noqa: ANN401 - orjson's protocol
    if isinstance(value, Decimal):
        return str(value)
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


def decode(text: bytes) -> Any:  # noqa: ANN401 - anything that JSON can hold
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
    if b"\\u" in text or b"\x00" in text or text.count(b"[") + text.count(b"{") > DEPTH_MAX:
        for level, part in _walk(value, 1):
            if level > DEPTH_MAX:
                raise Unreadable(f"The body has more than {DEPTH_MAX} levels.")
            if isinstance(part, str) and ("\x00" in part or any("\ud800" <= letter <= "\udfff" for letter in part)):
                raise Unreadable("A text holds a NUL or half a surrogate pair.")
    return value


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


def _walk(value: Any, level: int) -> Iterator[tuple[int, Any]]:  # noqa: ANN401 - any JSON
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
