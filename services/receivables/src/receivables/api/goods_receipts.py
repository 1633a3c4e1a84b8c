"""Goods receipts 进货/退货: what net purchases are made of, recorded in batches by the ERP."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field, field_validator

from receivables.api.batch_bodies import BatchReader, GoodsReceipt, GoodsReceiptBatch
from receivables.api.common import (
    DOCUMENTS_MAX,
    ERP_AND_FINANCE,
    LINES_MAX,
    READERS_AND_ERP,
    BatchAnswer,
    content_hash,
    sift,
)  # fmt: skip
from receivables.db import documents
from receivables.db.rows import columns_of
from receivables.db.terms import entity_terms
from receivables.domain.documents import LineTotals, line_totals
from receivables.domain.errors import GoodsReceiptNotFound
from receivables.domain.events import PurchaseRecorded
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.fields import Amount, Answer, Body, Currency, Instant, Quantity, Rate, ShortText, UnitPrice
from shared.platform.http import JsonResponse, Raw, Router
from shared.platform.outbox import emit_many
from shared.platform.pagination import Page

router = Router(prefix="/v1/goods-receipts", tags=["goods receipts"])

ReceiptKind = Literal["receipt", "return"]


class GoodsReceiptLineIn(Body):
    """A line of a goods receipt or return; amounts without tax and above zero in both cases."""

    line_no: Annotated[int, Field(ge=1, le=LINES_MAX)]
    """Number of the line within the document, from 1."""
    product_id: UUID
    """Product of contracts."""
    quantity: Quantity = Field(gt=0)
    """In the product's unit; positive for a return, too."""
    unit_price: UnitPrice = Field(ge=0)
    """Price per unit without tax."""
    net_amount: Amount = Field(ge=0)
    """Without tax; positive for a return, too."""
    tax_rate: Rate = Field(ge=0, lt=1)
    """Fraction: "0.13" is 13 %."""


class GoodsReceiptIn(Body):
    """A goods receipt note (GRN) or a return note."""

    id: UUID
    """The ERP's own identifier: sending it again changes nothing."""
    number: ShortText
    """Number of the note, unique for the settlement entity and kind."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Who bought 结算主体."""
    store_id: UUID | None = None
    """Store that received or returned; absent for a distribution centre."""
    received_on: date
    """The date that counts for net purchases 收货日."""
    kind: ReceiptKind
    """receipt 进货 or return 退货."""
    invoice_id: UUID | None = None
    """Invoice that it belongs to, if known."""
    currency: Currency
    """ISO 4217 code of all its amounts."""
    tax_basis: str = Field(default="excl", pattern="^excl$")
    """Amounts of lines are without tax; nothing else is taken."""
    lines: Annotated[list[GoodsReceiptLineIn], Field(min_length=1, max_length=LINES_MAX)]
    """The lines."""

    @field_validator("lines")
    @classmethod
    def _numbered_once(cls, lines: list[GoodsReceiptLineIn]) -> list[GoodsReceiptLineIn]:
        if len({line.line_no for line in lines}) != len(lines):
            raise ValueError("each line_no may stand once in a goods receipt")
        return lines


class GoodsReceiptBatchIn(Body):
    """Goods receipts to be recorded together; each has a fate of its own."""

    goods_receipts: Annotated[list[GoodsReceiptIn], Field(min_length=1, max_length=DOCUMENTS_MAX)]
    """The notes."""

    @field_validator("goods_receipts")
    @classmethod
    def _not_too_many_lines(cls, receipts: list[GoodsReceiptIn]) -> list[GoodsReceiptIn]:
        if sum(len(receipt.lines) for receipt in receipts) > LINES_MAX:
            raise ValueError(f"a batch has at most {LINES_MAX} lines; send the rest in another one")
        return receipts


