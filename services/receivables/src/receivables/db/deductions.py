"""Statements on deductions: load for update, save, what waits for a match."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from receivables.db.rows import columns_of
from receivables.domain.accruals import claim_key
from receivables.domain.deductions import Deduction
from receivables.domain.matching import DisputeReason
from shared.platform.db import Connection

COLUMNS = (
    "id", "account_id", "settlement_entity_id", "remittance_id", "number", "reason_code", "fee_kind",
    "claim_reference", "currency", "amount", "accepted_amount", "disputed_amount", "recovered_amount",
    "written_off_amount", "dispute_reason", "is_documented", "received_on",
)  # fmt: skip
BY_ID = f"SELECT {', '.join(COLUMNS)} FROM deductions WHERE id = $1 FOR UPDATE"  # noqa: S608 - column names of this file
COVERED = """
EXISTS (
    SELECT FROM accruals AS a
    WHERE a.account_id = d.account_id AND a.currency = d.currency
      AND (a.claim_key = d.claim_key OR a.claim_key_exact = d.claim_key)
      AND (a.amount_incl_tax > 0 OR a.consumed_amount > 0 OR a.accrued_through >= a.cycle_end)
)
"""
TO_MATCH = f"""
SELECT {", ".join(COLUMNS)} FROM deductions AS d
WHERE d.open_amount > 0 AND d.accepted_amount = 0 AND d.claim_key IS NOT NULL
  AND ($1::date IS NULL OR d.received_on <= $1) AND {COVERED}
ORDER BY d.received_on, d.seq LIMIT $2 FOR UPDATE OF d SKIP LOCKED
"""  # noqa: S608
NOTE_UNMATCHED = """
WITH waiting AS (
    SELECT d.id, d.match_note, CASE
        WHEN d.claim_key IS NULL THEN 'no_reference'
        WHEN EXISTS (
            SELECT FROM contracts AS c JOIN contract_terms AS t ON t.contract_id = c.id
            WHERE c.account_id = d.account_id
              AND starts_with(d.claim_key, upper(regexp_replace(c.number || '/' || t.code || '/', '\\s', '', 'g')))
        ) OR EXISTS (
            SELECT FROM promotions AS p JOIN promotion_tactics AS t ON t.promotion_id = p.id
            WHERE p.account_id = d.account_id
              AND starts_with(d.claim_key, upper(regexp_replace(p.number || '/' || t.kind, '\\s', '', 'g')))
        ) THEN 'not_accrued'
        ELSE 'unagreed' END AS note
    FROM deductions AS d WHERE d.open_amount > 0
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE deductions SET match_note = waiting.note
FROM waiting WHERE deductions.id = waiting.id AND waiting.match_note IS DISTINCT FROM waiting.note
"""
"""Deductions that somebody works on are left for the next run: waiting for them here could be a deadlock."""
SAVE = """
UPDATE deductions SET accepted_amount = change.accepted_amount, disputed_amount = change.disputed_amount,
    recovered_amount = change.recovered_amount, written_off_amount = change.written_off_amount,
    dispute_reason = change.dispute_reason, is_documented = change.is_documented, status = change.status,
    match_note = NULL, version = version + 1
FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::numeric[], $5::numeric[], $6::text[], $7::boolean[],
            $8::text[]) AS change
    (id, accepted_amount, disputed_amount, recovered_amount, written_off_amount, dispute_reason, is_documented, status)
WHERE deductions.id = change.id
"""
INSERT = """
INSERT INTO deductions (id, account_id, settlement_entity_id, remittance_id, number, reason_code, fee_kind,
                        claim_reference, claim_key, currency, amount, status, received_on)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::numeric[], $12::text[], $13::date[])
"""


def deduction_of(row: asyncpg.Record | Mapping[str, Any]) -> Deduction:
    """Return the deduction that ``row`` holds."""
    reason = row["dispute_reason"]
    return Deduction(
        **{column: row[column] for column in COLUMNS if column != "dispute_reason"},
        dispute_reason=DisputeReason(reason) if reason else None,
    )


async def load(connection: Connection, statement: str, *arguments: object) -> list[Deduction]:
    """Return the deductions of one of the statements above, locked."""
    return [deduction_of(row) for row in await connection.fetch(statement, *arguments)]


async def save(connection: Connection, deductions: Sequence[Deduction]) -> None:
    """Write where ``deductions`` stand."""
    rows = [
        (
            each.id,
            each.accepted_amount,
            each.disputed_amount,
            each.recovered_amount,
            each.written_off_amount,
            each.dispute_reason.value if each.dispute_reason else None,
            each.is_documented,
            each.status.value,
        )
        for each in deductions
    ]
    await connection.execute(SAVE, *columns_of(rows, 8))


async def insert(connection: Connection, deductions: Sequence[Deduction]) -> None:
    """Record new deductions."""
    rows = [
        (
            each.id,
            each.account_id,
            each.settlement_entity_id,
            each.remittance_id,
            each.number,
            each.reason_code,
            each.fee_kind,
            each.claim_reference,
            claim_key(each.claim_reference) if each.claim_reference else None,
            each.currency,
            each.amount,
            each.status.value,
            each.received_on,
        )
        for each in deductions
    ]
    await connection.execute(INSERT, *columns_of(rows, 13))
