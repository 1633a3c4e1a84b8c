"""The ERP feed: closed batches of settled fees, pulled in order and acknowledged."""

import json
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Path, Query, Response

from receivables.api.common import ERP_AND_FINANCE, FEED_READERS
from receivables.app.close_batch import close_batch
from receivables.domain.erp import check_acknowledgement
from receivables.domain.errors import ErpBatchNotFound
from shared.platform.auth import Principal, Role
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.fields import Amount, Answer, Body, Instant, Sha256
from shared.platform.http import Caller, JsonResponse, Raw, Router
from shared.platform.pagination import LIMIT_MAX
from shared.platform.problems import HttpProblem

router = Router(prefix="/v1/erp-batches", tags=["ERP feed"])

NUMBER_MAX = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]

BATCH = """
SELECT batch.number, batch.as_of, batch.line_count, batch.control_total, batch.totals, batch.previous_hash, batch.hash,
       batch.closed_at, ack.acknowledged_at
FROM erp_batches AS batch LEFT JOIN erp_acknowledgements AS ack ON ack.batch_number = batch.number
"""
LINES = "SELECT line FROM erp_batch_lines WHERE batch_number = $1 ORDER BY position"
ACKNOWLEDGE = """
INSERT INTO erp_acknowledgements (batch_number, acknowledged_by, acknowledged_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
"""


class CloseIn(Body):
    """What to close."""

    as_of: date
    """Fees settled by this day."""


class CurrencyTotalOut(Answer):
    """Sum of the lines in one currency, including tax."""

    currency: str
    """ISO 4217 code of all its amounts."""
    amount: Amount
    """Amount in the currency of the document, including tax."""


class ErpLineOut(Answer):
    """One settled fee, exactly as it was hashed."""

    position: int
    """Gap-free over all batches."""
    settled_fee_id: UUID
    """Settled fee 结算单."""
    number: str
    """Number of the document."""
    account_code: str
    """The account's code."""
    settlement_entity_code: str
    """The payer's code."""
    fee_kind: str
    """Code of the fee catalogue 费用科目 (domain digest 2.1)."""
    settlement_method: str
    """on_invoice 票扣, offset 账扣, cash 电汇 or free_goods 货补."""
    reference: str
    """Contract/term/cycle or promotion/tactic."""
    deduction_number: str | None
    """The retailer's number of the deduction, if it was deducted."""
    currency: str
    """ISO 4217 code of all its amounts."""
    amount: Amount
    """Including tax."""
    tax_amount: Amount
    """Tax in it."""
    amount_excl_tax: Amount
    """Without tax."""
    settled_on: date
    """Business date of the settlement 结算日."""
    document_kind: str
    """red_invoice 红字发票, fee_invoice 服务费发票 or none."""


class ErpBatchOut(Answer):
    """A closed batch; it never changes.

    `hash` is the SHA-256 of canonical JSON (keys sorted, no blanks, UTF-8) of as_of, line_count, lines, number,
    previous_hash and totals, as they stand here.
    """

    number: int
    """Number of the document."""
    as_of: date
    """The day as of which it holds."""
    line_count: int
    """Number of lines."""
    control_total: Amount
    """Sum of all amounts whatever their currency: a check on reading 控制总额."""
    totals: list[CurrencyTotalOut]
    """Sums per currency."""
    previous_hash: Sha256
    """Hash of the batch before; zeros for the first."""
    hash: Sha256
    """SHA-256 of the canonical form, in hex."""
    closed_at: Instant
    """When it was closed."""
    acknowledged_at: Instant | None
    """When the ERP said that it was booked."""


class ErpBatchDetailOut(ErpBatchOut):
    """A closed batch with its lines."""

    lines: list[ErpLineOut]
    """The lines."""


class ErpBatchListOut(Answer):
    """Batches in order; `next` is the number after which to go on."""

    items: list[ErpBatchOut]
    """The rows."""
    next: int | None
    """Where to go on, or none at the end."""


