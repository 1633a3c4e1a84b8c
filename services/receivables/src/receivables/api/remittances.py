"""Remittances 汇款通知: cash received, which invoices it settles, and what was kept back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Response
from pydantic import Field, field_validator

from receivables.api.common import ERP_AND_FINANCE, READERS_AND_ERP
from receivables.api.deductions import DeductionOut
from receivables.db import deductions as deduction_statements
from receivables.db import documents, journal
from receivables.db.rows import columns_of
from receivables.db.terms import entity_terms
from receivables.domain.deductions import Deduction
from receivables.domain.documents import check_invoice_open, check_remittance
from receivables.domain.errors import CurrencyMismatch, EntityUnknown, InvoiceUnknown, RemittanceNotFound
from receivables.domain.journal import EntryKind, JournalEntry, remittance_received
from shared.kernel.money import ZERO
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.fields import Amount, Answer, Body, Code, Currency, Instant, ShortText
from shared.platform.http import JsonResponse, Raw, Router
from shared.platform.ids import new_id
from shared.platform.outbox import emit_many
from shared.platform.pagination import Page

router = Router(prefix="/v1/remittances", tags=["remittances"])


class RemittanceLineIn(Body):
    """How much of an invoice is settled."""

    invoice_number: ShortText
    """Number of the invoice."""
    amount: Amount = Field(gt=0)
    """Including tax and the part that was kept back."""


class DeductionIn(Body):
    """What the retailer kept back 账扣."""

    number: ShortText
    """The retailer's number, unique within the remittance."""
    reason_code: ShortText
    """The retailer's reason code."""
    fee_kind: Code | None = None
    """Code of the fee catalogue, if the retailer's reason says it."""
    claim_reference: ShortText | None = None
    """What it is claimed for: contract/term/cycle like C-1/T1/2024-03, or promotion/tactic like P-17/endcap."""
    amount: Amount = Field(gt=0)
    """Including tax."""


class RemittanceIn(Body):
    """A payment advice of one settlement entity."""

    id: UUID | None = None
    """Identifier."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Who paid 结算主体."""
    number: ShortText
    """The payer's number, unique for the settlement entity."""
    paid_on: date
    """Business date of the payment."""
    currency: Currency
    """ISO 4217 code of all its amounts."""
    amount: Amount = Field(ge=0)
    """Cash received."""
    invoice_lines: Annotated[list[RemittanceLineIn], Field(min_length=1, max_length=2_000)]
    """What is settled of which invoice."""
    deductions: Annotated[list[DeductionIn], Field(max_length=2_000, default_factory=list)]
    """What was kept back 账扣."""

    @field_validator("invoice_lines")
    @classmethod
    def _invoices_once(cls, lines: list[RemittanceLineIn]) -> list[RemittanceLineIn]:
        if len({line.invoice_number for line in lines}) != len(lines):
            raise ValueError("each invoice may stand once in a remittance; add its amounts up")
        return lines

    @field_validator("deductions")
    @classmethod
    def _numbered_once(cls, deductions: list[DeductionIn]) -> list[DeductionIn]:
        if len({deduction.number for deduction in deductions}) != len(deductions):
            raise ValueError("each deduction number may stand once in a remittance")
        return deductions


