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
    """Identifier."""
    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    number: str
    """Number of the document."""
    accrual_id: UUID
    """Accrual 预提 that it consumes."""
    deduction_id: UUID | None
    """The deduction that it is a part of; none for a fee that was paid."""
    remittance_id: UUID | None
    """Remittance 汇款 that brought it."""
    fee_kind: str
    """Code of the fee catalogue 费用科目 (domain digest 2.1)."""
    settlement_method: str
    """on_invoice 票扣, offset 账扣, cash 电汇 or free_goods 货补."""
    currency: str
    """ISO 4217 code of all its amounts."""
    amount: Amount
    """Including tax."""
    tax_rate: Rate
    """Fraction: "0.13" is 13 %."""
    tax_amount: Amount
    """Tax in it."""
    amount_excl_tax: Amount
    """Without tax."""
    settled_on: date
    """Business date of the settlement 结算日."""
    document_kind: Literal["red_invoice", "fee_invoice", "none"]
    """红字发票 (ours), 服务费发票 (the retailer's), or none for a penalty."""
    document_number: str | None
    """Number of the tax document, once it is in."""
    documented_on: date | None
    """Business date on which the tax document came in."""
    erp_batch: int | None
    """Number of the ERP batch that carries it."""
    erp_position: int | None
    """Its position in the ERP feed."""


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
