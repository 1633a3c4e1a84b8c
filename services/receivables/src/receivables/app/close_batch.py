"""Closing an ERP batch: the settled fees that no batch has yet, numbered without a gap, hashed and chained."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

import asyncpg

from receivables.db.rows import ADVISORY_LOCK, columns_of
from receivables.domain.erp import GENESIS_HASH, ErpBatch, ErpLine, canonical_json
from receivables.settings import Settings
from shared.platform.auth import EVERYTHING
from shared.platform.clock import today
from shared.platform.db import Connection
from shared.platform.jobs import JobContext

LINES_MAX = 5_000
LAST = "SELECT number, as_of, hash FROM erp_batches ORDER BY number DESC LIMIT 1"
LAST_POSITION = "SELECT COALESCE(sum(line_count), 0)::bigint FROM erp_batches"
WITHOUT_BATCH = """
SELECT fee.id, fee.account_id, fee.number, fee.fee_kind, fee.settlement_method, fee.currency, fee.amount,
       fee.tax_amount, fee.amount_excl_tax, fee.settled_on, fee.document_kind, accrual.claim_reference,
       deduction.number AS deduction_number, COALESCE(account.code, fee.account_id::text) AS account_code,
       COALESCE(entity.code, fee.settlement_entity_id::text) AS settlement_entity_code
FROM settled_fees AS fee
JOIN accruals AS accrual ON accrual.id = fee.accrual_id
LEFT JOIN deductions AS deduction ON deduction.id = fee.deduction_id
LEFT JOIN accounts AS account ON account.id = fee.account_id
LEFT JOIN settlement_entities AS entity ON entity.id = fee.settlement_entity_id
WHERE fee.erp_batch IS NULL AND fee.settled_on <= $1
ORDER BY fee.settled_on, fee.number LIMIT $2
FOR UPDATE OF fee
"""
INSERT_BATCH = """
INSERT INTO erp_batches (number, as_of, line_count, control_total, totals, previous_hash, hash, closed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
INSERT_LINES = """
WITH line AS (
    SELECT * FROM unnest($1::bigint[], $2::integer[], $3::uuid[], $4::uuid[], $5::json[])
        AS line (position, batch_number, settled_fee_id, account_id, line)
), marked AS (
    UPDATE settled_fees SET erp_batch = line.batch_number, erp_position = line.position
    FROM line WHERE settled_fees.id = line.settled_fee_id
)
INSERT INTO erp_batch_lines (position, batch_number, settled_fee_id, account_id, line) SELECT * FROM line
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Which batch stands for the date that was asked for, and whether it was closed just now."""

    number: int
    is_new: bool


async def close_batch(connection: Connection, *, as_of: date, at: datetime) -> Closing:
    """Close the next batch with what was settled by ``as_of``.

    With nothing to close a batch for ``as_of`` is closed once, empty; asked again, the last batch is the answer. A
    batch takes at most 5,000 lines: what is left over goes into the next. Closings wait for each other; a fee that
    commits later is not lost, because it is found by having no batch, not by its time.
    """
    await connection.execute(ADVISORY_LOCK, "erp batches")
    last = await connection.fetchrow(LAST)
    rows = await connection.fetch(WITHOUT_BATCH, as_of, LINES_MAX)
    if last is not None and not rows and last["as_of"] >= as_of:
        return Closing(number=last["number"], is_new=False)
    position = await connection.fetchval(LAST_POSITION)
    batch = ErpBatch(
        number=last["number"] + 1 if last else 1,
        as_of=max(as_of, last["as_of"]) if last else as_of,
        lines=tuple(_line(row, place) for place, row in enumerate(rows, start=position + 1)),
        previous_hash=last["hash"] if last else GENESIS_HASH,
    )
    totals = canonical_json([{"amount": str(total.amount), "currency": total.currency} for total in batch.totals])
    await connection.execute(
        INSERT_BATCH,
        batch.number,
        batch.as_of,
        batch.line_count,
        batch.control_total,
        totals.decode(),
        batch.previous_hash,
        batch.hash,
        at,
    )
    lines = [
        (line.position, batch.number, line.settled_fee_id, row["account_id"], canonical_json(line.canonical()).decode())
        for line, row in zip(batch.lines, rows, strict=True)
    ]
    await connection.execute(INSERT_LINES, *columns_of(lines, 5))
    return Closing(number=batch.number, is_new=True)


def _line(row: asyncpg.Record, position: int) -> ErpLine:
    return ErpLine(
        position=position,
        settled_fee_id=row["id"],
        number=row["number"],
        account_code=row["account_code"],
        settlement_entity_code=row["settlement_entity_code"],
        fee_kind=row["fee_kind"],
        settlement_method=row["settlement_method"],
        reference=row["claim_reference"],
        deduction_number=row["deduction_number"],
        currency=row["currency"],
        amount=row["amount"],
        tax_amount=row["tax_amount"],
        amount_excl_tax=row["amount_excl_tax"],
        settled_on=row["settled_on"],
        document_kind=row["document_kind"],
    )


async def close_batch_job(context: JobContext) -> None:
    """Close a batch for yesterday, once it is over: there is one for every day, empty or not."""
    settings = cast("Settings", context.settings)
    async with context.database.raw(EVERYTHING) as connection:
        as_of = today(settings.time_zone) - timedelta(days=1)
        await close_batch(connection, as_of=as_of, at=context.now)
