"""A promotion as the API shows it."""

from typing import Any
from uuid import UUID

from starlette.responses import Response

from promotions.domain.fees import verified_share
from promotions.domain.plan import Tactic
from promotions.domain.promotion import Promotion, item_states
from shared.platform.db import Connection
from shared.platform.http import json_response

RESULTS = """
SELECT id, committed, earned_amount, uncovered, units_sold, cardinality(evidence_task_ids) AS verified_count, earned_on
FROM promotion_fees WHERE promotion_id = $1
"""


async def answer(connection: Connection, promotion: Promotion, *, status: int = 200) -> Response:
    """Return a promotion with the results of its fees and its ETag."""
    results = {row["id"]: dict(row) for row in await connection.fetch(RESULTS, promotion.id)}
    return json_response(_document(promotion, results), status=status, etag=promotion.version)


def _document(promotion: Promotion, results: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    plan, agreement = promotion.plan, promotion.agreement
    return {
        "id": promotion.id,
        "account_id": promotion.account_id,
        "settlement_entity_id": promotion.settlement_entity_id,
        "number": promotion.number,
        "name": plan.name,
        "mechanic": plan.mechanic,
        "status": promotion.status,
        "starts_on": plan.window.start,
        "ends_on": plan.window.end,
        "buy_in_starts_on": plan.buy_in.start,
        "buy_in_ends_on": plan.buy_in.end,
        "order_cap_quantity": plan.order_cap_quantity,
        "fund_id": plan.fund_id,
        "currency": plan.currency,
        "planned_amount": plan.planned_amount,
        "agreement_sha256": agreement.document_sha256 if agreement else None,
        "agreement_signed_on": agreement.signed_on if agreement else None,
        "agreement_signatory": agreement.signatory if agreement else None,
        "submitted_on": promotion.submitted_on,
        "rejection_reason": promotion.rejection_reason,
        "cancellation_reason": promotion.cancellation_reason,
        "version": promotion.version,
        "items": item_states(plan),
        "store_ids": plan.store_ids,
        "tactics": [_tactic(promotion, tactic, results.get(tactic.fee.id)) for tactic in plan.tactics],
    }


def _tactic(promotion: Promotion, tactic: Tactic, result: dict[str, Any] | None) -> dict[str, Any]:
    place, fee = tactic.place, tactic.fee
    return {
        "id": tactic.id,
        "kind": tactic.kind,
        "product_id": tactic.product_id,
        "count_per_store": tactic.count_per_store,
        "dm_slot_id": place.dm_slot_id if place else None,
        "dm_position": place.position if place else None,
        "fee": {
            "id": fee.id,
            "fee_kind": fee.fee_kind,
            "basis": fee.rate.basis,
            "amount": fee.rate.amount,
            "settlement_method": fee.settlement_method,
            "planned_amount": promotion.plan.planned(tactic),
            "result": _result(result, len(promotion.plan.store_ids)) if result else None,
        },
    }


def _result(row: dict[str, Any], stores: int) -> dict[str, Any]:
    verified = row["verified_count"]
    share = verified_share(verified, stores) if verified is not None else None
    return {name: value for name, value in row.items() if name != "id"} | {"verified_share": share}
