"""Settling: an accepted part of a deduction, or a payment, consumes its accrual and becomes a settled fee."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from receivables.db import accruals as accrual_statements
from receivables.db import journal
from receivables.db.rows import columns_of
from receivables.domain.accruals import Accrual
from receivables.domain.deductions import Deduction
from receivables.domain.errors import AccrualExhausted, AccrualNotFound
from receivables.domain.events import FeeSettled
from receivables.domain.journal import EntryKind, JournalEntry, Ledger, fee_settled
from receivables.domain.matching import OpenAccrual, free_amounts
from receivables.domain.tax import TaxDocument, TaxedAmount, TaxRates, treatment_of
from shared.platform.db import Connection
from shared.platform.ids import new_id
from shared.platform.outbox import emit_many

NUMBERS = """
SELECT 'SF-' || lpad(nextval('settled_fee_numbers')::text, 8, '0') AS number FROM generate_series(1, $1::integer)
"""
INSERT = """
INSERT INTO settled_fees (id, account_id, settlement_entity_id, number, accrual_id, deduction_id, remittance_id,
    fee_kind, settlement_method, currency, amount, tax_rate, tax_amount, amount_excl_tax, settled_on, document_kind,
    document_number, documented_on, recorded_at)
SELECT fee.*, $19 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[],
    $8::text[], $9::text[], $10::text[], $11::numeric[], $12::numeric[], $13::numeric[], $14::numeric[], $15::date[],
    $16::text[], $17::text[], $18::date[]) AS fee
"""
DOCUMENT = """
WITH documented AS (
    UPDATE settled_fees SET document_number = $2, documented_on = $3
    WHERE deduction_id = $1 AND documented_on IS NULL RETURNING *
)
SELECT fee.id, fee.account_id, fee.number, fee.accrual_id, accrual.source, fee.settlement_entity_id,
       accrual.contract_id, accrual.term_id, accrual.term_code, accrual.promotion_id, accrual.promotion_fee_id,
       fee.deduction_id, fee.remittance_id, fee.fee_kind, fee.settlement_method, fee.currency, fee.amount,
       fee.tax_rate, fee.tax_amount, fee.amount_excl_tax, fee.settled_on, fee.document_kind, fee.document_number
FROM documented AS fee JOIN accruals AS accrual ON accrual.id = fee.accrual_id ORDER BY fee.number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is to be settled: ``amount`` including tax of an accrual, out of a deduction or paid in cash (none)."""

    accrual: Accrual
    amount: Decimal
    deduction: Deduction | None
    document_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """A part after its accrual was consumed."""

    part: Part
    taxed: TaxedAmount
    document: TaxDocument
    event: FeeSettled


def oldest_first(accrual: Accrual) -> tuple[date, int, UUID]:
    """Return the key by which accruals of one claim are consumed."""
    return accrual.cycle_start, accrual.contract_version or 0, accrual.id


def offer(accrual: Accrual) -> OpenAccrual:
    """Return what matching looks at of an accrual."""
    return OpenAccrual(
        id=accrual.id,
        open_amount=accrual.balance.open_amount,
        consumed_amount=accrual.balance.consumed.incl_tax,
        reclaim_amount=accrual.balance.reclaim_amount,
    )


async def chosen(connection: Connection, accrual_id: UUID) -> tuple[Accrual, Decimal]:
    """Return the accrual that a person chose, locked, and what may be settled of it.

    What was settled too much under another version of the same claim is set off first, as matching does: a person
    does not pay it again.

    Raises:
        AccrualNotFound: the caller's scope has none.
    """
    found = sorted(
        await accrual_statements.load(connection, accrual_statements.SAME_CLAIM, accrual_id), key=oldest_first
    )
    accrual = next((each for each in found if each.id == accrual_id), None)
    if accrual is None:
        raise AccrualNotFound("There is no such accrual; look it up with GET /v1/accruals.")
    return accrual, free_amounts([offer(each) for each in found])[accrual_id]


def check_free(accrual: Accrual, free: Decimal, amount: Decimal) -> None:
    """Check that no more is settled of an accrual than ``free``.

    Raises:
        AccrualExhausted: it is more.
    """
    if free > 0 and amount <= free:
        return
    set_off = accrual.balance.open_amount - free
    why = f" ({set_off} is set off against what an earlier version was settled too much)" if set_off else ""
    raise AccrualExhausted(
        f"Only {free} {accrual.currency} of the accrual is open{why}; lower the amount.", pointers=["/amount"]
    )


async def settle(
    connection: Connection, parts: Sequence[Part], rates: TaxRates, *, on: date, at: datetime
) -> list[FeeSettled]:
    """Settle ``parts`` in their order: accruals, settled fees, journal and events, each by one statement.

    The accruals are locked by the caller, who has checked that each has enough left; the database checks again.
    """
    if not parts:
        return []
    numbers = [row["number"] for row in await connection.fetch(NUMBERS, len(parts))]
    accruals: dict[object, Accrual] = {}
    settled = []
    for part, number in zip(parts, numbers, strict=True):
        accrual, taxed = accruals.get(part.accrual.id, part.accrual).settle(part.amount)
        accruals[accrual.id] = accrual
        document = treatment_of(accrual.fee_kind, rates).document
        event = _event(part, taxed, document, number, on)
        settled.append(_Settled(part=part, taxed=taxed, document=document, event=event))
    await accrual_statements.save_consumed(connection, list(accruals.values()))
    await connection.execute(INSERT, *columns_of([_row(each, on) for each in settled], 18), at)
    await journal.book(connection, [_entry(each) for each in settled], at=at)
    events = [each.event for each in settled]
    await emit_many(connection, events, at=at)
    return events


async def document(connection: Connection, deduction_id: UUID, document_number: str, *, on: date, at: datetime) -> None:
    """Record the tax document of a deduction's settled fees that wait for one, and announce them anew."""
    rows = await connection.fetch(DOCUMENT, deduction_id, document_number, on)
    await emit_many(connection, [FeeSettled(**dict(row)) for row in rows], at=at)


