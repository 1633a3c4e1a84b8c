"""Sell-out in the database: COPY into a temporary table, one statement to merge it, jobs and refused rows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from promotions.domain.sellout import Refusal, shortened
from shared.platform.db import Connection

TIMEOUT_SECONDS = 600
STORES = "SELECT code, id FROM stores WHERE account_id = $1"
PRODUCTS = "SELECT sku, id FROM products"
PREPARE = """
SET LOCAL statement_timeout = '600s';
CREATE TEMPORARY TABLE sell_out_rows (
    line bigint, store_id uuid, product_id uuid, week_starts_on date, quantity numeric(18, 4),
    retail_amount numeric(18, 2), price_off_flag boolean, dm_flag boolean, display_flag boolean
) ON COMMIT DROP
"""
MERGE = """
WITH merged AS (
    INSERT INTO sell_out AS kept (account_id, store_id, product_id, week_starts_on, quantity, retail_amount,
        price_off_flag, dm_flag, display_flag)
    SELECT $1, store_id, product_id, week_starts_on, quantity, retail_amount, price_off_flag, dm_flag, display_flag
    FROM sell_out_rows
    ON CONFLICT (account_id, store_id, product_id, week_starts_on) DO UPDATE
    SET quantity = excluded.quantity, retail_amount = excluded.retail_amount,
        price_off_flag = excluded.price_off_flag, dm_flag = excluded.dm_flag, display_flag = excluded.display_flag
    WHERE (kept.quantity, kept.retail_amount, kept.price_off_flag, kept.dm_flag, kept.display_flag) IS DISTINCT FROM
        (excluded.quantity, excluded.retail_amount, excluded.price_off_flag, excluded.dm_flag, excluded.display_flag)
    RETURNING kept.xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS inserted, count(*) FILTER (WHERE NOT is_new) AS updated FROM merged
"""
DROP_REPEATED = """
DELETE FROM sell_out_rows AS again USING (
    SELECT store_id, product_id, week_starts_on, min(line) AS line FROM sell_out_rows
    GROUP BY store_id, product_id, week_starts_on HAVING count(*) > 1
) AS first
WHERE again.store_id = first.store_id AND again.product_id = first.product_id
  AND again.week_starts_on = first.week_starts_on
  AND again.line > first.line
RETURNING again.line
"""
RECHECK = """
WITH sold AS (SELECT DISTINCT store_id, product_id, week_starts_on FROM sell_out_rows)
UPDATE promotion_fees AS fee SET recheck = true
FROM promotion_tactics AS tactic, promotions AS promotion
WHERE NOT fee.recheck AND tactic.id = fee.tactic_id AND promotion.id = fee.promotion_id
  AND tactic.basis = 'per_unit_sold' AND promotion.account_id = $1
  AND EXISTS (
    SELECT FROM sold WHERE sold.product_id = tactic.product_id AND sold.store_id = ANY (promotion.store_ids)
      AND sold.week_starts_on BETWEEN promotion.starts_on AND promotion.ends_on)
"""
INSERT_JOB = """
INSERT INTO import_jobs (id, account_id, kind, state, is_atomic, received_rows, inserted_rows, updated_rows,
    unchanged_rows, refused_rows, submitted_by, started_at, finished_at)
VALUES ($1, $2, 'sell_out', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
INSERT_REFUSALS = """
INSERT INTO import_refusals (job_id, account_id, line, field, reason, value)
SELECT $1, $2, * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """What became of a file."""

    id: UUID
    account_id: UUID
    state: str
    is_atomic: bool
    received_rows: int
    inserted_rows: int
    updated_rows: int
    unchanged_rows: int
    refused_rows: int
    submitted_by: str
    started_at: datetime
    finished_at: datetime


async def references(connection: Connection, account_id: UUID) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """Return the account's stores by code and all products by SKU."""
    stores = {row["code"]: row["id"] for row in await connection.fetch(STORES, account_id)}
    products = {row["sku"]: row["id"] for row in await connection.fetch(PRODUCTS)}
    return stores, products


async def copy(connection: Connection, text: AsyncIterator[bytes]) -> int:
    """Stream COPY text into the temporary table; return the number of rows."""
    await connection.execute(PREPARE)
    outcome = await connection.copy_to_table("sell_out_rows", source=text, format="text", timeout=TIMEOUT_SECONDS)
    return int(outcome.rsplit(" ", 1)[-1])


async def merge(connection: Connection, account_id: UUID) -> tuple[int, int, list[int]]:
    """Merge the temporary table; return inserted rows, updated rows, and lines that repeat an earlier line's key.

    Keys are looked through only when the merge stumbles over one that occurs twice: that is rare, and dear to look for.
    """
    await connection.execute("SAVEPOINT merge")
    try:
        counts = await connection.fetchrow(MERGE, account_id, timeout=TIMEOUT_SECONDS)
    except asyncpg.CardinalityViolationError:
        await connection.execute("ROLLBACK TO SAVEPOINT merge")
    else:
        assert counts is not None
        return counts["inserted"], counts["updated"], []
    repeated = await drop_repeated(connection)
    counts = await connection.fetchrow(MERGE, account_id, timeout=TIMEOUT_SECONDS)
    assert counts is not None
    return counts["inserted"], counts["updated"], repeated


async def drop_repeated(connection: Connection) -> list[int]:
    """Drop lines of the temporary table that repeat an earlier line's key; return their numbers."""
    return sorted(row["line"] for row in await connection.fetch(DROP_REPEATED, timeout=TIMEOUT_SECONDS))


async def undo_merge(connection: Connection) -> None:
    """Take back what ``merge`` did, in the same transaction."""
    await connection.execute("ROLLBACK TO SAVEPOINT merge")


async def ask_for_rechecks(connection: Connection, account_id: UUID) -> None:
    """Have the per-unit fees earned again that the rows of the temporary table touch."""
    await connection.execute(RECHECK, account_id, timeout=TIMEOUT_SECONDS)


async def insert_job(connection: Connection, job: ImportJob, refusals: Sequence[Refusal]) -> None:
    """Store the job and its refused lines."""
    await connection.execute(
        INSERT_JOB, job.id, job.account_id, job.state, job.is_atomic, job.received_rows, job.inserted_rows,
        job.updated_rows, job.unchanged_rows, job.refused_rows, job.submitted_by, job.started_at, job.finished_at,
    )  # fmt: skip
    if refusals:
        lines, fields, reasons, values = zip(
            *((each.line, each.field, each.reason, shortened(each.value)) for each in refusals), strict=True
        )
        await connection.execute(INSERT_REFUSALS, job.id, job.account_id, lines, fields, reasons, values)
