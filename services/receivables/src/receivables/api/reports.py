"""Ageing 账龄 and fee rates 费用率."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Response
from pydantic import Field

from receivables.api.common import READERS, Thresholds
from receivables.domain.ageing import bucket_bounds
from receivables.domain.errors import ReportTooLarge
from shared.kernel.money import ZERO, round_rate
from shared.platform.fields import Amount, Answer, Rate
from shared.platform.http import JsonResponse, Raw, Router

ageing_router = Router(prefix="/v1/ageing", tags=["reports"])
router = Router(prefix="/v1/reports", tags=["reports"])

ENTITIES_MAX = 1_000
CURRENCIES_MAX = 200

AGEING = """
WITH open_invoice AS (
    SELECT invoice.account_id, invoice.settlement_entity_id, invoice.currency, invoice.due_on,
           invoice.gross_amount - COALESCE(paid.amount, 0) AS open_amount
    FROM invoices AS invoice
    LEFT JOIN LATERAL (
        SELECT sum(line.amount) AS amount FROM remittance_lines AS line
        WHERE line.invoice_id = invoice.id AND line.paid_on <= $1
    ) AS paid ON true
    WHERE invoice.invoiced_on <= $1 AND ($2::uuid IS NULL OR invoice.account_id = $2)
)
SELECT account_id, settlement_entity_id, currency, width_bucket($1::date - due_on, $3::integer[]) AS bucket,
       sum(open_amount) AS amount, count(*) AS invoice_count, min(due_on) AS oldest_due_on
FROM open_invoice WHERE open_amount > 0
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
DEDUCTIONS_OPEN = """
SELECT settlement_entity_id, currency, sum(open_amount) AS waiting, sum(disputed_amount) AS disputed
FROM deductions WHERE received_on <= $1 AND ($2::uuid IS NULL OR account_id = $2) AND open_amount + disputed_amount > 0
GROUP BY 1, 2
"""
PURCHASES = """
SELECT currency, COALESCE(sum(net_amount), 0) AS net_purchases FROM goods_receipts
WHERE account_id = $1 AND received_on BETWEEN $2 AND $3 GROUP BY currency
"""
FEES = """
SELECT currency, source, fee_kind, sum(amount_excl_tax) AS accrued, sum(consumed_excl_tax) AS settled
FROM accruals
WHERE account_id = $1 AND (
    (source = 'contract_term' AND cycle_start BETWEEN $2 AND $3)
    OR (source = 'promotion_fee' AND accrued_through BETWEEN $2 AND $3))
GROUP BY currency, source, fee_kind ORDER BY currency, source, fee_kind
"""


class AgeingBucketOut(Answer):
    """One bucket of days past due."""

    bucket: str
    """not_due, 1-30, … as configured."""
    amount: Amount
    """Amount in the currency of the document, including tax."""
    invoice_count: int
    """Number of open invoices."""


class AgeingOut(Answer):
    """What one settlement entity owes in one currency."""

    account_id: UUID
    """Account 客户 of contracts."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    currency: str
    """ISO 4217 code of all its amounts."""
    open_amount: Amount
    """What is still open."""
    overdue_amount: Amount
    """Part that is past due."""
    buckets: list[AgeingBucketOut]
    """By days past due."""
    oldest_due_on: date | None
    """Due date of the oldest open invoice."""
    deductions_waiting: Amount
    """Deductions that nobody has decided about; today's, not those of `as_of`."""
    deductions_disputed: Amount
    """Disputed deductions; today's, not those of `as_of`."""
    is_hold_advised: bool
    """Whether the oldest open invoice is overdue for more days than the setting allows."""


class AgeingListOut(Answer):
    """Ageing at the end of a day."""

    as_of: date
    """The day as of which it holds."""
    items: Annotated[list[AgeingOut], Field(max_length=ENTITIES_MAX)]
    """The rows."""


class FeeOut(Answer):
    """Fees of one kind, without tax."""

    source: str
    """contract_term 合同条款 or promotion_fee 促销费用: where it was agreed."""
    fee_kind: str
    """Code of the fee catalogue 费用科目 (domain digest 2.1)."""
    accrued: Amount
    """Accrued."""
    settled: Amount
    """Settled."""
    rate: Rate | None
    """Accrued ÷ net purchases; none without purchases."""


class FeeRatesOut(Answer):
    """Fee rates of an account in one currency (domain digest 2.3); all amounts without tax."""

    account_id: UUID
    """Account 客户 of contracts."""
    currency: str
    """ISO 4217 code of all its amounts."""
    net_purchases: Amount
    """Receipts minus returns 净进货额."""
    contract_fees: Amount
    """Accrued for contract terms."""
    promotion_fees: Amount
    """Accrued for promotions."""
    contract_fee_rate: Rate | None
    """合同费用率 [INF]: contract fees ÷ net purchases."""
    promotion_fee_rate: Rate | None
    """SP费用率 [INF], over net purchases of the period."""
    total_fee_rate: Rate | None
    """综合费率 [INF]."""
    fees: list[FeeOut]
    """By source and kind."""


