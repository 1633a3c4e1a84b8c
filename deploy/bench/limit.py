"""The limit: bare Starlette, asyncpg and orjson under uvicorn as the services run it, written by hand for speed alone.

Each endpoint does the least that has the same effect on the same database: the same rows read or written, durably. All
leave out authentication, roles, rate limits, validation of the body, row-level security (it runs as superuser),
idempotency keys, tracing, logs and metrics. What each does beyond that, or leaves out, stands in its docstring.
"""

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.bench import limit_sql
from store_ops.db import tasks

Pool: TypeAlias = Any  # asyncpg's classes are generic over a record type that is of no use here.
POOL_SIZE = 4
JSON = "application/json"


def pool_of(request: Request) -> Pool:
    """Return the connections."""
    return request.app.state.pool


def encoded(value: object) -> bytes:
    """Return JSON; decimals and asyncpg's own UUIDs become texts."""
    return orjson.dumps(value, default=str)


def envelope_of(kind: str, event_id: UUID, subject: str, version: int, data: bytes) -> str:
    """Return an event of ours as text."""
    return (
        f'{{"specversion":"1.0","id":"{event_id}","source":"/bench","type":"{kind}","subject":"{subject}",'
        f'"time":"{datetime.now(UTC).isoformat()}","datacontenttype":"application/json",'  # noqa: TID251 - no clock of ours
        f'"subjectversion":{version},"data":{data.decode()}}}'
    )


async def put_audit(request: Request) -> Response:
    """Insert an audit and its event by one statement and no transaction around it.

    Left out: the look at the store and its account, the answer to an audit that is known, the event's version in
    ``event_subjects``, rounding of prices, checks for findings about the same thing, the fingerprint of the content.
    """
    audit_id = UUID(request.path_params["audit_id"])
    body = orjson.loads(await request.body())
    at, event_id, subject = datetime.now(UTC), uuid4(), f"audit/{audit_id}"  # noqa: TID251
    account_id = UUID(int=1)
    findings = body["findings"]
    data = encoded({"id": audit_id, "store_id": body["store_id"], "finding_count": len(findings)})
    await pool_of(request).execute(
        limit_sql.PUT_AUDIT, audit_id, UUID(body["store_id"]), account_id, datetime.fromisoformat(body["visited_at"]),
        at, "bench", body["template_version"], encoded(findings).decode(), body["photo_sha256s"], body.get("note"),
        b"", event_id, "bench.audit.v1", "audit", subject, envelope_of("bench.audit.v1", event_id, subject, 1, data),
    )  # fmt: skip
    answer = {"id": audit_id, "store_id": body["store_id"], "received_at": at, "finding_count": len(findings)}
    return Response(encoded(answer), status_code=201, media_type=JSON)


async def list_tasks(request: Request) -> Response:
    """Read a page by the service's own statement.

    Left out: the cursor and link to the next page.
    """
    query = request.query_params
    page = limit_sql.page_of(int(query["limit"]))
    statement, arguments = tasks.LIST.sql(page, {"account_id": UUID(query["account_id"])})
    rows = await pool_of(request).fetch(statement, *arguments)
    return Response(encoded({"items": [dict(row) for row in rows]}), media_type=JSON)


async def read_feed(request: Request) -> Response:
    """Read a page of the feed by position.

    Left out: filters, the last position, whether there is more.
    """
    query = request.query_params
    rows = await pool_of(request).fetch(limit_sql.FEED, int(query["after"]), int(query["limit"]))
    following = rows[-1]["pos"] if rows else query["after"]
    body = f'{{"items":[{",".join([row["envelope"] for row in rows])}],"next":"{following}"}}'
    return Response(body, media_type=JSON)


async def sign_contract(request: Request) -> Response:
    """Read a contract with its draft under a lock, check its state, and write the change and the event at once.

    Left out: the aggregate with its rules, all versions but the draft, the event's whole state (its terms are in it).
    """
    contract_id = UUID(request.path_params["contract_id"])
    body = orjson.loads(await request.body())
    async with pool_of(request).acquire() as connection, connection.transaction():
        row = await connection.fetchrow(limit_sql.LOCK_CONTRACT, contract_id)
        if row is None or row["status"] != "draft":
            return Response(status_code=409)
        event_id, version, subject = uuid4(), row["version"] + 1, f"contract/{contract_id}"
        state = {name: value for name, value in row.items() if name not in {"terms", "payment_terms"}}
        state["terms"], state["payment_terms"] = orjson.Fragment(row["terms"]), orjson.Fragment(row["payment_terms"])
        data = encoded(state | {"status": "signed"} | body)
        await connection.execute(
            limit_sql.SIGN_CONTRACT, contract_id, version, row["draft_number"],
            datetime.fromisoformat(body["signed_on"]).date(), body["signatory"], body["document_sha256"], event_id,
            "bench.contract.v1", "contract", subject, row["account_id"],
            envelope_of("bench.contract.v1", event_id, subject, version, data),
        )  # fmt: skip
    return Response(data, media_type=JSON)


async def post_invoices(request: Request) -> Response:
    """Insert a batch of invoices, their lines and their events by one statement from three lists.

    Left out: what is known already, due dates, journal entries, checks of sums, accounts and products.
    """
    invoices = orjson.loads(await request.body())["invoices"]
    await pool_of(request).execute(limit_sql.POST_INVOICES, *limit_sql.invoice_rows(invoices, envelope_of))
    return Response(encoded({"posted": [invoice["id"] for invoice in invoices]}), media_type=JSON)


async def take_event(request: Request) -> Response:
    """Store an event and its effect on a read copy by one statement."""
    await pool_of(request).execute(
        limit_sql.TAKE_EVENT, UUID(request.path_params["event_id"]), (await request.body()).decode()
    )
    return Response(status_code=204)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Hold as many connections open as a service does."""

    async def leave_as_is(_: object) -> None:
        """Reset nothing: nothing is set."""

    async with asyncpg.create_pool(
        os.environ["BENCH_DATABASE_URL"], min_size=1, max_size=POOL_SIZE, reset=leave_as_is,
        server_settings={"search_path": "store_ops, extensions"},
    ) as pool:  # fmt: skip
        app.state.pool = pool
        yield


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/audits/{audit_id}", put_audit, methods=["PUT"]),
        Route("/tasks", list_tasks),
        Route("/events", read_feed),
        Route("/contracts/{contract_id}:sign", sign_contract, methods=["POST"]),
        Route("/events/{event_id}", take_event, methods=["POST"]),
        Route("/invoices:batch", post_invoices, methods=["POST"]),
    ],
)

if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    uvicorn.run(
        app, host="127.0.0.1", port=options.parse_args().port, access_log=False, log_level="warning",
        timeout_keep_alive=75, timeout_graceful_shutdown=10, server_header=False, date_header=False,
    )  # fmt: skip