class GoodsReceiptOut(Answer):
    """A goods receipt; amounts are negative for a return."""

    id: UUID
    """Identifier."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    store_id: UUID | None
    """Store of store-ops; absent for a distribution centre."""
    number: str
    """Number of the document."""
    kind: ReceiptKind
    """What kind it is."""
    received_on: date
    """Business date on which it was received."""
    invoice_id: UUID | None
    """Invoice that it belongs to, if known."""
    currency: str
    """ISO 4217 code of all its amounts."""
    net_amount: Amount
    """Without tax."""
    gross_amount: Amount
    """Including tax."""
    line_count: int
    """Number of lines."""
    recorded_at: Instant
    """When it was recorded."""


class GoodsReceiptLineOut(Answer):
    """A line; quantity and amounts are negative for a return."""

    line_no: int
    """Number of the line within the document, from 1."""
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


class GoodsReceiptDetailOut(GoodsReceiptOut):
    """A goods receipt with its lines."""

    lines: list[GoodsReceiptLineOut]
    """The lines."""


READER = BatchReader(GoodsReceiptBatch, GoodsReceiptBatchIn)


@router.post(
    ":batch",
    operation_id="post_goods_receipts",
    policy=ERP_AND_FINANCE,
    answers=BatchAnswer,
    openapi_extra=READER.document(),
)
async def post_goods_receipts(request: Request, raw: Raw) -> Response:
    """Record up to 500 goods receipts and returns with up to 5,000 lines; sending the same again changes nothing.

    - A note whose id is known with the same content is `unchanged`; with other content it is refused (`id_taken`).
    - Net purchases 净进货额 are receipts minus returns by `received_on`; contract fees are computed from them.
    - Each recorded note is announced as `purchase_recorded`.
    """
    body: GoodsReceiptBatch = READER.read(await request.body())
    receipts = body.goods_receipts
    hashes = {receipt.id: _hash(receipt) for receipt in reversed(receipts)}  # The first of an id counts.
    known = {row["id"]: row["content_hash"] for row in await raw.fetch(documents.KNOWN_RECEIPTS, list(hashes))}
    entities = await entity_terms(raw, list({receipt.settlement_entity_id for receipt in receipts}))
    sifted = sift(receipts, hashes, known, entities)
    at = now()
    totals = {each.id: _totals(each) for each in sifted.new}
    headers = [_header(each, totals[each.id], hashes[each.id]) for each in sifted.new]
    inserted = await raw.fetch(documents.INSERT_RECEIPTS, *columns_of(headers, 13), at) if headers else []
    hint = "The settlement entity has a note of this kind and number; correct the number or do not send it twice."
    recorded: list[GoodsReceipt] = sifted.settle({row["id"] for row in inserted}, hint)
    await _record(raw, recorded, totals, at)
    return sifted.answer()


def _hash(receipt: GoodsReceipt) -> bytes:
    header = (
        receipt.number,
        receipt.account_id,
        receipt.settlement_entity_id,
        receipt.store_id,
        receipt.received_on,
        receipt.kind,
        receipt.invoice_id,
        receipt.currency,
    )
    return content_hash(
        header,
        (
            (
                line.line_no,
                line.product_id,
                f"{Decimal(line.quantity):.4f}",
                f"{Decimal(line.unit_price):.4f}",
                f"{Decimal(line.net_amount):.2f}",
                f"{Decimal(line.tax_rate):.6f}",
            )
            for line in receipt.lines
        ),
    )


def _totals(receipt: GoodsReceipt) -> LineTotals:
    lines = (
        (line.product_id, Decimal(line.quantity), Decimal(line.net_amount), Decimal(line.tax_rate))
        for line in receipt.lines
    )
    return line_totals(lines, receipt.sign)


def _header(receipt: GoodsReceipt, totals: LineTotals, digest: bytes) -> tuple[Any, ...]:
    return (
        receipt.id,
        receipt.account_id,
        receipt.settlement_entity_id,
        receipt.store_id,
        receipt.number,
        receipt.kind,
        receipt.received_on,
        receipt.invoice_id,
        receipt.currency,
        totals.net_amount,
        totals.gross_amount,
        len(receipt.lines),
        digest,
    )


async def _record(raw: Connection, recorded: list[GoodsReceipt], totals: dict[UUID, LineTotals], at: datetime) -> None:
    """Write the lines and the events of what was recorded."""
    if not recorded:
        return
    lines = [
        (
            receipt.id,
            line.line_no,
            receipt.account_id,
            line.product_id,
            Decimal(line.quantity) * receipt.sign,
            line.unit_price,
            Decimal(line.net_amount) * receipt.sign,
            line.tax_rate,
            tax_amount,
        )
        for receipt in recorded
        for line, tax_amount in zip(receipt.lines, totals[receipt.id].tax_amounts, strict=True)
    ]
    await raw.execute(documents.INSERT_RECEIPT_LINES, *columns_of(lines, 9))
    await emit_many(raw, [_event(receipt, totals[receipt.id]) for receipt in recorded], at=at)


def _event(receipt: GoodsReceipt, totals: LineTotals) -> PurchaseRecorded:
    return PurchaseRecorded(
        id=receipt.id,
        account_id=receipt.account_id,
        number=receipt.number,
        settlement_entity_id=receipt.settlement_entity_id,
        store_id=receipt.store_id,
        invoice_id=receipt.invoice_id,
        received_on=receipt.received_on,
        kind=receipt.kind,
        currency=receipt.currency,
        net_amount=totals.net_amount,
        gross_amount=totals.gross_amount,
        line_count=len(receipt.lines),
        products=totals.products,
    )


@router.get("", operation_id="list_goods_receipts", policy=READERS_AND_ERP, list_of=GoodsReceiptOut)
async def list_goods_receipts(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    store_id: UUID | None = None,
    kind: ReceiptKind | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
) -> Response:
    """List goods receipts and returns by date."""
    return await documents.RECEIPTS.page(
        raw,
        page,
        account_id=account_id,
        settlement_entity_id=settlement_entity_id,
        store_id=store_id,
        kind=kind,
        received_from=received_from,
        received_to=received_to,
    )


@router.get(
    "/{goods_receipt_id}", operation_id="get_goods_receipt", policy=READERS_AND_ERP, answers=GoodsReceiptDetailOut
)
async def get_goods_receipt(goods_receipt_id: UUID, raw: Raw) -> Response:
    """Read a goods receipt with its lines."""
    row = await raw.fetchrow(f"{documents.RECEIPT} WHERE id = $1", goods_receipt_id)
    if row is None:
        raise GoodsReceiptNotFound("There is no such goods receipt; look it up with GET /v1/goods-receipts.")
    lines = await raw.fetch(documents.RECEIPT_LINES, goods_receipt_id)
    return JsonResponse({**row, "lines": [dict(line) for line in lines]})
