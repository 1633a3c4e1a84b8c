"""Matching 核销匹配: which part of a deduction an accrual covers, what is tolerated, what is disputed and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from shared.kernel.money import ZERO, round_cents


class ToleranceRule(StrEnum):
    """Which of the two limits holds."""

    SMALLER = "smaller"
    GREATER = "greater"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much above the accrual a deduction may be without a dispute 容差 [INF]."""

    amount: Decimal
    """In the deduction's currency."""
    rate: Decimal
    """Fraction of the accepted amount."""
    rule: ToleranceRule = ToleranceRule.SMALLER

    def limit(self, accepted: Decimal) -> Decimal:
        """Return the largest excess that is let go when ``accepted`` is covered."""
        share = round_cents(accepted * self.rate)
        return min(self.amount, share) if self.rule is ToleranceRule.SMALLER else max(self.amount, share)


class DisputeReason(StrEnum):
    """Why a part is disputed."""

    OVER_CLAIMED = "over_claimed"
    """超额: more was kept than was earned."""
    DUPLICATE = "duplicate"
    """重复: the accrual was used up by earlier deductions."""
    NOT_EARNED = "not_earned"
    """未执行: nothing was earned, the service was not delivered (Order 17 Art. 11)."""
    UNAGREED = "unagreed"
    """无约定: no contract term and no promotion says so; set by a person."""
    OTHER = "other"
    """Set by a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDeduction:
    """A deduction that waits for a match."""

    id: UUID
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccrual:
    """An accrual that deductions may consume; all amounts including tax."""

    id: UUID
    open_amount: Decimal
    consumed_amount: Decimal
    reclaim_amount: Decimal = ZERO
    """What was consumed beyond the accrual; it lowers what the other accruals of the same reference may give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One accrual covers ``amount`` of the deduction."""

    accrual_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDecision:
    """What happens to a deduction; accepted + tolerance + disputed is its open amount."""

    deduction_id: UUID
    acceptances: tuple[Acceptance, ...]
    tolerance_amount: Decimal
    disputed_amount: Decimal
    dispute_reason: DisputeReason | None

    @property
    def accepted_amount(self) -> Decimal:
        """The sum of the acceptances."""
        return sum((part.amount for part in self.acceptances), ZERO)


def match(
    deductions: Sequence[OpenDeduction], accruals: Sequence[OpenAccrual], tolerance: Tolerance
) -> list[MatchDecision]:
    """Match the deductions of one claim reference, oldest first, with its accruals, oldest first.

    Each deduction takes what those before it left. An excess within the tolerance is let go; above it all is disputed.
    An accrual is never over-consumed, and nothing of a deduction is lost.
    """
    assert accruals, "without an accrual there is nothing to decide"
    left = free_amounts(accruals)
    was_consumed = any(accrual.consumed_amount > 0 for accrual in accruals)
    decisions = []
    for deduction in deductions:
        acceptances = _take(deduction.open_amount, left)
        accepted = sum((part.amount for part in acceptances), ZERO)
        decisions.append(_decide(deduction, acceptances, tolerance, was_consumed=was_consumed))
        was_consumed = was_consumed or accepted > 0
    return decisions


def free_amounts(accruals: Sequence[OpenAccrual]) -> dict[UUID, Decimal]:
    """Return what each accrual of one claim reference may give, once reclaims are set off, the oldest first."""
    to_set_off = sum((accrual.reclaim_amount for accrual in accruals), ZERO)
    free = {}
    for accrual in accruals:
        set_off = min(to_set_off, accrual.open_amount)
        free[accrual.id] = accrual.open_amount - set_off
        to_set_off -= set_off
    return free


def _take(wanted: Decimal, left: dict[UUID, Decimal]) -> tuple[Acceptance, ...]:
    """Take up to ``wanted`` from ``left``, in its order."""
    taken = []
    for accrual_id, open_amount in left.items():
        amount = min(wanted, open_amount)
        if amount > 0:
            taken.append(Acceptance(accrual_id=accrual_id, amount=amount))
            left[accrual_id] = open_amount - amount
            wanted -= amount
    return tuple(taken)


def _decide(
    deduction: OpenDeduction, acceptances: tuple[Acceptance, ...], tolerance: Tolerance, *, was_consumed: bool
) -> MatchDecision:
    accepted = sum((part.amount for part in acceptances), ZERO)
    excess = deduction.open_amount - accepted
    is_tolerated = accepted > 0 and excess <= tolerance.limit(accepted)
    reason = None
    if excess and not is_tolerated:
        reason = _reason(accepted, was_consumed=was_consumed)
    return MatchDecision(
        deduction_id=deduction.id,
        acceptances=acceptances,
        tolerance_amount=excess if is_tolerated else ZERO,
        disputed_amount=ZERO if is_tolerated else excess,
        dispute_reason=reason,
    )


def _reason(accepted: Decimal, *, was_consumed: bool) -> DisputeReason:
    if accepted > 0:
        return DisputeReason.OVER_CLAIMED
    return DisputeReason.DUPLICATE if was_consumed else DisputeReason.NOT_EARNED
