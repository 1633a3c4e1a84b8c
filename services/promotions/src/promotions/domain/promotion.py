"""The promotion 促销 (SP): from draft to binding promise to its end, with all that a step needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from promotions.domain.dm import DmSlot
from promotions.domain.errors import AgreementLate, AgreementMissing, WrongStatus
from promotions.domain.events import (
    ItemState,
    PromotionCancelled,
    PromotionChanged,
    PromotionCommitted,
    PromotionEnded,
    PromotionStarted,
    PromotionState,
    TacticState,
)
from promotions.domain.plan import Agreement, Plan, Tactic
from promotions.domain.status import PromotionStatus

StateEvent = TypeVar("StateEvent", bound=PromotionState)
Slots = Mapping[UUID, DmSlot]
"""The DM slots that a plan books, by id."""

S = PromotionStatus


@dataclass(kw_only=True, eq=False)
class Promotion:
    """A plan for one account: from SUBMITTED on it holds products in stores, from COMMITTED on money and DM places."""

    id: UUID
    account_id: UUID
    settlement_entity_id: UUID
    number: str
    plan: Plan
    status: PromotionStatus = PromotionStatus.DRAFT
    agreement: Agreement | None = None
    submitted_on: date | None = None
    rejection_reason: str | None = None
    """Why the last submission was sent back, until the next one."""
    cancellation_reason: str | None = None
    version: int = 1

    def redraft(self, settlement_entity_id: UUID, number: str, plan: Plan) -> None:
        """Replace the draft. The agreement on file was about the former plan: it is detached when anything changes.

        Raises:
            WrongStatus: the promotion is submitted already.
        """
        self._require("replaced", S.DRAFT)
        if (settlement_entity_id, number, plan) != (self.settlement_entity_id, self.number, self.plan):
            self.agreement = None
        self.settlement_entity_id, self.number, self.plan = settlement_entity_id, number, plan

    def attach_agreement(self, agreement: Agreement) -> None:
        """File the signed agreement 促销协议留存.

        Raises:
            WrongStatus: the promotion is committed already (amend it) or cancelled.
            AgreementLate: signed after the first day of sale.
        """
        self._require("given an agreement", S.DRAFT, S.SUBMITTED, S.APPROVED)
        _check_in_time(agreement, self.plan)
        self.agreement = agreement

    def submit(self, on: date, slots: Slots) -> None:
        """Hand the promotion in for approval.

        Raises:
            WrongStatus: it is not a draft.
            DmSlotUnfit: a DM place cannot be booked for it.
            SubmitDeadlinePassed: ``on`` is after the deadline of a DM slot.
        """
        self._require("submitted", S.DRAFT)
        self._check_places(self.plan, slots)
        for index, tactic in _placed(self.plan):
            slots[_slot_id(tactic)].check_deadline(on, f"/tactics/{index}/dm_slot_id")
        self.status, self.submitted_on, self.rejection_reason = S.SUBMITTED, on, None

    def approve(self) -> None:
        """Approve what was submitted.

        Raises:
            WrongStatus: it is not submitted.
        """
        self._require("approved", S.SUBMITTED)
        self.status = S.APPROVED

    def reject(self, reason: str = "") -> None:
        """Send what was submitted back to draft; an empty ``reason`` is none.

        Raises:
            WrongStatus: it is not submitted.
        """
        self._require("rejected", S.SUBMITTED)
        self.status, self.submitted_on, self.rejection_reason = S.DRAFT, None, reason or None

    def commit(self, slots: Slots) -> PromotionCommitted:
        """Make it binding; the caller commits the fund and books the DM places in the same transaction.

        Raises:
            WrongStatus: it is not approved.
            AgreementMissing: no agreement is on file.
            AgreementLate: the agreement is signed after the first day of sale.
        """
        self._require("committed", S.APPROVED)
        self._check_agreed(self.plan, self.agreement, slots)
        self.status = S.COMMITTED
        return self._state(PromotionCommitted, slots)

    def amend(self, plan: Plan, agreement: Agreement, slots: Slots) -> PromotionChanged:
        """Replace the plan of a committed promotion before its start, under a new agreement.

        Raises:
            WrongStatus: it is not committed, or has started: its term was announced (Order 18 Art. 7).
            AgreementLate: the agreement is signed after the first day of sale.
        """
        self._require("amended", S.COMMITTED)
        self._check_agreed(plan, agreement, slots)
        self.plan, self.agreement = plan, agreement
        return self._state(PromotionChanged, slots)

    def cancel(self, slots: Slots, reason: str = "") -> PromotionCancelled | None:
        """Give it up before its start; returns an event when it was binding. An empty ``reason`` is none.

        Raises:
            WrongStatus: it has started (its term was announced, Order 18 Art. 7), has ended or is cancelled.
        """
        self._require("cancelled", S.DRAFT, S.SUBMITTED, S.APPROVED, S.COMMITTED)
        was_binding = self.status is S.COMMITTED
        self.status, self.cancellation_reason = S.CANCELLED, reason or None
        return self._state(PromotionCancelled, slots) if was_binding else None

    def advance(self, as_of: date, slots: Slots) -> list[PromotionStarted | PromotionEnded]:
        """Start on the first day of sale and end after the last one, as far as ``as_of`` says; once."""
        events: list[PromotionStarted | PromotionEnded] = []
        if self.status is S.COMMITTED and as_of >= self.plan.window.start:
            self.status = S.STARTED
            events.append(self._state(PromotionStarted, slots))
        if self.status is S.STARTED and as_of > self.plan.window.end:
            self.status = S.ENDED
            events.append(self._state(PromotionEnded, slots))
        return events

    def _require(self, step: str, *allowed: PromotionStatus) -> None:
        if self.status not in allowed:
            wanted = ", ".join(allowed)
            raise WrongStatus(f"Promotion {self.number} is {self.status}: it can be {step} only while it is {wanted}.")

    def _check_places(self, plan: Plan, slots: Slots) -> None:
        for index, tactic in _placed(plan):
            assert tactic.place is not None
            slot = slots[tactic.place.dm_slot_id]
            slot.check_fits(self.account_id, plan.window, tactic.place.position, f"/tactics/{index}/dm_slot_id")

    def _check_agreed(self, plan: Plan, agreement: Agreement | None, slots: Slots) -> None:
        if agreement is None:
            raise AgreementMissing(
                f"Promotion {self.number} has no agreement on file: attach it with :attach-agreement, then commit."
            )
        _check_in_time(agreement, plan)
        self._check_places(plan, slots)

    def _state(self, kind: type[StateEvent], slots: Slots) -> StateEvent:
        plan, agreement = self.plan, self.agreement
        assert agreement is not None, "a binding promotion has an agreement"
        return kind(
            id=self.id,
            account_id=self.account_id,
            number=self.number,
            name=plan.name,
            settlement_entity_id=self.settlement_entity_id,
            mechanic=plan.mechanic,
            status=self.status,
            starts_on=plan.window.start,
            ends_on=plan.window.end,
            buy_in_starts_on=plan.buy_in.start,
            buy_in_ends_on=plan.buy_in.end,
            order_cap_quantity=plan.order_cap_quantity,
            currency=plan.currency,
            fund_id=plan.fund_id,
            planned_amount=plan.planned_amount,
            agreement_sha256=agreement.document_sha256,
            agreement_signed_on=agreement.signed_on,
            items=item_states(plan),
            store_ids=plan.store_ids,
            tactics=tactic_states(plan, slots),
        )


def item_states(plan: Plan) -> tuple[ItemState, ...]:
    """Return the items as events show them."""
    return tuple(
        ItemState(
            product_id=item.product_id,
            regular_cost=item.regular_cost,
            promo_cost=item.promo_cost,
            regular_retail=item.regular_retail,
            promo_retail=item.promo_retail,
            tax_basis=item.tax_basis,
            forecast_quantity=item.forecast_quantity,
        )
        for item in plan.items
    )


def tactic_states(plan: Plan, slots: Slots) -> tuple[TacticState, ...]:
    """Return the tactics as events show them."""
    return tuple(
        TacticState(
            id=tactic.id,
            kind=tactic.kind,
            product_id=tactic.product_id,
            count_per_store=tactic.count_per_store,
            expected_price=plan.item(tactic.product_id).promo_retail,
            dm_slot_id=tactic.place.dm_slot_id if tactic.place else None,
            dm_slot_no=slots[tactic.place.dm_slot_id].slot_no if tactic.place else None,
            dm_position=tactic.place.position if tactic.place else None,
            fee_id=tactic.fee.id,
            fee_kind=tactic.fee.fee_kind,
            basis=tactic.fee.rate.basis,
            unit_amount=tactic.fee.rate.amount,
            planned_amount=plan.planned(tactic),
            settlement_method=tactic.fee.settlement_method,
        )
        for tactic in plan.tactics
    )


def _placed(plan: Plan) -> list[tuple[int, Tactic]]:
    return [(index, tactic) for index, tactic in enumerate(plan.tactics) if tactic.place]


def _slot_id(tactic: Tactic) -> UUID:
    assert tactic.place is not None
    return tactic.place.dm_slot_id


def _check_in_time(agreement: Agreement, plan: Plan) -> None:
    if agreement.signed_on > plan.window.start:
        first = plan.window.start
        message = f"The agreement is signed on {agreement.signed_on}, after the first day of sale {first}."
        raise AgreementLate(message, pointers=["/signed_on"])
