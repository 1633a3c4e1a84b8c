"""Invoices 销售发票: posted in batches by the ERP, listed with what is open."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field, field_validator

from receivables.api.batch_bodies import BatchReader, Invoice, InvoiceBatch
from receivables.api.common import (
    DOCUMENTS_MAX,
    ERP_AND_FINANCE,
    LINES_MAX,
    READERS_AND_ERP,
    BatchAnswer,
    content_hash,
    sift,
)  # fmt: skip
from receivables.db import documents, journal
from receivables.db.rows import columns_of
from receivables.db.terms import EntityTerms, entity_terms
from receivables.domain.documents import LineTotals, line_totals
from receivables.domain.errors import InvoiceNotFound
from receivables.domain.events import InvoicePosted
from receivables.domain.journal import EntryKind, JournalEntry, invoice_posted
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.fields import Amount, Answer, Body, Currency, Instant, Quantity, Rate, ShortText, UnitPrice
from shared.platform.http import JsonResponse, Raw, Router
from shared.platform.outbox import emit_many
from shared.platform.pagination import Page

router = Router(prefix="/v1/invoices", tags=["invoices"])

Positive = Annotated[int, Field(ge=1, le=LINES_MAX)]


class InvoiceLineIn(Body):
    """A line of an invoice; amounts without tax."""

    line_no: Positive
    """Number of the line within the document, from 1."""
    store_id: UUID | None = None
    """Store that the goods went to; absent for a distribution centre."""
    product_id: UUID
    """Product of contracts."""
    quantity: Quantity = Field(gt=0)
    """In the product's unit."""
    unit_price: UnitPrice = Field(ge=0)
    """Price per unit without tax."""
    net_amount: Amount = Field(ge=0)
    """Without tax, discounts on the line included."""
    tax_rate: Rate = Field(ge=0, lt=1)
    """Fraction: "0.13" is 13 %."""


class InvoiceIn(Body):
    """An invoice as the ERP wrote it."""

    id: UUID
    """The ERP's own identifier: sending it again changes nothing."""
    number: ShortText
    """Invoice number, unique for the settlement entity."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Who pays 结算主体."""
    invoiced_on: date
    """Date of the invoice."""
    currency: Currency
    """ISO 4217 code of all its amounts."""
    tax_basis: str = Field(default="excl", pattern="^excl$")
    """Amounts of lines are without tax; nothing else is taken."""
    lines: Annotated[list[InvoiceLineIn], Field(min_length=1, max_length=LINES_MAX)]
    """The lines."""

    @field_validator("lines")
    @classmethod
    def _numbered_once(cls, lines: list[InvoiceLineIn]) -> list[InvoiceLineIn]:
        if len({line.line_no for line in lines}) != len(lines):
            raise ValueError("each line_no may stand once in an invoice")
        return lines


class InvoiceBatchIn(Body):
    """Invoices to be posted together; each has a fate of its own."""

    invoices: Annotated[list[InvoiceIn], Field(min_length=1, max_length=DOCUMENTS_MAX)]
    """The invoices."""

    @field_validator("invoices")
    @classmethod
    def _not_too_many_lines(cls, invoices: list[InvoiceIn]) -> list[InvoiceIn]:
        if sum(len(invoice.lines) for invoice in invoices) > LINES_MAX:
            raise ValueError(f"a batch has at most {LINES_MAX} lines; send the rest in another one")
        return invoices


class InvoiceOut(Answer):
    """An invoice and what is open of it; amounts in its currency."""

    id: UUID
    """Identifier."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    number: str
    """Number of the document."""
    invoiced_on: date
    """Date of the invoice."""
    due_on: date
    """By the payment terms in force on the invoice date 到期日."""
    currency: str
    """ISO 4217 code of all its amounts."""
    net_amount: Amount
    """Without tax."""
    tax_amount: Amount
    """Tax in it."""
    gross_amount: Amount
    """Including tax: what is owed."""
    paid_amount: Amount
    """Settled by remittances, deducted parts included."""
    open_amount: Amount
    """What is still open."""
    line_count: int
    """Number of lines."""
    posted_at: Instant
    """When it was posted."""


class InvoiceLineOut(Answer):
    """A line of an invoice."""

    line_no: int
    """Number of the line within the document, from 1."""
    store_id: UUID | None
    """Store of store-ops; absent for a distribution centre."""
    product_id: UUID
    """Product of contracts."""
    quantity: Quantity
    """In the product's unit."""
    unit_price: UnitPrice
    """Price per unit without tax."""
    net_amount: Amount
    """Without tax."""
    tax_rate: Rate
    """Fraction: "0.13" is 13 %."""
    tax_amount: Amount
    """Tax in it."""


class InvoiceDetailOut(InvoiceOut):
    """An invoice with its lines."""

    lines: list[InvoiceLineOut]
    """The lines."""


READER = BatchReader(InvoiceBatch, InvoiceBatchIn)


@router.post(
    ":batch",
    operation_id="post_invoices",
    policy=ERP_AND_FINANCE,
    answers=BatchAnswer,
    openapi_extra=READER.document(),
)
async def post_invoices(request: Request, raw: Raw) -> Response:
    """Post up to 500 invoices with up to 5,000 lines; sending the same again changes nothing.

    - An invoice whose id is known with the same content is `unchanged`; with other content it is refused (`id_taken`).
    - It is due by the payment terms of the contract in force on its date, else by those of the settlement entity.
    - Each posted invoice is booked (accounts receivable to revenue and output tax) and announced as `invoice_posted`.
    """
    body: InvoiceBatch = READER.read(await request.body())
    hashes = {invoice.id: _hash(invoice) for invoice in reversed(body.invoices)}  # The first of an id counts.
    known = {row["id"]: row["content_hash"] for row in await raw.fetch(documents.KNOWN_INVOICES, list(hashes))}
    entities = await entity_terms(raw, list({invoice.settlement_entity_id for invoice in body.invoices}))
    sifted = sift(body.invoices, hashes, known, entities)
    at = now()
    totals = {each.id: _totals(each) for each in sifted.new}
    headers = [_header(each, totals[each.id], entities, hashes[each.id]) for each in sifted.new]
    inserted = await raw.fetch(documents.INSERT_INVOICES, *columns_of(headers, 12), at) if headers else []
    hint = "The settlement entity has an invoice of this number; correct the number or do not send it twice."
    posted: list[Invoice] = sifted.settle({row["id"] for row in inserted}, hint)
    await _record(raw, posted, totals, entities, at)
    return sifted.answer()