class RemittanceOut(Answer):
    """A remittance; amounts in its currency, including tax."""

    id: UUID
    """Identifier."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    number: str
    """Number of the document."""
    paid_on: date
    """Business date of the payment."""
    currency: str
    """ISO 4217 code of all its amounts."""
    amount: Amount
    """Cash received."""
    deducted_amount: Amount
    """Kept back."""
    settled_amount: Amount
    """Settled on invoices: cash plus what was kept back."""
    recorded_at: Instant
    """When it was recorded."""


class RemittanceLineOut(Answer):
    """How much of an invoice was settled."""

    line_no: int
    """Number of the line within the document, from 1."""
    invoice_id: UUID
    """Invoice that it belongs to, if known."""
    invoice_number: str
    """Number of the invoice."""
    amount: Amount
    """Amount in the currency of the document, including tax."""


class RemittanceDetailOut(RemittanceOut):
    """A remittance with its invoices and deductions."""

    invoice_lines: list[RemittanceLineOut]
    """What is settled of which invoice."""
    deductions: list[DeductionOut]
    """What was kept back 账扣."""


class _Paid(NamedTuple):
    """A line whose invoice was found."""

    invoice_id: UUID
    amount: Decimal


@router.post(
    "",
    operation_id="post_remittance",
    policy=ERP_AND_FINANCE,
    answers=RemittanceDetailOut,
    status_code=201,
    idempotency="required",
)
async def post_remittance(body: RemittanceIn, raw: Raw) -> Response:
    """Book a payment: cash and what was kept back settle invoices; each deduction waits to be matched.

    - The invoice lines are the cash plus the deductions (`remittance_unbalanced`).
    - Only posted invoices of this settlement entity, in this currency, up to what is open of them.
    - Each deduction is announced as `deduction_received`.
    """
    deducted = [deduction.amount for deduction in body.deductions]
    check_remittance(body.amount, [line.amount for line in body.invoice_lines], deducted)
    entity = (await entity_terms(raw, [body.settlement_entity_id])).get(body.settlement_entity_id)
    if entity is None or entity.account_id != body.account_id:
        raise EntityUnknown(
            "The settlement entity is not one of the account's; correct it, or send it again once it is known."
        )
    paid = await _pay_invoices(raw, body)
    remittance_id, at = body.id or new_id(), now()
    await _insert(raw, body, remittance_id, sum(deducted, ZERO), paid, at)
    deductions = [_deduction(body, each, remittance_id) for each in body.deductions]
    await deduction_statements.insert(raw, deductions)
    await _book(raw, body, remittance_id, sum(deducted, ZERO), at)
    await emit_many(raw, [deduction.received() for deduction in deductions], at=at)
    return JsonResponse(await _detail(raw, remittance_id), status_code=201)


async def _pay_invoices(raw: Connection, body: RemittanceIn) -> list[_Paid]:
    """Lock the invoices, check each line against what is open, and lower it."""
    numbers = [line.invoice_number for line in body.invoice_lines]
    rows = await raw.fetch(documents.OPEN_INVOICES, body.settlement_entity_id, numbers)
    invoices = {row["number"]: row for row in rows}
    paid = []
    for index, line in enumerate(body.invoice_lines):
        pointer = f"/invoice_lines/{index}"
        invoice = invoices.get(line.invoice_number)
        if invoice is None:
            raise InvoiceUnknown(
                f"Invoice {line.invoice_number} was not posted for this settlement entity; post it first.",
                pointers=[f"{pointer}/invoice_number"],
            )
        if invoice["currency"] != body.currency:
            raise CurrencyMismatch(
                f"Invoice {line.invoice_number} is in {invoice['currency']}; send a remittance per currency.",
                pointers=["/currency"],
            )
        check_invoice_open(line.invoice_number, invoice["open_amount"], line.amount, f"{pointer}/amount")
        paid.append(_Paid(invoice["id"], line.amount))
    await raw.execute(documents.PAY_INVOICES, *columns_of(paid, 2))
    return paid


async def _insert(
    raw: Connection, body: RemittanceIn, remittance_id: UUID, deducted: Decimal, paid: list[_Paid], at: datetime
) -> None:
    await raw.execute(
        documents.INSERT_REMITTANCE,
        remittance_id,
        body.account_id,
        body.settlement_entity_id,
        body.number,
        body.paid_on,
        body.currency,
        body.amount,
        deducted,
        body.amount + deducted,
        at,
    )
    lines = [
        (remittance_id, line_no, body.account_id, line.invoice_id, body.paid_on, line.amount)
        for line_no, line in enumerate(paid, start=1)
    ]
    await raw.execute(documents.INSERT_REMITTANCE_LINES, *columns_of(lines, 6))


def _deduction(body: RemittanceIn, deduction: DeductionIn, remittance_id: UUID) -> Deduction:
    return Deduction(
        id=new_id(),
        account_id=body.account_id,
        settlement_entity_id=body.settlement_entity_id,
        remittance_id=remittance_id,
        number=deduction.number,
        reason_code=deduction.reason_code,
        fee_kind=deduction.fee_kind,
        claim_reference=deduction.claim_reference,
        currency=body.currency,
        amount=deduction.amount,
        received_on=body.paid_on,
    )


async def _book(raw: Connection, body: RemittanceIn, remittance_id: UUID, deducted: Decimal, at: datetime) -> None:
    entry = JournalEntry(
        kind=EntryKind.REMITTANCE_RECEIVED,
        account_id=body.account_id,
        settlement_entity_id=body.settlement_entity_id,
        source_id=remittance_id,
        booked_on=body.paid_on,
        currency=body.currency,
        postings=remittance_received(body.amount, deducted),
    )
    await journal.book(raw, [entry], at=at)


async def _detail(raw: Connection, remittance_id: UUID) -> dict[str, object]:
    """Return a remittance with its lines and deductions."""
    row = await raw.fetchrow(f"{documents.REMITTANCE} WHERE id = $1", remittance_id)
    if row is None:
        raise RemittanceNotFound("There is no such remittance; look it up with GET /v1/remittances.")
    lines = await raw.fetch(documents.REMITTANCE_LINES, remittance_id)
    deductions = await raw.fetch(f"{documents.DEDUCTION} WHERE remittance_id = $1 ORDER BY seq", remittance_id)
    return {
        **row,
        "invoice_lines": [dict(line) for line in lines],
        "deductions": [dict(deduction) for deduction in deductions],
    }


@router.get("", operation_id="list_remittances", policy=READERS_AND_ERP, list_of=RemittanceOut)
async def list_remittances(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    paid_from: date | None = None,
    paid_to: date | None = None,
) -> Response:
    """List remittances by date."""
    return await documents.REMITTANCES.page(
        raw,
        page,
        account_id=account_id,
        settlement_entity_id=settlement_entity_id,
        paid_from=paid_from,
        paid_to=paid_to,
    )


@router.get("/{remittance_id}", operation_id="get_remittance", policy=READERS_AND_ERP, answers=RemittanceDetailOut)
async def get_remittance(remittance_id: UUID, raw: Raw) -> Response:
    """Read a remittance with its invoices and deductions."""
    return JsonResponse(await _detail(raw, remittance_id))
