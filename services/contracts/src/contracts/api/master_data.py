"""Master data: ``PUT`` under the caller's own id, the same again changes nothing, each change is one event."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from contracts.api.common import match_if_given
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.events import Event
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.http import json_response
from shared.platform.outbox import emit
from shared.platform.pagination import ListQuery, PageRequest, cursor_of, page_response


class BelongsToAnotherAccount(Conflict):
    """What has been created for one account stays with it."""

    code = "belongs_to_another_account"


def fields_of(body: BaseModel) -> dict[str, Any]:
    """Return a body's fields as they are, value objects included."""
    return {name: getattr(body, name) for name in type(body).model_fields}


def select_of(table: Table) -> str:
    """Return the SELECT of a list: every column but the version."""
    names = ", ".join(column.name for column in table.c if column.name != "version")
    return f"SELECT {names} FROM {table.name}"  # noqa: S608 - names of our own tables


async def put_row(tx: AsyncSession, table: Table, event: Event, *, if_match: str | None, missing: NotFound) -> Response:
    """Bring the row of ``event.id`` to the state that ``event`` carries; emit it if that changes anything.

    Raises:
        NotFound: ``missing``, the id is taken by a row outside the caller's scope.
        BelongsToAnotherAccount: the row is another account's.
        HttpProblem: 412, ``if_match`` names another version.
    """
    state = {field.name: getattr(event, field.name) for field in fields(event) if field.name in table.c}
    row = await _locked(tx, table, event.id)
    if row is None:
        match_if_given(if_match, 0)
        new = insert(table).values(**state, version=1).on_conflict_do_nothing(index_elements=["id"])
        if await tx.scalar(new.returning(table.c.version)) is not None:
            await emit(tx, event, at=now())
            return json_response(state, status=201, etag=1)
        row = await _locked(tx, table, event.id)  # Somebody else created it in between, or it is out of scope.
        if row is None:
            raise missing
    version = row["version"]
    match_if_given(if_match, version)
    if row.get("account_id", event.account_id) != event.account_id:
        raise BelongsToAnotherAccount("It stays with its account; create another one.", pointers=("/account_id",))
    if all(row[name] == value for name, value in state.items()):
        return json_response(state, etag=version)
    await tx.execute(update(table).where(table.c.id == event.id).values(**state, version=version + 1))
    await emit(tx, event, at=now())
    return json_response(state, etag=version + 1)


async def get_row(tx: AsyncSession, table: Table, row_id: UUID, *, missing: NotFound) -> Response:
    """Answer the row with its ETag.

    Raises:
        NotFound: ``missing``, there is none or it is outside the caller's scope.
    """
    row = (await tx.execute(select(table).where(table.c.id == row_id))).mappings().first()
    if row is None:
        raise missing
    return json_response({name: value for name, value in row.items() if name != "version"}, etag=row["version"])


async def page_with_json(
    query: ListQuery, connection: Connection, page: PageRequest, *, columns: tuple[str, ...], values: Mapping[str, Any]
) -> Response:
    """Answer a page of rows of which ``columns`` are JSONB: asyncpg gives those as text."""
    statement, arguments = query.sql(page, values)
    rows = await connection.fetch(statement, *arguments)
    items = [
        {**dict(row), **{column: orjson.Fragment(row[column]) for column in columns}} for row in rows[: page.limit]
    ]
    following = cursor_of([rows[page.limit - 1][name] for name in query.order]) if len(rows) > page.limit else None
    return page_response(items, following, page)


async def _locked(tx: AsyncSession, table: Table, row_id: UUID) -> Mapping[str, Any] | None:
    row = (await tx.execute(select(table).where(table.c.id == row_id).with_for_update())).mappings().first()
    return None if row is None else dict(row)
