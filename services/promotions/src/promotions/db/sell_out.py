"""Sell-out in the database: COPY into a temporary table, set-based merge, jobs and refused rows."""

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
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' sell_out ' || $1::uuid::text, 0))"
UPDATE = """
UPDATE sell_out AS kept SET quantity = new.quantity, retail_amount = new.retail_amount,
    price_off_flag = new.price_off_flag, dm_flag = new.dm_flag, display_flag = new.display_flag
FROM sell_out_rows AS new
WHERE kept.account_id = $1 AND kept.store_id = new.store_id AND kept.product_id = new.product_id
  AND kept.week_starts_on = new.week_starts_on
  AND (kept.quantity, kept.retail_amount, kept.price_off_flag, kept.dm_flag, kept.display_flag)
      IS DISTINCT FROM (new.quantity, new.retail_amount, new.price_off_flag, new.dm_flag, new.display_flag)
"""
INSERT = """
INSERT INTO sell_out (account_id, store_id, product_id, week_starts_on, quantity, retail_amount, price_off_flag,
    dm_flag, display_flag)
SELECT $1::uuid, store_id, product_id, week_starts_on, quantity, retail_amount, price_off_flag, dm_flag, display_flag
FROM sell_out_rows AS new
WHERE NOT EXISTS (
    SELECT FROM sell_out AS kept WHERE kept.account_id = $1 AND kept.store_id = new.store_id
      AND kept.product_id = new.product_id AND kept.week_starts_on = new.week_starts_on)
"""
HAS_REPEATED = """
SELECT EXISTS (SELECT FROM sell_out_rows GROUP BY store_id, product_id, week_starts_on HAVING count(*) > 1)
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
WITH sold AS (
    SELECT DISTINCT store_id, product_id, week_starts_on FROM sell_out_rows
), touched AS (
    SELECT fee.id FROM promotion_fees AS fee
    JOIN promotion_tactics AS tactic ON tactic.id = fee.tactic_id
    JOIN promotions AS promotion ON promotion.id = fee.promotion_id
    WHERE tactic.basis = 'per_unit_sold' AND promotion.account_id = $1
      AND EXISTS (
        SELECT FROM sold WHERE sold.product_id = tactic.product_id AND sold.store_id = ANY (promotion.store_ids)
          AND sold.week_starts_on BETWEEN promotion.starts_on AND promotion.ends_on)
    ORDER BY fee.id FOR UPDATE OF fee
)
UPDATE promotion_fees SET recheck = true FROM touched WHERE promotion_fees.id = touched.id
"""
"""Fees that wait already are taken as well: one that is being earned looks like that until the commit, and must be
waited for, or the sell-out would be lost."""
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
    return _rows(outcome)


async def merge(connection: Connection, account_id: UUID, copied: int) -> tuple[int, int, list[int]]:
    """Merge the temporary table; return inserted rows, updated rows, and lines that repeat an earlier line's key.

    An update and an insert of what is not there take half the time of ON CONFLICT; one import of an account follows
    another, so that nothing comes in between. Keys that occur twice are rare and dear to look for: the insert stumbles
    over them, unless the rows were there before; only then they are looked for.
    """
    await connection.execute(ONE_AT_A_TIME, account_id)
    await connection.execute("SAVEPOINT merge")
    try:
        inserted, updated = await _merge(connection, account_id)
        if inserted == copied or not await connection.fetchval(HAS_REPEATED, timeout=TIMEOUT_SECONDS):
            return inserted, updated, []
    except asyncpg.UniqueViolationError:
        pass
    await undo_merge(connection)
    repeated = sorted(row["line"] for row in await connection.fetch(DROP_REPEATED, timeout=TIMEOUT_SECONDS))
    return *await _merge(connection, account_id), repeated


async def _merge(connection: Connection, account_id: UUID) -> tuple[int, int]:
    updated = await connection.execute(UPDATE, account_id, timeout=TIMEOUT_SECONDS)
    inserted = await connection.execute(INSERT, account_id, timeout=TIMEOUT_SECONDS)
    return _rows(inserted), _rows(updated)


def _rows(outcome: str) -> int:
    return int(outcome.rsplit(" ", 1)[-1])


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
