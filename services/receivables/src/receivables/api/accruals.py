"""Accruals 预提: what is owed for contract terms and promotion fees so far, and what is left of it."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field

from receivables.api.common import FINANCE, READERS_AND_ERP, Thresholds
from receivables.api.settled_fees import SettledFeeOut
from receivables.app.accrue import FEES_PER_STEP, accrue_contracts, accrue_promotions
from receivables.app.settle import Part, check_free, chosen, settle
from receivables.db import fees
from receivables.domain.errors import AccrualNotFound, NotSettledInCash
from shared.platform.clock import now, today
from shared.platform.fields import Amount, Answer, Body, Instant, Rate, ShortText
from shared.platform.http import JsonResponse, Raw, Router
from shared.platform.pagination import Page

router = Router(prefix="/v1/accruals", tags=["accruals"])

Source = Literal["contract_term", "promotion_fee"]


class RunIn(Body):
    """What to accrue."""

    account_id: UUID | None = None
    """One account; without it all of the caller's scope."""
    as_of: date
    """Quantities up to this day."""


class RunOut(Answer):
    """What the run did."""

    examined: int
    """Terms times cycles, and promotion fees, that were looked at."""
    changed: int
    """Accruals whose amount changed; each is announced as `fee_accrued`."""


class AccrualOut(Answer):
    """An accrual; amounts in its currency. open = incl_tax + reclaim - consumed."""

    id: UUID
    """Identifier."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    source: Source
    """contract_term 合同条款 or promotion_fee 促销费用: where it was agreed."""
    contract_id: UUID | None
    """Contract, if it was agreed in one."""
    contract_version: int | None
    """Number of the contract version, if it was agreed in one."""
    term_id: UUID | None
    """Term line of the contract, if it was agreed in one."""
    term_code: str | None
    """Its short code, like T1."""
    promotion_id: UUID | None
    """Promotion, if it was agreed in one."""
    promotion_fee_id: UUID | None
    """Fee of the promotion, if it was agreed in one."""
    agreement_number: str
    """Number of the contract or promotion."""
    fee_kind: str
    """Code of the fee catalogue 费用科目 (domain digest 2.1)."""
    settlement_method: str
    """on_invoice 票扣, offset 账扣, cash 电汇 or free_goods 货补."""
    currency: str
    """ISO 4217 code of all its amounts."""
    cycle_start: date
    """First day of the cycle, or of the promotion."""
    cycle_end: date
    """Last day that can still change it."""
    accrued_through: date
    """Last day whose quantities are in the amount."""
    driver: str
    """net_purchases, store_periods, periods, or earned for a promotion fee."""
    driver_quantity: str
    """Sixteen decimals."""
    elapsed: str
    """Part of the cycle that has passed; a minimum builds up by it."""
    tax_basis: Literal["incl", "excl"]
    """incl 含税 or excl 未税."""
    tax_rate: Rate
    """Fraction: "0.13" is 13 %."""
    amount: Amount
    """In `tax_basis`."""
    amount_incl_tax: Amount
    """Including tax."""
    amount_excl_tax: Amount
    """Without tax."""
    consumed_amount: Amount
    """Settled, including tax."""
    reclaim_amount: Amount
    """Settled beyond what is owed now: to be given back."""
    open_amount: Amount
    """What deductions may still take, including tax."""
    claim_reference: str
    """What a deduction has to quote."""


class AccrualEntryOut(Answer):
    """A change of an accrual."""

    booked_on: date
    """Business date of the entry."""
    accrued_through: date
    """Last day whose quantities are in the amount."""
    driver_quantity: str
    """The driver's quantity, up to sixteen decimals."""
    delta_incl_tax: Amount
    """Change including tax."""
    delta_excl_tax: Amount
    """Change without tax."""
    recorded_at: Instant
    """When it was recorded."""


class AccrualDetailOut(AccrualOut):
    """An accrual with its entries."""

    entries: list[AccrualEntryOut]
    """The changes that made it, oldest first."""


