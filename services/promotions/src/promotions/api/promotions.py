"""Promotions 促销: drafts, the steps of their life, lists."""

from datetime import date
from uuid import UUID

from starlette.responses import Response

from promotions.api import promotion_models as models
from promotions.api.common import APPROVERS, PLANNERS, READERS, Chosen, check_account, moment
from promotions.api.promotion_views import answer
from promotions.app import advance, binding
from promotions.db import promotions
from promotions.domain.promotion import Promotion
from promotions.domain.status import PromotionStatus
from shared.platform.clock import now
from shared.platform.http import IfMatch, Raw, Router, json_response, require_match
from shared.platform.ids import new_id
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/promotions", tags=["promotions"])
fees_router = Router(prefix="/v1/promotion-fees", tags=["promotions"])

LIST = ListQuery(
    select="""SELECT id, account_id, settlement_entity_id, number, name, mechanic, status, starts_on, ends_on,
        buy_in_starts_on, buy_in_ends_on, order_cap_quantity, fund_id, currency, planned_amount, agreement_sha256,
        agreement_signed_on, submitted_on, rejection_reason, cancellation_reason, version FROM promotions""",
    order=("starts_on", "id"),
    filters={
        "account_id": "account_id = {}",
        "status": "status = {}",
        "number": "number = {}",
        "fund_id": "fund_id = {}",
        "starts_before": "starts_on < {}",
        "ends_from": "ends_on >= {}",
    },
)
FEES = ListQuery(
    select="""SELECT fee.id, fee.account_id, fee.promotion_id, promotion.number AS promotion_number, fee.tactic_id,
        tactic.kind AS tactic_kind, tactic.product_id, tactic.fee_kind, tactic.basis, promotion.currency,
        tactic.planned_amount, fee.committed, fee.earned_amount, fee.uncovered,
        cardinality(fee.evidence_task_ids) AS verified_count, cardinality(promotion.store_ids) AS planned_count,
        fee.units_sold, fee.earned_on, fee.evidence_task_ids
        FROM promotion_fees AS fee JOIN promotion_tactics AS tactic ON tactic.id = fee.tactic_id
        JOIN promotions AS promotion ON promotion.id = fee.promotion_id""",
    order=("fee.id",),
    filters={"account_id": "fee.account_id = {}", "promotion_id": "fee.promotion_id = {}"},
)


@router.post("", operation_id="create_promotion", policy=PLANNERS, answers=models.PromotionOut, status_code=201)
async def create_promotion(body: models.PromotionIn, raw: Raw) -> Response:
    """Create a draft. Number and id are unique: 409 `promotion_number_taken`, `promotion_id_taken`."""
    await check_account(raw, body.account_id)
    promotion = Promotion(
        id=body.id or new_id(),
        account_id=body.account_id,
        settlement_entity_id=body.settlement_entity_id,
        number=body.number,
        plan=body.plan({}, new_id),
    )
    await promotions.insert(raw, promotion, now())
    return await answer(raw, promotion, status=201)


@router.get("/{promotion_id}", operation_id="get_promotion", policy=READERS, answers=models.PromotionOut)
async def get_promotion(promotion_id: UUID, raw: Raw) -> Response:
    """Return a promotion with items, stores, tactics, fees and what they have earned."""
    return await answer(raw, await promotions.get(raw, promotion_id))


@router.get("", operation_id="list_promotions", policy=READERS, list_of=models.PromotionSummary)
async def list_promotions(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    status: PromotionStatus | None = None,
    number: str | None = None,
    fund_id: UUID | None = None,
    starts_before: date | None = None,
    ends_from: date | None = None,
) -> Response:
    """List promotions by first day of sale."""
    return await LIST.page(
        raw,
        page,
        account_id=account_id,
        status=status,
        number=number,
        fund_id=fund_id,
        starts_before=starts_before,
        ends_from=ends_from,
    )


@router.put(
    "/{promotion_id}/draft",
    operation_id="replace_promotion_draft",
    policy=PLANNERS,
    answers=models.PromotionOut,
)
async def replace_promotion_draft(
    promotion_id: UUID, body: models.DraftIn, raw: Raw, if_match: IfMatch = None
) -> Response:
    """Replace a draft. An agreement on file was about the former plan: it is detached when anything changes."""
    promotion = await promotions.get(raw, promotion_id, lock=True)
    require_match(if_match, promotion.version)
    promotion.redraft(body.settlement_entity_id, body.number, body.plan(_fee_ids(promotion), new_id))
    at = now()
    await promotions.replace_plan(raw, promotion, at)
    await promotions.save_status(raw, promotion, at)
    return await answer(raw, promotion)


@router.post(
    "/{promotion_id}:attach-agreement",
    operation_id="attach_promotion_agreement",
    policy=PLANNERS,
    answers=models.PromotionOut,
)
async def attach_promotion_agreement(promotion_id: UUID, body: models.AgreementIn, raw: Raw) -> Response:
    """File the signed agreement 促销协议: nothing becomes binding without it."""
    promotion = await promotions.get(raw, promotion_id, lock=True)
    promotion.attach_agreement(body.agreement())
    await promotions.save_status(raw, promotion, now())
    return await answer(raw, promotion)