class AcknowledgeIn(Body):
    """What the ERP has read and booked."""

    hash: Sha256
    """SHA-256 of the canonical form, in hex."""
    line_count: int
    """Number of lines."""
    total: Amount
    """The control total: sum of the amounts of all lines."""


@router.post(":close", operation_id="close_erp_batch", policy=ERP_AND_FINANCE, answers=ErpBatchDetailOut)
async def post_close(body: CloseIn, raw: Raw, principal: Caller) -> Response:
    """Close the next batch with what was settled by `as_of`: 201, or 200 with the last batch if nothing is new.

    A day on which nothing was settled gets an empty batch, once.
    """
    _check_sees_all(principal)
    closing = await close_batch(raw, as_of=body.as_of, at=now())
    return JsonResponse(await _detail(raw, closing.number), status_code=201 if closing.is_new else 200)


@router.get("", operation_id="list_erp_batches", policy=FEED_READERS, answers=ErpBatchListOut)
async def list_erp_batches(
    raw: Raw,
    principal: Caller,
    after: Annotated[int, Query(ge=0, le=NUMBER_MAX, description="Number of the last batch that was read.")] = 0,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
) -> Response:
    """List batches in order, without their lines."""
    _check_sees_all(principal)
    rows = await raw.fetch(f"{BATCH} WHERE batch.number > $1 ORDER BY batch.number LIMIT $2", after, limit + 1)
    items = [_batch(row) for row in rows[:limit]]
    return JsonResponse({"items": items, "next": items[-1]["number"] if len(rows) > limit else None})


@router.get("/{number}", operation_id="get_erp_batch", policy=FEED_READERS, answers=ErpBatchDetailOut)
async def get_erp_batch(number: Number, raw: Raw, principal: Caller) -> Response:
    """Read a batch with its lines; recompute the hash and compare it with that of the next batch's `previous_hash`."""
    _check_sees_all(principal)
    return JsonResponse(await _detail(raw, number))


@router.post(
    "/{number}:acknowledge", operation_id="acknowledge_erp_batch", policy=[Role.ERP], answers=ErpBatchDetailOut
)
async def acknowledge_erp_batch(number: Number, body: AcknowledgeIn, raw: Raw, principal: Caller) -> Response:
    """Say that the batch was booked; hash, line count and total must be those of the batch (`batch_mismatch`)."""
    _check_sees_all(principal)
    row = await raw.fetchrow(f"{BATCH} WHERE batch.number = $1", number)
    if row is None:
        raise _not_found(number)
    closed: tuple[str, int, Decimal] = (row["hash"], row["line_count"], row["control_total"])
    check_acknowledgement(closed, (body.hash, body.line_count, body.total), number=number)
    await raw.execute(ACKNOWLEDGE, number, principal.subject, now())
    return JsonResponse(await _detail(raw, number))


def _check_sees_all(principal: Principal) -> None:
    """Let only callers pass who see all accounts: a batch, its totals and its hash are of all of them.

    Raises:
        HttpProblem: 403, the caller sees some accounts.
    """
    if not principal.scope.everything:
        raise HttpProblem(
            403, "whole_scope_needed", "A batch holds the fees of all accounts; call with a token whose scope is all."
        )


async def _detail(raw: Connection, number: int) -> dict[str, Any]:
    row = await raw.fetchrow(f"{BATCH} WHERE batch.number = $1", number)
    if row is None:
        raise _not_found(number)
    lines = await raw.fetch(LINES, number)
    return {**_batch(row), "lines": [json.loads(line["line"]) for line in lines]}


def _batch(row: asyncpg.Record) -> dict[str, Any]:
    return {**row, "totals": json.loads(row["totals"])}


def _not_found(number: int) -> ErpBatchNotFound:
    return ErpBatchNotFound(f"Batch {number} has not been closed; list the batches with GET /v1/erp-batches.")
