"""Lists: named filters, a stable order, an opaque cursor, and rows that go straight from PostgreSQL to JSON."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request
from starlette.responses import Response

from shared.platform.db import Connection
from shared.platform.json import encode
from shared.platform.problems import HttpProblem

LIMIT_DEFAULT = 50
LIMIT_MAX = 500
CURSOR_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How much of a list is wanted, and after which item."""

    limit: int
    after: str | None
    url: str
    """The URL that was asked for; the link to the next page is made from it."""


async def _page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items a page.")] = LIMIT_DEFAULT,
    after: Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX, description="`next` of the page before.")] = None,
) -> PageRequest:
    return PageRequest(limit, after, str(request.url))


Page = Annotated[PageRequest, Depends(_page)]


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """A bounded list: ``select`` without WHERE, a keyset ``order`` ending in a unique column, and named filters.

    A filter is SQL with ``{}`` for its value; one whose value is None is left out: each combination has its own plan.
    """

    select: str
    order: Sequence[str]
    filters: Mapping[str, str] = field(default_factory=dict)
    descending: bool = False
    group_by: str = ""
    """Columns whose rows ``select`` sums up, if it does; ``order`` has no others."""

    def sql(self, page: PageRequest, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Return the statement and its arguments; it asks for one row more than the page holds."""
        arguments: list[Any] = []
        conditions = []
        for name, value in values.items():
            if value is not None:
                arguments.append(value)
                conditions.append(self.filters[name].format(f"${len(arguments)}"))
        if page.after is not None:
            key = _open_cursor(page.after, len(self.order))
            first = len(arguments) + 1
            arguments.extend(key)
            marks = ", ".join(f"${first + index}" for index in range(len(key)))
            conditions.append(f"({', '.join(self.order)}) {'<' if self.descending else '>'} ({marks})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        group = f" GROUP BY {self.group_by}" if self.group_by else ""
        order = ", ".join(f"{column} DESC" if self.descending else column for column in self.order)
        arguments.append(page.limit + 1)
        return f"{self.select}{where}{group} ORDER BY {order} LIMIT ${len(arguments)}", arguments

    async def page(self, connection: Connection, page: PageRequest, **values: Any) -> Response:
        """Return one page: ``{"items": [...], "next": "..." | null}`` and ``Link: rel=next``."""
        statement, arguments = self.sql(page, values)
        rows = await connection.fetch(statement, *arguments)
        items = [dict(row) for row in rows[: page.limit]]
        following = None
        if len(rows) > page.limit:
            last = rows[page.limit - 1]
            following = cursor_of([last[column.rsplit(".", 1)[-1]] for column in self.order])
        return page_response(items, following, page)


def page_response(items: Sequence[Any], following: str | None, page: PageRequest) -> Response:
    """Return a page of ready items."""
    return Response(
        encode({"items": items, "next": following}), media_type="application/json", headers=link(following, page)
    )


def link(following: str | None, page: PageRequest) -> dict[str, str]:
    """Return the ``Link`` header to the next page."""
    if following is None:
        return {}
    from starlette.datastructures import URL  # noqa: PLC0415 - not needed on a last page

    return {"Link": f'<{URL(page.url).include_query_params(after=following)}>; rel="next"'}


_TAGS: dict[type, str] = {datetime: "t", date: "d", UUID: "u", Decimal: "n", int: "i", str: "s"}


def cursor_of(key: Sequence[Any]) -> str:
    """Return an opaque cursor that stands for the row with these order columns."""
    tagged = []
    for value in key:
        kind = next(each for each in _TAGS if isinstance(value, each))
        tagged.append([_TAGS[kind], value.isoformat() if isinstance(value, date) else str(value)])
    return base64.urlsafe_b64encode(orjson.dumps(tagged)).decode().rstrip("=")


def _open_cursor(cursor: str, length: int) -> list[Any]:
    """Return the order columns that ``cursor`` stands for.

    Raises:
        HttpProblem: 400, it is not a cursor of this list.
    """
    readers: dict[str, Any] = {
        "t": datetime.fromisoformat, "d": date.fromisoformat, "u": UUID, "n": Decimal, "i": int, "s": str,
    }  # fmt: skip
    try:
        tagged = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        key = [readers[kind](value) for kind, value in tagged]
    except (ValueError, TypeError, KeyError, ArithmeticError, binascii.Error):
        key = []
    if len(key) != length or any("\x00" in value for value in key if isinstance(value, str)):
        raise HttpProblem(400, "cursor_unusable", "Use `after` as the page before gave it in `next`.")
    return key
