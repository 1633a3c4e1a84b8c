"""The limit for events, each a process that does its work once and ends: send a feed, apply an inbox, hand one on.

Written by hand for speed alone. Left out everywhere: failures of any kind, other endpoints, locks against a second
process, row-level security.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import sys
import time
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import uvloop

Connection: TypeAlias = Any  # asyncpg's classes are generic over a record type that is of no use here.
HOST = "127.0.0.1"
SECRET = b"0" * 32
WINDOW, BATCH, APPLY = 1000, 100, 500
GAP_SECONDS = 0.05

FEED = "SELECT pos, envelope FROM store_ops.outbox WHERE pos > $1 ORDER BY pos LIMIT $2"
MOVE = "UPDATE bench.cursor SET pos = $1"
APPLY_ONE_BATCH = """
WITH batch AS (
    SELECT seq, subject, subject_version, data FROM bench.inbox WHERE state = 'pending' ORDER BY seq LIMIT $1
), marked AS (
    UPDATE bench.inbox SET state = 'done', applied_at = clock_timestamp()
    FROM batch WHERE inbox.seq = batch.seq RETURNING 1
), last AS (
    SELECT DISTINCT ON (subject) subject, subject_version, data FROM batch ORDER BY subject, subject_version DESC
), copied AS (
    INSERT INTO bench.products AS copy (id, version, sku, name, brand)
    SELECT split_part(subject, '/', 2)::uuid, subject_version, row.sku, row.name, row.brand
    FROM last, json_populate_record(NULL::bench.products, data) AS row
    ON CONFLICT (id) DO UPDATE SET sku = excluded.sku, name = excluded.name, brand = excluded.brand,
                                   version = excluded.version
)
SELECT count(*) FROM marked
"""
RECORD = """
INSERT INTO bench.outbox (event_id, type, noun, subject, subject_version, account_id, occurred_at, envelope)
VALUES ($1::uuid, 'bench.product.v1', 'product', 'product/' || $1::uuid::text, 1, NULL, now(), $2)
"""


class Wire:
    """One kept connection that posts, one request after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def post(self, path: str, body: bytes) -> None:
        """Send, and wait for an answer without a body."""
        signature = base64.b64encode(hmac.digest(SECRET, b"id.0." + body, hashlib.sha256))
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\nWebhook-Signature: v1,"
        self._writer.write(head.encode() + signature + b"\r\n\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        if answer[9:10] != b"2":
            raise RuntimeError(answer.decode())


async def send(connection: Connection, port: int) -> None:
    """Send the feed in signed batches of 100, and keep the cursor durably after each window of 1,000."""
    wire = Wire(*await asyncio.open_connection(HOST, port))
    pos = 0
    while rows := await connection.fetch(FEED, pos, WINDOW):
        for first in range(0, len(rows), BATCH):
            body = ",".join([row["envelope"] for row in rows[first : first + BATCH]])
            await wire.post("/", f"[{body}]".encode())
        pos = rows[-1]["pos"]
        await connection.execute(MOVE, pos)


async def apply(connection: Connection, _: int) -> None:
    """Apply the inbox by one statement for 500 events.

    Left out: versions of subjects, order, gaps, handlers of other types, and what to do when one fails.
    """
    while await connection.fetchval(APPLY_ONE_BATCH, APPLY):
        pass


async def hand_on(connection: Connection, port: int) -> None:
    """Record events at the pace of a light load, and post each at once to the limit, which applies it in the request.

    Left out: the outbox as a queue (what is lost here is lost), signatures, the inbox before the handler.
    """
    wire = Wire(*await asyncio.open_connection(HOST, port))
    data = b'{"sku":"SKU","name":"Juice not from concentrate 1 l","brand":"Gondola"}'
    for _ in range(int(sys.argv[3])):
        event_id = uuid4()
        started = time.monotonic()
        await connection.execute(RECORD, event_id, data.decode())
        await wire.post(f"/events/{event_id}", data)
        await asyncio.sleep(max(0.0, GAP_SECONDS - (time.monotonic() - started)))


async def main() -> None:
    """Do what the command line says: send, apply or hand_on, with a port."""
    connection = await asyncpg.connect(os.environ["BENCH_DATABASE_URL"])
    await {"send": send, "apply": apply, "hand_on": hand_on}[sys.argv[1]](connection, int(sys.argv[2]))
    await connection.close()


if __name__ == "__main__":
    uvloop.run(main())
