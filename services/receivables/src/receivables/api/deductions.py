"""Deductions 账扣: matched by the service, disputed, accepted, recovered or written off by people."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field

from receivables.api.common import FINANCE, READERS_AND_ERP, Thresholds
from receivables.app.match import entry_of, match_deductions, needs_no_document
from receivables.app.settle import Part, check_free, chosen, document, settle
from receivables.db import deductions as statements
from receivables.db import documents, journal
from receivables.domain import journal as postings
from receivables.domain.deductions import Deduction, DeductionStatus
from receivables.domain.errors import (
    AccrualNotFound,
    CurrencyMismatch,
    DeductionClosed,
    DeductionNotFound,
)  # fmt: skip
from receivables.domain.journal import EntryKind
from receivables.domain.matching import DisputeReason
from shared.kernel.events import Event
from shared.platform.auth import Role
from shared.platform.clock import now, today
from shared.platform.db import Connection
from shared.platform.fields import Amount, Answer, Body, ShortText
from shared.platform.http import JsonResponse, Raw, Router, json_response
from shared.platform.outbox import emit_many
from shared.platform.pagination import Page

router = Router(prefix="/v1/deductions", tags=["deductions"])


class DeductionOut(Answer):
    """A deduction and its parts: amount = open + accepted + disputed + recovered + written off."""

    id: UUID
    """Identifier."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    remittance_id: UUID
    """Remittance 汇款 that brought it."""
    number: str
    """The retailer's number."""
    reason_code: str
    """The retailer's reason code."""
    fee_kind: str | None
    """Code of the fee catalogue 费用科目 (domain digest 2.1)."""
    claim_reference: str | None
    """What it is claimed for, like C-1/T1/2024-03 or P-17/endcap."""
    currency: str
    """ISO 4217 code of all its amounts."""
    amount: Amount
    """Including tax."""
    open_amount: Amount
    """Waits for a match or for a person."""
    accepted_amount: Amount
    """Part that accruals cover 已核销."""
    disputed_amount: Amount
    """Part in dispute 争议."""
    recovered_amount: Amount
    """Part that came back 追回."""
    written_off_amount: Amount
    """Tolerance differences included."""
    status: DeductionStatus
    """Where it stands."""
    dispute_reason: DisputeReason | None
    """Why a part is disputed: over_claimed, duplicate, not_earned, unagreed or other."""
    match_note: str | None
    """Why it waits: no_reference, unagreed or not_accrued."""
    is_documented: bool
    """Whether the tax documents of its accepted parts are in."""
    received_on: date
    """Business date on which it was received."""
    version: int
    """Rises by one with each change; the ETag."""


class MatchIn(Body):
    """What to match."""

    as_of: date | None = None
    """Deductions received by this day, decided on this day; without it all, today."""


class MatchOut(Answer):
    """What the run did."""

    examined: int
    """Deductions that an accrual was found for."""
    settled: int
    """Settled fees made."""
    disputed: int
    """Deductions of which a part is disputed."""


class DisputeIn(Body):
    """What is disputed and why."""

    reason: DisputeReason
    """Why."""
    amount: Amount = Field(gt=0)
    """Amount in the currency of the document, including tax."""
    disputed_on: date | None = None
    """Today without it."""


class AcceptIn(Body):
    """Which accrual covers it."""

    accrual_id: UUID
    """Accrual 预提 that it consumes."""
    amount: Amount | None = Field(default=None, gt=0)
    """Everything that is open or disputed without it."""
    accepted_on: date | None = None
    """Today without it."""


class SettleIn(Body):
    """The tax document of the accepted parts."""

    document_number: ShortText
    """Number of the red invoice 红字发票 or of the retailer's fee invoice 服务费发票."""
    settled_on: date | None = None
    """Today without it."""


class RecoverIn(Body):
    """Money that came back."""

    amount: Amount = Field(gt=0)
    """Amount in the currency of the document, including tax."""
    recovered_on: date | None = None
    """Today without it."""