def _hash(invoice: Invoice) -> bytes:
    header = (invoice.number, invoice.account_id, invoice.settlement_entity_id, invoice.invoiced_on, invoice.currency)
    return content_hash(
        header,
        (
            (
                line.line_no,
                line.store_id,
                line.product_id,
                f"{Decimal(line.quantity):.4f}",
                f"{Decimal(line.unit_price):.4f}",
                f"{Decimal(line.net_amount):.2f}",
                f"{Decimal(line.tax_rate):.6f}",
            )
            for line in invoice.lines
        ),
    )


def _totals(invoice: Invoice) -> LineTotals:
    return line_totals(
        (line.product_id, Decimal(line.quantity), Decimal(line.net_amount), Decimal(line.tax_rate))
        for line in invoice.lines
    )


def _header(invoice: Invoice, totals: LineTotals, entities: dict[UUID, EntityTerms], digest: bytes) -> tuple[Any, ...]:
    terms = entities[invoice.settlement_entity_id].on(invoice.invoiced_on)
    return (
        invoice.id,
        invoice.account_id,
        invoice.settlement_entity_id,
        invoice.number,
        invoice.invoiced_on,
        terms.due_on(invoice.invoiced_on),
        invoice.currency,
        totals.net_amount,
        totals.tax_amount,
        totals.gross_amount,
        len(invoice.lines),
        digest,
    )


async def _record(
    raw: Connection,
    posted: list[Invoice],
    totals: dict[UUID, LineTotals],
    entities: dict[UUID, EntityTerms],
    at: datetime,
) -> None:
    """Write the lines, the journal and the events of what was posted."""
    if not posted:
        return
    lines = [
        (
            invoice.id,
            line.line_no,
            invoice.account_id,
            line.store_id,
            line.product_id,
            line.quantity,
            line.unit_price,
            line.net_amount,
            line.tax_rate,
            tax_amount,
        )
        for invoice in posted
        for line, tax_amount in zip(invoice.lines, totals[invoice.id].tax_amounts, strict=True)
    ]
    await raw.execute(documents.INSERT_INVOICE_LINES, *columns_of(lines, 10))
    entries = [_entry(invoice, totals[invoice.id]) for invoice in posted if totals[invoice.id].gross_amount]
    await journal.book(raw, entries, at=at)
    await emit_many(raw, [_event(invoice, totals[invoice.id], entities) for invoice in posted], at=at)


def _entry(invoice: Invoice, totals: LineTotals) -> JournalEntry:
    return JournalEntry(
        kind=EntryKind.INVOICE_POSTED,
        account_id=invoice.account_id,
        settlement_entity_id=invoice.settlement_entity_id,
        source_id=invoice.id,
        booked_on=invoice.invoiced_on,
        currency=invoice.currency,
        postings=invoice_posted(totals.net_amount, totals.tax_amount),
    )


def _event(invoice: Invoice, totals: LineTotals, entities: dict[UUID, EntityTerms]) -> InvoicePosted:
    return InvoicePosted(
        id=invoice.id,
        account_id=invoice.account_id,
        number=invoice.number,
        settlement_entity_id=invoice.settlement_entity_id,
        invoiced_on=invoice.invoiced_on,
        due_on=entities[invoice.settlement_entity_id].on(invoice.invoiced_on).due_on(invoice.invoiced_on),
        currency=invoice.currency,
        net_amount=totals.net_amount,
        tax_amount=totals.tax_amount,
        gross_amount=totals.gross_amount,
        line_count=len(invoice.lines),
        products=totals.products,
    )


@router.get("", operation_id="list_invoices", policy=READERS_AND_ERP, list_of=InvoiceOut)
async def list_invoices(  # noqa: PLR0913 - one parameter for each filter
    raw: Raw,
    page: Page,
    *,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    number: str | None = None,
    invoiced_from: date | None = None,
    invoiced_to: date | None = None,
    due_to: date | None = None,
    is_open: bool | None = None,
) -> Response:
    """List invoices by date; `due_to` with `is_open` lists what is overdue by a date."""
    return await documents.INVOICES.page(
        raw,
        page,
        account_id=account_id,
        settlement_entity_id=settlement_entity_id,
        number=number,
        invoiced_from=invoiced_from,
        invoiced_to=invoiced_to,
        due_to=due_to,
        is_open=is_open,
    )


@router.get("/{invoice_id}", operation_id="get_invoice", policy=READERS_AND_ERP, answers=InvoiceDetailOut)
async def get_invoice(invoice_id: UUID, raw: Raw) -> Response:
    """Read an invoice with its lines."""
    row = await raw.fetchrow(f"{documents.INVOICE} WHERE id = $1", invoice_id)
    if row is None:
        raise InvoiceNotFound("There is no such invoice; look it up with GET /v1/invoices?number=.")
    lines = await raw.fetch(documents.INVOICE_LINES, invoice_id)
    return JsonResponse({**row, "lines": [dict(line) for line in lines]})
