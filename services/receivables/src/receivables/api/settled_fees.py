"""Settled fees 结算单, and the explanation of each down to the clause or the shelf."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import Response

from receivables.api.common import READERS_AND_ERP
from receivables.api.explanation import ExplanationOut, explain
from receivables.db import fees
from receivables.domain.errors import SettledFeeNotFound
from shared.platform.fields import Amount, Answer, Rate
from shared.platform.http import JsonResponse, Raw, Router
from shared.platform.pagination import Page

router = Router(prefix="/v1/settled-fees", tags=["settled fees"])


class SettledFeeOut(Answer):
    """A settled fee; amounts in its currency."""

    id: UUID
    account_id: UUID
    settlement_entity_id: UUID
    number: str
    accrual_id: UUID
    deduction_id: UUID | None
    """The deduction that it is a part of; none for a fee that was paid."""
    remittance_id: UUID | None
    fee_kind: str
    settlement_method: str
    currency: str
    amount: Amount
    """Including tax."""
    tax_rate: Rate
    tax_amount: Amount
    amount_excl_tax: Amount
    settled_on: date
    document_kind: Literal["red_invoice", "fee_invoice", "none"]
    """红字发票 (ours), 服务费发票 (the retailer's), or none for a penalty."""
    document_number: str | None
    documented_on: date | None
    erp_batch: int | None
    """Number of the ERP batch that carries it."""
    erp_position: int | None


@router.get("", operation_id="list_settled_fees", policy=READERS_AND_ERP, list_of=SettledFeeOut)
async def list_settled_fees(
    raw: Raw,
    page: Page,
    *,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    deduction_id: UUID | None = None,
    accrual_id: UUID | None = None,
    settled_from: date | None = None,
    settled_to: date | None = None,
) -> Response:
    """List settled fees by date."""
    return await fees.SETTLED_FEES.page(
        raw,
        page,
        account_id=account_id,
        settlement_entity_id=settlement_entity_id,
        deduction_id=deduction_id,
        accrual_id=accrual_id,
        settled_from=settled_from,
        settled_to=settled_to,
    )


@router.get("/{settled_fee_id}", operation_id="get_settled_fee", policy=READERS_AND_ERP, answers=SettledFeeOut)
async def get_settled_fee(settled_fee_id: UUID, raw: Raw) -> Response:
    """Read a settled fee."""
    return JsonResponse(await _settled_fee(raw, settled_fee_id))


@router.get(
    "/{settled_fee_id}/explanation",
    operation_id="explain_settled_fee",
    policy=READERS_AND_ERP,
    answers=ExplanationOut,
)
async def explain_settled_fee(settled_fee_id: UUID, raw: Raw) -> Response:
    """Explain a settled fee from the ERP line to the clause or the shelf.

    ERP line → settlement → deduction and remittance → accrual with its formula and figures → contract clause and signed
    document, or promotion, DM slot and the verdict of each store with its photos → journal. `proofs` repeats the sums.
    """
    return JsonResponse(await explain(raw, await _settled_fee(raw, settled_fee_id)))


async def _settled_fee(raw: Raw, settled_fee_id: UUID) -> dict[str, Any]:
    row = await raw.fetchrow(f"{fees.SETTLED_FEE} WHERE id = $1", settled_fee_id)
    if row is None:
        raise SettledFeeNotFound("There is no such settled fee; look it up with GET /v1/settled-fees.")
    return dict(row)