class WriteOffIn(Body):
    """Money that is given up."""

    amount: Amount | None = Field(default=None, gt=0)
    """Everything that is open or disputed without it."""
    reason: ShortText
    """Why; it needs approval and evidence (domain digest 4), which the caller's role stands for."""
    written_off_on: date | None = None
    """Today without it."""


@router.get("", operation_id="list_deductions", policy=READERS_AND_ERP, list_of=DeductionOut)
async def list_deductions(  # noqa: PLR0913 - one parameter for each filter
    raw: Raw,
    page: Page,
    *,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    remittance_id: UUID | None = None,
    status: DeductionStatus | None = None,
    claim_reference: str | None = None,
    dispute_reason: DisputeReason | None = None,
    match_note: Literal["no_reference", "unagreed", "not_accrued"] | None = None,
) -> Response:
    """List deductions by date; `status=received` with `match_note` is the work of a person."""
    return await documents.DEDUCTIONS.page(
        raw,
        page,
        account_id=account_id,
        settlement_entity_id=settlement_entity_id,
        remittance_id=remittance_id,
        status=status,
        claim_reference=claim_reference,
        dispute_reason=dispute_reason,
        match_note=match_note,
    )


@router.get("/{deduction_id}", operation_id="get_deduction", policy=READERS_AND_ERP, answers=DeductionOut)
async def get_deduction(deduction_id: UUID, raw: Raw) -> Response:
    """Read a deduction."""
    return await _answer(raw, deduction_id)


@router.post(":match", operation_id="match_deductions", policy=FINANCE, answers=MatchOut)
async def match_all(body: MatchIn, raw: Raw, settings: Thresholds) -> Response:
    """Match deductions with accruals by claim reference, oldest first; the service does so by itself every few seconds.

    - Up to the accrual's open amount a deduction is accepted and settled (`fee_settled`).
    - An excess within the tolerance 容差 is written off; above it, it is disputed as `over_claimed`.
    - Nothing left: `duplicate`; nothing earned: `not_earned`. No accrual: it stays open, with a `match_note`.
    """
    on = body.as_of or today(settings.time_zone)
    run = await match_deductions(raw, settings, as_of=body.as_of, on=on, at=now())
    return JsonResponse(MatchOut(examined=run.examined, settled=run.settled, disputed=run.disputed))


@router.post(
    "/{deduction_id}:dispute",
    operation_id="dispute_deduction",
    policy=FINANCE,
    answers=DeductionOut,
    idempotency="required",
)
async def dispute_deduction(deduction_id: UUID, body: DisputeIn, raw: Raw, settings: Thresholds) -> Response:
    """Dispute a part of what is open 提出争议; undisputed parts go on (Decree 802, Art. 15)."""
    deduction = await _load(raw, deduction_id)
    on = body.disputed_on or today(settings.time_zone)
    event = deduction.dispute(body.amount, body.reason, on=on)
    entry = entry_of(deduction, EntryKind.DEDUCTION_DISPUTED, postings.deduction_disputed(body.amount), on)
    return await _save(raw, deduction, [entry], [event])


@router.post(
    "/{deduction_id}:accept",
    operation_id="accept_deduction",
    policy=FINANCE,
    answers=DeductionOut,
    idempotency="required",
)
async def accept_deduction(deduction_id: UUID, body: AcceptIn, raw: Raw, settings: Thresholds) -> Response:
    """Accept a part against an accrual that a person chose, disputed parts included; it is settled at once."""
    deduction = await _load(raw, deduction_id)
    accrual, free = await chosen(raw, body.accrual_id)
    if accrual.account_id != deduction.account_id:
        raise AccrualNotFound("The deduction's account has no such accrual; choose one with GET /v1/accruals.")
    if accrual.currency != deduction.currency:
        raise CurrencyMismatch(f"The accrual is in {accrual.currency}, the deduction in {deduction.currency}.")
    amount = body.amount or deduction.open_amount + deduction.disputed_amount
    if amount:
        check_free(accrual, free, amount)
    on = body.accepted_on or today(settings.time_zone)
    none_waits = deduction.is_documented or not deduction.accepted_amount
    from_dispute = deduction.accept(amount)
    deduction.is_documented = none_waits and needs_no_document([accrual.fee_kind], settings.tax_rates)
    entries = []
    if from_dispute:
        entries.append(entry_of(deduction, EntryKind.DEDUCTION_REOPENED, postings.deduction_reopened(from_dispute), on))
    part = Part(accrual=accrual, amount=amount, deduction=deduction)
    await settle(raw, [part], settings.tax_rates, on=on, at=now())
    return await _save(raw, deduction, entries, _resolved(deduction, on))