class FeeRatesListOut(Answer):
    """Fee rates per currency."""

    items: Annotated[list[FeeRatesOut], Field(max_length=CURRENCIES_MAX)]
    """The rows."""


@ageing_router.get("", operation_id="get_ageing", policy=READERS, answers=AgeingListOut)
async def get_ageing(as_of: date, raw: Raw, settings: Thresholds, account_id: UUID | None = None) -> Response:
    """Read open invoices by days past due, as they stood at the end of `as_of`, per settlement entity.

    A dispute does not stop the ageing of the undisputed part (Decree 802, Art. 15).
    """
    rows = await raw.fetch(AGEING, as_of, account_id, bucket_bounds(settings.buckets))
    deductions = {
        (row["settlement_entity_id"], row["currency"]): row
        for row in await raw.fetch(DEDUCTIONS_OPEN, as_of, account_id)
    }
    groups: dict[tuple[UUID, UUID, str], list[asyncpg.Record]] = {}
    for row in rows:
        groups.setdefault((row["account_id"], row["settlement_entity_id"], row["currency"]), []).append(row)
    if len(groups) > ENTITIES_MAX:
        raise ReportTooLarge(
            f"More than {ENTITIES_MAX} settlement entities owe something; ask for one account_id at a time."
        )
    items = []
    for (account, entity, currency), found in groups.items():
        oldest = min(row["oldest_due_on"] for row in found)
        waiting = deductions.get((entity, currency))
        items.append(
            {
                "account_id": account,
                "settlement_entity_id": entity,
                "currency": currency,
                "open_amount": sum((row["amount"] for row in found), ZERO),
                "overdue_amount": sum((row["amount"] for row in found if row["bucket"] > 0), ZERO),
                "buckets": _buckets(found, settings.buckets.labels),
                "oldest_due_on": oldest,
                "deductions_waiting": waiting["waiting"] if waiting else ZERO,
                "deductions_disputed": waiting["disputed"] if waiting else ZERO,
                "is_hold_advised": settings.hold_limits.is_advised(oldest, as_of),
            }
        )
    return JsonResponse({"as_of": as_of, "items": items})


def _buckets(rows: list[asyncpg.Record], labels: tuple[str, ...]) -> list[dict[str, Any]]:
    by_bucket = {row["bucket"]: row for row in rows}
    return [
        {
            "bucket": label,
            "amount": by_bucket[index]["amount"] if index in by_bucket else ZERO,
            "invoice_count": by_bucket[index]["invoice_count"] if index in by_bucket else 0,
        }
        for index, label in enumerate(labels)
    ]


@router.get("/fee-rates", operation_id="get_fee_rates", policy=READERS, answers=FeeRatesListOut)
async def get_fee_rates(account_id: UUID, from_day: date, to_day: date, raw: Raw) -> Response:
    """Read net purchases and fees of an account from `from_day` to `to_day`, and their ratios.

    Contract fees are those of cycles that begin in the period; promotion fees those earned in it.
    """
    purchases = {
        row["currency"]: row["net_purchases"] for row in await raw.fetch(PURCHASES, account_id, from_day, to_day)
    }
    rows = await raw.fetch(FEES, account_id, from_day, to_day)
    currencies = sorted({*purchases, *(row["currency"] for row in rows)})
    items = [
        _rates(account_id, code, purchases.get(code, ZERO), [row for row in rows if row["currency"] == code])
        for code in currencies
    ]
    return JsonResponse({"items": items})


def _rates(account_id: UUID, currency: str, purchases: Decimal, rows: list[asyncpg.Record]) -> dict[str, Any]:
    contract = sum((row["accrued"] for row in rows if row["source"] == "contract_term"), ZERO)
    promotion = sum((row["accrued"] for row in rows if row["source"] == "promotion_fee"), ZERO)
    return {
        "account_id": account_id,
        "currency": currency,
        "net_purchases": purchases,
        "contract_fees": contract,
        "promotion_fees": promotion,
        "contract_fee_rate": _rate(contract, purchases),
        "promotion_fee_rate": _rate(promotion, purchases),
        "total_fee_rate": _rate(contract + promotion, purchases),
        "fees": [{**row, "rate": _rate(row["accrued"], purchases)} for row in rows],
    }


def _rate(fees: Decimal, purchases: Decimal) -> Decimal | None:
    return round_rate(fees / purchases) if purchases > 0 else None
