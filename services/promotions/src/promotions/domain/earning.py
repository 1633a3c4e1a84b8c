"""What a retailer earned of a promotion's fees, by proof 核销; corrected when the proof changes."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from promotions.domain.events import PromotionFeeEarned
from promotions.domain.fees import Fee, FeeBasis, Proof, Reach, verified_share
from promotions.domain.plan import TacticKind
from shared.kernel.money import round_unit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """The last result of a fee, to tell whether anything changed."""

    amount: Decimal
    units_sold: Decimal
    evidence_task_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCase:
    """A fee of an ended promotion with its proof: sorted tasks of its stores whose latest verdict is ``executed``."""

    account_id: UUID
    promotion_id: UUID
    promotion_number: str
    settlement_entity_id: UUID
    currency: str
    tactic_id: UUID
    tactic_kind: TacticKind
    product_id: UUID
    fee: Fee
    reach: Reach
    evidence_task_ids: tuple[UUID, ...]
    units_sold: Decimal
    before: Earned | None

    def earn(self, on: date) -> PromotionFeeEarned | None:
        """Return the full earned amount by the present proof, or None when nothing changed since the last result."""
        counts_units = self.fee.rate.basis is FeeBasis.PER_UNIT_SOLD
        units_sold = round_unit_price(self.units_sold if counts_units else Decimal(0))
        executed = len(self.evidence_task_ids)
        amount = self.fee.rate.earned(self.reach, Proof(executed_stores=executed, units_sold=units_sold))
        now = Earned(amount=amount, units_sold=units_sold, evidence_task_ids=self.evidence_task_ids)
        if now == self.before:
            return None
        return PromotionFeeEarned(
            id=self.fee.id,
            account_id=self.account_id,
            promotion_id=self.promotion_id,
            promotion_number=self.promotion_number,
            tactic_id=self.tactic_id,
            tactic_kind=self.tactic_kind,
            product_id=self.product_id,
            settlement_entity_id=self.settlement_entity_id,
            fee_kind=self.fee.fee_kind,
            basis=self.fee.rate.basis,
            unit_amount=self.fee.rate.amount,
            currency=self.currency,
            planned_amount=self.fee.rate.planned(self.reach),
            planned_count=self.reach.stores,
            verified_count=executed,
            verified_share=verified_share(executed, self.reach.stores),
            units_sold=units_sold,
            earned_amount=amount,
            settlement_method=self.fee.settlement_method,
            earned_on=on,
            evidence_task_ids=self.evidence_task_ids,
        )


def last_end_to_earn(as_of: date, verification_days: int) -> date:
    """Return the last ``ends_on`` whose days for verification are over: ``as_of > ends_on + verification_days``."""
    return as_of - timedelta(days=verification_days + 1)