def _event(part: Part, taxed: TaxedAmount, document: TaxDocument, number: str, on: date) -> FeeSettled:
    accrual, deduction = part.accrual, part.deduction
    assert accrual.account_id is not None
    return FeeSettled(
        id=new_id(),
        account_id=accrual.account_id,
        number=number,
        accrual_id=accrual.id,
        source=accrual.source,
        settlement_entity_id=deduction.settlement_entity_id if deduction else accrual.settlement_entity_id,
        contract_id=accrual.contract_id,
        term_id=accrual.term_id,
        term_code=accrual.term_code,
        promotion_id=accrual.promotion_id,
        promotion_fee_id=accrual.promotion_fee_id,
        deduction_id=deduction.id if deduction else None,
        remittance_id=deduction.remittance_id if deduction else None,
        fee_kind=accrual.fee_kind,
        settlement_method=accrual.settlement_method,
        currency=accrual.currency,
        amount=taxed.incl_tax,
        tax_rate=accrual.tax_rate,
        tax_amount=taxed.tax,
        amount_excl_tax=taxed.excl_tax,
        settled_on=on,
        document_kind=document.value,
        document_number=part.document_number,
    )


def _row(settled: _Settled, on: date) -> tuple[object, ...]:
    event = settled.event
    return (
        event.id,
        event.account_id,
        event.settlement_entity_id,
        event.number,
        event.accrual_id,
        event.deduction_id,
        event.remittance_id,
        event.fee_kind,
        event.settlement_method,
        event.currency,
        event.amount,
        event.tax_rate,
        event.tax_amount,
        event.amount_excl_tax,
        on,
        event.document_kind,
        event.document_number,
        on if event.document_number or event.document_kind == "none" else None,
    )


def _entry(settled: _Settled) -> JournalEntry:
    event = settled.event
    assert event.account_id is not None
    against = Ledger.DEDUCTIONS_IN_SUSPENSE if settled.part.deduction else Ledger.CASH
    return JournalEntry(
        kind=EntryKind.FEE_SETTLED,
        account_id=event.account_id,
        settlement_entity_id=event.settlement_entity_id,
        source_id=event.id,
        booked_on=event.settled_on,
        currency=event.currency,
        postings=fee_settled(settled.taxed, settled.document, against),
    )