@router.post("/{promotion_id}:submit", operation_id="submit_promotion", policy=PLANNERS, answers=models.PromotionOut)
async def submit_promotion(promotion_id: UUID, body: models.SubmitIn, raw: Raw) -> Response:
    """Hand a draft in for approval.

    - No other promotion may have its product in its store on its day: 409 `promotion_overlaps`.
    - A DM tactic comes by the deadline of its slot: 422 `submit_deadline_passed`.
    - Products and stores are known, fund and slot fit: 422 `unknown_references`, `fund_unfit`, `dm_slot_unfit`.
    """
    promotion = await promotions.get(raw, promotion_id, lock=True)
    await binding.submit(raw, promotion, body.submitted_on, now())
    return await answer(raw, promotion)


@router.post("/{promotion_id}:approve", operation_id="approve_promotion", policy=APPROVERS, answers=models.PromotionOut)
async def approve_promotion(promotion_id: UUID, raw: Raw) -> Response:
    """Approve a submitted promotion."""
    promotion = await promotions.get(raw, promotion_id, lock=True)
    promotion.approve()
    await promotions.save_status(raw, promotion, now())
    return await answer(raw, promotion)


@router.post("/{promotion_id}:reject", operation_id="reject_promotion", policy=APPROVERS, answers=models.PromotionOut)
async def reject_promotion(promotion_id: UUID, raw: Raw, body: models.RejectIn | None = None) -> Response:
    """Send a submitted promotion back to draft, with a reason; its products and stores are free again."""
    promotion = await promotions.get(raw, promotion_id, lock=True)
    await binding.reject(raw, promotion, body.reason if body else "", now())
    return await answer(raw, promotion)


@router.post("/{promotion_id}:commit", operation_id="commit_promotion", policy=PLANNERS, answers=models.PromotionOut)
async def commit_promotion(
    promotion_id: UUID, raw: Raw, settings: Chosen, body: models.CommitIn | None = None
) -> Response:
    """Make an approved promotion binding: event `promotion_committed`.

    - Needs an agreement on file: 409 `agreement_missing`.
    - Takes its DM places: 409 `dm_position_taken`, `dm_product_taken`.
    - Holds the planned fees in its fund: 409 `fund_overdrawn` says what is available.
    """
    promotion = await promotions.get(raw, promotion_id, lock=True)
    await binding.commit(raw, promotion, moment(body.committed_on if body else None, settings))
    return await answer(raw, promotion)


@router.post(
    "/{promotion_id}:amend",
    operation_id="amend_promotion",
    policy=APPROVERS,
    answers=models.PromotionOut,
)
async def amend_promotion(
    promotion_id: UUID, body: models.AmendIn, raw: Raw, settings: Chosen, if_match: IfMatch = None
) -> Response:
    """Replace the plan of a committed promotion before its start, under a new agreement: event `promotion_changed`.

    Fund, DM places and held products follow, all or nothing. A tactic that keeps its id keeps its fee's id.
    """
    promotion = await promotions.get(raw, promotion_id, lock=True)
    require_match(if_match, promotion.version)
    plan = body.plan.plan(_fee_ids(promotion), new_id)
    await binding.amend(raw, promotion, plan, body.agreement.agreement(), moment(body.amended_on, settings))
    return await answer(raw, promotion)


@router.post("/{promotion_id}:cancel", operation_id="cancel_promotion", policy=PLANNERS, answers=models.PromotionOut)
async def cancel_promotion(
    promotion_id: UUID, raw: Raw, settings: Chosen, body: models.CancelIn | None = None
) -> Response:
    """Give a promotion up before its start; what was committed is announced by `promotion_cancelled`."""
    promotion = await promotions.get(raw, promotion_id, lock=True)
    body = body or models.CancelIn()
    await binding.cancel(raw, promotion, body.reason, moment(body.cancelled_on, settings))
    return await answer(raw, promotion)


@router.post(":advance", operation_id="advance_promotions", policy=PLANNERS, answers=models.AdvanceOut)
async def advance_promotions(body: models.AdvanceIn, raw: Raw, settings: Chosen) -> Response:
    """Follow the calendar up to `as_of`, within the caller's scope; doing it again does nothing.

    - Committed promotions start on their first day and end after their last one.
    - After `verification_days` (setting) fees are earned by proof 核销; when proof has changed since, again.
    """
    started = ended = earned = 0
    while True:
        step = await advance.run(raw, body.as_of, verification_days=settings.verification_days, at=now())
        started, ended, earned = started + step.started, ended + step.ended, earned + step.earned
        if step.is_done:
            return json_response({"as_of": body.as_of, "started": started, "ended": ended, "earned": earned})


@fees_router.get("", operation_id="list_promotion_fees", policy=READERS, list_of=models.PromotionFeeOut)
async def list_promotion_fees(
    raw: Raw, page: Page, account_id: UUID | None = None, promotion_id: UUID | None = None
) -> Response:
    """List the fees of binding promotions with what they hold and have earned."""
    return await FEES.page(raw, page, account_id=account_id, promotion_id=promotion_id)


def _fee_ids(promotion: Promotion) -> dict[UUID, UUID]:
    return {tactic.id: tactic.fee.id for tactic in promotion.plan.tactics}