class SettleAccrualIn(Body):
    """A fee that we pay, instead of letting it be deducted."""

    amount: Amount | None = Field(default=None, gt=0)
    """Including tax; everything that is open without it."""
    document_number: ShortText
    """The retailer's invoice."""
    settled_on: date | None = None
    """Today without it."""


@router.post(":run", operation_id="run_accruals", policy=FINANCE, answers=RunOut)
async def run_accruals(body: RunIn, raw: Raw, settings: Thresholds) -> Response:
    """Bring every accrual to its cumulative target; running again changes nothing.

    - Contract terms: formula times quantities of the cycle up to `as_of`; tiers reached late true up the whole cycle.
    - Promotion fees: what was earned. The service accrues these by itself as they come.
    - An accrual never goes back in time: the order of runs does not matter.
    """
    at = now()
    done = await accrue_contracts(raw, settings, account_id=body.account_id, as_of=body.as_of, at=at)
    examined, changed = done.examined, done.changed
    step = FEES_PER_STEP
    while step == FEES_PER_STEP:
        fees_done = await accrue_promotions(raw, settings, account_id=body.account_id, at=at)
        step, examined, changed = fees_done.examined, examined + fees_done.examined, changed + fees_done.changed
    return JsonResponse(RunOut(examined=examined, changed=changed))


@router.get("", operation_id="list_accruals", policy=READERS_AND_ERP, list_of=AccrualOut)
async def list_accruals(  # noqa: PLR0913 - one parameter for each filter
    raw: Raw,
    page: Page,
    *,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    contract_id: UUID | None = None,
    promotion_id: UUID | None = None,
    source: Source | None = None,
    fee_kind: str | None = None,
    is_open: bool | None = None,
) -> Response:
    """List accruals by cycle."""
    return await fees.ACCRUALS.page(
        raw,
        page,
        account_id=account_id,
        settlement_entity_id=settlement_entity_id,
        contract_id=contract_id,
        promotion_id=promotion_id,
        source=source,
        fee_kind=fee_kind,
        is_open=is_open,
    )


@router.get("/{accrual_id}", operation_id="get_accrual", policy=READERS_AND_ERP, answers=AccrualDetailOut)
async def get_accrual(accrual_id: UUID, raw: Raw) -> Response:
    """Read an accrual with the entries that made it."""
    row = await raw.fetchrow(f"{fees.ACCRUAL} WHERE id = $1", accrual_id)
    if row is None:
        raise AccrualNotFound("There is no such accrual; look it up with GET /v1/accruals.")
    entries = await raw.fetch(fees.ACCRUAL_ENTRIES, accrual_id)
    return JsonResponse({**row, "entries": [dict(entry) for entry in entries]})


@router.post(
    "/{accrual_id}:settle",
    operation_id="settle_accrual",
    policy=FINANCE,
    answers=SettledFeeOut,
    status_code=201,
    idempotency="required",
)
async def settle_accrual(accrual_id: UUID, body: SettleAccrualIn, raw: Raw, settings: Thresholds) -> Response:
    """Settle a fee in cash 电汇 on the retailer's invoice, without a deduction."""
    accrual, free = await chosen(raw, accrual_id)
    if accrual.settlement_method != "cash":
        raise NotSettledInCash(
            f"The fee was agreed as {accrual.settlement_method}; wait for the deduction and match it."
        )
    amount = free if body.amount is None else body.amount
    check_free(accrual, free, amount)
    part = Part(accrual=accrual, amount=amount, deduction=None, document_number=body.document_number)
    on = body.settled_on or today(settings.time_zone)
    (event,) = await settle(raw, [part], settings.tax_rates, on=on, at=now())
    row = await raw.fetchrow(f"{fees.SETTLED_FEE} WHERE id = $1", event.id)
    assert row is not None
    return JsonResponse(dict(row), status_code=201)
