"""Booking journal entries, many at once."""

from collections.abc import Sequence
from datetime import datetime

from receivables.db.rows import columns_of
from receivables.domain.journal import JournalEntry
from shared.platform.db import Connection
from shared.platform.ids import new_id

INSERT_ENTRIES = """
INSERT INTO journal_entries (id, account_id, settlement_entity_id, kind, source_id, booked_on, currency, recorded_at)
SELECT entry.*, $8
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::date[], $7::text[]) AS entry
"""
INSERT_LINES = """
INSERT INTO journal_lines (entry_id, line_no, account_id, ledger, debit, credit)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::numeric[], $6::numeric[])
"""


async def book(connection: Connection, entries: Sequence[JournalEntry], *, at: datetime) -> None:
    """Append ``entries``; the database checks at the commit that each balances."""
    if not entries:
        return
    headers, lines = [], []
    for entry in entries:
        entry_id = new_id()
        headers.append(
            (
                entry_id,
                entry.account_id,
                entry.settlement_entity_id,
                entry.kind.value,
                entry.source_id,
                entry.booked_on,
                entry.currency,
            )
        )
        lines += [
            (entry_id, number, entry.account_id, posting.ledger.value, posting.debit, posting.credit)
            for number, posting in enumerate(entry.postings, start=1)
        ]
    await connection.execute(INSERT_ENTRIES, *columns_of(headers, 7), at)
    await connection.execute(INSERT_LINES, *columns_of(lines, 6))
