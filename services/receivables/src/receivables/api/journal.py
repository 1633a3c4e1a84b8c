"""The journal 分录 and the balances of the ledger."""

import json
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from receivables.api.common import READERS_AND_ERP
from receivables.db import fees
from receivables.domain.errors import JournalEntryNotFound
from receivables.domain.journal import EntryKind, Ledger
from shared.platform.fields import Amount, Answer, Instant
from shared.platform.http import JsonResponse, Raw, Router
from shared.platform.pagination import Page, cursor_of, page_response

router = Router(prefix="/v1/journal-entries", tags=["journal"])
balances_router = Router(prefix="/v1/ledger-balances", tags=["journal"])

BALANCES_MAX = 2_000
"""Ten accounts of the ledger in at most two hundred currencies."""


class JournalLineOut(Answer):
    """One side of an entry: either a debit 借 or a credit 贷."""

    ledger: Ledger
    """Account of the ledger."""
    debit: Amount
    """Debit 借."""
    credit: Amount
    """Credit 贷."""


class JournalEntryOut(Answer):
    """An entry; debits equal credits, in one currency. Entries are never changed."""

    id: UUID
    """Identifier."""
    seq: int
    """Position in the journal."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    kind: EntryKind
    """What kind it is."""
    source_id: UUID
    """The document that it books: invoice, remittance, accrual, settled fee or deduction."""
    booked_on: date
    """Business date of the entry."""
    currency: str
    """ISO 4217 code of all its amounts."""
    recorded_at: Instant
    """When it was recorded."""
    lines: list[JournalLineOut]
    """The lines."""


class LedgerBalanceOut(Answer):
    """What stands on one account of the ledger."""

    ledger: Ledger
    """Account of the ledger."""
    currency: str
    """ISO 4217 code of all its amounts."""
    debit: Amount
    """Debit 借."""
    credit: Amount
    """Credit 贷."""
    balance: Amount
    """Debit minus credit."""


class LedgerBalancesOut(Answer):
    """All accounts of the ledger; the balances of a currency add up to zero."""

    as_of: date
    """The day as of which it holds."""
    items: Annotated[list[LedgerBalanceOut], Field(max_length=BALANCES_MAX)]
    """The rows."""


@router.get("", operation_id="list_journal_entries", policy=READERS_AND_ERP, list_of=JournalEntryOut)
async def list_journal_entries(
    raw: Raw,
    page: Page,
    *,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    source_id: UUID | None = None,
    kind: EntryKind | None = None,
    booked_from: date | None = None,
    booked_to: date | None = None,
) -> Response:
    """List entries in the order in which they were made."""
    statement, arguments = fees.JOURNAL_ENTRIES.sql(
        page,
        {
            "account_id": account_id,
            "settlement_entity_id": settlement_entity_id,
            "source_id": source_id,
            "kind": kind,
            "booked_from": booked_from,
            "booked_to": booked_to,
        },
    )
    rows = await raw.fetch(statement, *arguments)
    items = [{**row, "lines": json.loads(row["lines"])} for row in rows[: page.limit]]
    following = cursor_of([items[-1]["seq"]]) if len(rows) > page.limit else None
    return page_response(items, following, page)


@router.get("/{entry_id}", operation_id="get_journal_entry", policy=READERS_AND_ERP, answers=JournalEntryOut)
async def get_journal_entry(entry_id: UUID, raw: Raw) -> Response:
    """Read an entry."""
    row = await raw.fetchrow(f"{fees.JOURNAL_ENTRY} WHERE id = $1", entry_id)
    if row is None:
        raise JournalEntryNotFound("There is no such entry; look it up with GET /v1/journal-entries?source_id=.")
    return JsonResponse({**row, "lines": json.loads(row["lines"])})


@balances_router.get("", operation_id="get_ledger_balances", policy=READERS_AND_ERP, answers=LedgerBalancesOut)
async def get_ledger_balances(as_of: date, raw: Raw, account_id: UUID | None = None) -> Response:
    """Read what stands on each account of the ledger at the end of a day."""
    rows = await raw.fetch(fees.LEDGER_BALANCES, as_of, account_id)
    return JsonResponse({"as_of": as_of, "items": [dict(row) for row in rows]})
