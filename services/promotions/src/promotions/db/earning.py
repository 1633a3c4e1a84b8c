"""Fees that wait to be earned, with their proof, read and written by set-based statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from promotions.db.promotions import rate_of
from promotions.domain.earning import Earned, FeeCase
from promotions.domain.events import PromotionFeeEarned
from promotions.domain.fees import Fee, FeeBasis, FeeKind, Reach, SettlementMethod
from promotions.domain.funds import FeeBalance
from promotions.domain.plan import TacticKind
from shared.platform.db import Connection

DUE = """
FROM promotion_fees AS fee JOIN promotions AS promotion ON promotion.id = fee.promotion_id
WHERE fee.recheck AND promotion.status = 'ended' AND promotion.ends_on <= $1
"""
DUE_FUNDS = f"SELECT DISTINCT fee.fund_id {DUE}"
LOCK_DUE = f"SELECT fee.id {DUE} AND fee.fund_id = ANY($2) ORDER BY fee.id LIMIT $3 FOR UPDATE OF fee"
CASES = """
SELECT fee.id, fee.account_id, fee.promotion_id, fee.fund_id, fee.committed, fee.earned, fee.uncovered,
    fee.earned_amount, fee.units_sold AS units_before, fee.evidence_task_ids AS evidence_before,
    promotion.number, promotion.settlement_entity_id, promotion.currency, cardinality(promotion.store_ids) AS stores,
    tactic.id AS tactic_id, tactic.kind, tactic.product_id, tactic.count_per_store, tactic.fee_kind, tactic.basis,
    tactic.unit_amount, tactic.planned_amount, tactic.settlement_method,
    proof.task_ids, COALESCE(sold.units, 0) AS units
FROM promotion_fees AS fee
JOIN promotions AS promotion ON promotion.id = fee.promotion_id
JOIN promotion_tactics AS tactic ON tactic.id = fee.tactic_id
CROSS JOIN LATERAL (
    SELECT COALESCE(array_agg(execution.id ORDER BY execution.id), '{}') AS task_ids
    FROM executions AS execution
    WHERE execution.tactic_id = tactic.id AND execution.verdict = 'executed'
      AND execution.store_id = ANY (promotion.store_ids)
) AS proof
CROSS JOIN LATERAL (
    SELECT sum(week.quantity) AS units
    FROM executions AS execution JOIN sell_out AS week
      ON week.account_id = fee.account_id AND week.store_id = execution.store_id
     AND week.product_id = tactic.product_id
     AND week.week_starts_on BETWEEN promotion.starts_on AND promotion.ends_on
    WHERE tactic.basis = 'per_unit_sold' AND execution.tactic_id = tactic.id AND execution.verdict = 'executed'
      AND execution.store_id = ANY (promotion.store_ids)
) AS sold
WHERE fee.id = ANY ($1)
ORDER BY fee.id
"""
SAVE = """
UPDATE promotion_fees SET recheck = false, committed = new.committed, earned = new.earned, uncovered = new.uncovered,
    earned_amount = new.amount, units_sold = new.units,
    evidence_task_ids = string_to_array(new.evidence, ',')::uuid[], earned_on = $8
FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[], $7::text[])
    AS new (id, committed, earned, uncovered, amount, units, evidence)
WHERE promotion_fees.id = new.id
"""
SETTLE = """
UPDATE promotion_fees SET recheck = false, committed = new.committed, earned = new.earned, uncovered = new.uncovered
FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::numeric[]) AS new (id, committed, earned, uncovered)
WHERE promotion_fees.id = new.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFee:
    """A locked fee that waits to be earned."""

    fund_id: UUID
    balance: FeeBalance
    case: FeeCase


async def due_funds(connection: Connection, last_end: date) -> list[UUID]:
    """Return the funds of fees that wait, of promotions that ended on ``last_end`` or before."""
    return [row["fund_id"] for row in await connection.fetch(DUE_FUNDS, last_end)]


async def due_fees(connection: Connection, last_end: date, fund_ids: Sequence[UUID], limit: int) -> list[DueFee]:
    """Return waiting fees of these funds, locked, with their proof as it stands after the lock."""
    ids = [row["id"] for row in await connection.fetch(LOCK_DUE, last_end, fund_ids, limit)]
    return [_due(row) for row in await connection.fetch(CASES, ids)] if ids else []


async def save(connection: Connection, earned: Sequence[tuple[DueFee, PromotionFeeEarned]], on: date) -> None:
    """Store new results."""
    rows = [
        (*_balance(due.balance), event.earned_amount, event.units_sold, ",".join(map(str, event.evidence_task_ids)))
        for due, event in earned
    ]
    if rows:
        await connection.execute(SAVE, *_columns(rows), on)


async def settle(connection: Connection, unchanged: Sequence[DueFee]) -> None:
    """Store that these fees were looked at and are as before; their cover by the fund may have changed."""
    if unchanged:
        await connection.execute(SETTLE, *_columns([_balance(due.balance) for due in unchanged]))


def _balance(balance: FeeBalance) -> tuple[object, ...]:
    return balance.fee_id, balance.committed, balance.earned, balance.uncovered


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _due(row: Any) -> DueFee:
    balance = FeeBalance(
        fee_id=row["id"],
        promotion_id=row["promotion_id"],
        committed=row["committed"],
        earned=row["earned"],
        uncovered=row["uncovered"],
    )
    before = None
    if row["earned_amount"] is not None:
        before = Earned(
            amount=row["earned_amount"],
            units_sold=row["units_before"],
            evidence_task_ids=tuple(row["evidence_before"]),
        )
    case = FeeCase(
        account_id=row["account_id"],
        promotion_id=row["promotion_id"],
        promotion_number=row["number"],
        settlement_entity_id=row["settlement_entity_id"],
        currency=row["currency"],
        tactic_id=row["tactic_id"],
        tactic_kind=TacticKind(row["kind"]),
        product_id=row["product_id"],
        fee=Fee(
            id=row["id"],
            fee_kind=FeeKind(row["fee_kind"]),
            rate=rate_of(FeeBasis(row["basis"]), row["unit_amount"], row["planned_amount"]),
            settlement_method=SettlementMethod(row["settlement_method"]),
        ),
        reach=Reach(stores=row["stores"], count_per_store=row["count_per_store"]),
        evidence_task_ids=tuple(row["task_ids"]),
        units_sold=row["units"],
        before=before,
    )
    return DueFee(fund_id=row["fund_id"], balance=balance, case=case)