@router.post("/{deduction_id}:settle", operation_id="settle_deduction", policy=FINANCE, answers=DeductionOut)
async def settle_deduction(deduction_id: UUID, body: SettleIn, raw: Raw, settings: Thresholds) -> Response:
    """Record the tax document of the accepted parts: `accepted` becomes `settled` once nothing else is left."""
    deduction = await _load(raw, deduction_id)
    if not deduction.accepted_amount or deduction.is_documented:
        raise DeductionClosed("No accepted part waits for a document; read the deduction again.")
    on = body.settled_on or today(settings.time_zone)
    await document(raw, deduction_id, body.document_number, on=on, at=now())
    deduction.is_documented = True
    return await _save(raw, deduction, [], _resolved(deduction, on))


@router.post(
    "/{deduction_id}:recover",
    operation_id="recover_deduction",
    policy=FINANCE,
    answers=DeductionOut,
    idempotency="required",
)
async def recover_deduction(deduction_id: UUID, body: RecoverIn, raw: Raw, settings: Thresholds) -> Response:
    """Book that the retailer paid a disputed part back 追回."""
    deduction = await _load(raw, deduction_id)
    on = body.recovered_on or today(settings.time_zone)
    deduction.recover(body.amount)
    entry = entry_of(deduction, EntryKind.DEDUCTION_RECOVERED, postings.deduction_recovered(body.amount), on)
    return await _save(raw, deduction, [entry], _resolved(deduction, on))


@router.post(
    "/{deduction_id}:write-off",
    operation_id="write_off_deduction",
    policy=[Role.FINANCE_CONTROLLER],
    answers=DeductionOut,
    idempotency="required",
)
async def write_off_deduction(deduction_id: UUID, body: WriteOffIn, raw: Raw, settings: Thresholds) -> Response:
    """Give up what is disputed or open 核销."""
    deduction = await _load(raw, deduction_id)
    on = body.written_off_on or today(settings.time_zone)
    amount: Decimal = body.amount or deduction.open_amount + deduction.disputed_amount
    from_dispute = deduction.write_off(amount)
    booked = postings.written_off(amount - from_dispute, from_dispute)
    entry = entry_of(deduction, EntryKind.DEDUCTION_WRITTEN_OFF, booked, on)
    return await _save(raw, deduction, [entry], _resolved(deduction, on))


def _resolved(deduction: Deduction, on: date) -> list[Event]:
    event = deduction.resolved(on=on)
    return [] if event is None else [event]


async def _load(raw: Connection, deduction_id: UUID) -> Deduction:
    found = await statements.load(raw, statements.BY_ID, deduction_id)
    if not found:
        raise DeductionNotFound("There is no such deduction; look it up with GET /v1/deductions.")
    return found[0]


async def _save(
    raw: Connection, deduction: Deduction, entries: list[postings.JournalEntry], events: list[Event]
) -> Response:
    """Write the deduction, book, announce, and answer with how it stands."""
    at = now()
    await statements.save(raw, [deduction])
    await journal.book(raw, entries, at=at)
    await emit_many(raw, events, at=at)
    return await _answer(raw, deduction.id)


async def _answer(raw: Connection, deduction_id: UUID) -> Response:
    row = await raw.fetchrow(f"{documents.DEDUCTION} WHERE id = $1", deduction_id)
    if row is None:
        raise DeductionNotFound("There is no such deduction; look it up with GET /v1/deductions.")
    return json_response(dict(row), etag=row["version"])
