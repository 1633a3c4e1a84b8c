"""A deduction 账扣: what the retailer kept back from a payment, and what becomes of each part of it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from receivables.domain.errors import AmountExceedsOpen, DeductionClosed
from receivables.domain.events import DeductionDisputed, DeductionReceived, DeductionResolved
from receivables.domain.matching import DisputeReason
from shared.kernel.money import ZERO


class DeductionStatus(StrEnum):
    """Where a deduction stands (domain digest 4)."""

    RECEIVED = "received"
    """待匹配: a part waits for a match or for a person."""
    DISPUTED = "disputed"
    """争议: a part is disputed."""
    ACCEPTED = "accepted"
    """已核销: everything is decided; the tax document of an accepted part is missing."""
    SETTLED = "settled"
    """已结算: everything is decided and documented."""
    RECOVERED = "recovered"
    """已收回: nothing was accepted, the money came back."""
    WRITTEN_OFF = "written_off"
    """已核销坏账: nothing was accepted, the money is given up."""


class _State(TypedDict):
    """The public state that each event of a deduction carries."""

    id: UUID
    account_id: UUID
    settlement_entity_id: UUID
    remittance_id: UUID
    number: str
    reason_code: str
    fee_kind: str | None
    claim_reference: str | None
    currency: str
    amount: Decimal
    accepted_amount: Decimal
    disputed_amount: Decimal
    recovered_amount: Decimal
    written_off_amount: Decimal
    status: str


@dataclass(slots=True, kw_only=True, eq=False)
class Deduction:
    """What was kept back. Law: amount = open + accepted + disputed + recovered + written off (tolerance included)."""

    id: UUID
    account_id: UUID
    settlement_entity_id: UUID
    remittance_id: UUID
    number: str
    reason_code: str
    fee_kind: str | None
    claim_reference: str | None
    currency: str
    amount: Decimal
    received_on: date
    accepted_amount: Decimal = ZERO
    disputed_amount: Decimal = ZERO
    recovered_amount: Decimal = ZERO
    written_off_amount: Decimal = ZERO
    dispute_reason: DisputeReason | None = None
    is_documented: bool = False

    @property
    def open_amount(self) -> Decimal:
        """What nobody has decided about."""
        decided = self.accepted_amount + self.disputed_amount + self.recovered_amount + self.written_off_amount
        return self.amount - decided

    @property
    def status(self) -> DeductionStatus:
        """Where it stands."""
        if self.disputed_amount > 0:
            return DeductionStatus.DISPUTED
        if self.open_amount > 0:
            return DeductionStatus.RECEIVED
        if self.accepted_amount > 0:
            return DeductionStatus.SETTLED if self.is_documented else DeductionStatus.ACCEPTED
        return DeductionStatus.RECOVERED if self.recovered_amount > 0 else DeductionStatus.WRITTEN_OFF

    def received(self) -> DeductionReceived:
        """Return the event that says that the retailer kept it back."""
        return DeductionReceived(**self._state(), received_on=self.received_on)

    def dispute(self, amount: Decimal, reason: DisputeReason, *, on: date) -> DeductionDisputed:
        """Dispute ``amount`` of what is open.

        Raises:
            AmountExceedsOpen: less than ``amount`` is open.
        """
        self._check(amount, self.open_amount, "is open")
        self.disputed_amount += amount
        self.dispute_reason = reason
        return self.disputed_event(amount, on=on)

    def accept(self, amount: Decimal) -> Decimal:
        """Accept ``amount`` of what is open, then of what is disputed; return how much of it was disputed.

        Raises:
            AmountExceedsOpen: less than ``amount`` is open or disputed.
        """
        self._check(amount, self.open_amount + self.disputed_amount, "is open or disputed")
        from_dispute = max(amount - self.open_amount, ZERO)
        self.disputed_amount -= from_dispute
        self.accepted_amount += amount
        return from_dispute

    def recover(self, amount: Decimal) -> None:
        """The retailer paid ``amount`` of the disputed part back.

        Raises:
            AmountExceedsOpen: less than ``amount`` is disputed.
        """
        self._check(amount, self.disputed_amount, "is disputed")
        self.disputed_amount -= amount
        self.recovered_amount += amount

    def write_off(self, amount: Decimal) -> Decimal:
        """Give ``amount`` up, of what is disputed first, then of what is open; return how much of it was disputed.

        Raises:
            AmountExceedsOpen: less than ``amount`` is open or disputed.
        """
        self._check(amount, self.open_amount + self.disputed_amount, "is open or disputed")
        from_dispute = min(amount, self.disputed_amount)
        self.disputed_amount -= from_dispute
        self.written_off_amount += amount
        return from_dispute

    def resolved(self, *, on: date) -> DeductionResolved | None:
        """Return the event that says that everything is decided, or None while a part is open or disputed."""
        if self.open_amount or self.disputed_amount:
            return None
        return DeductionResolved(**self._state(), resolved_on=on)

    def disputed_event(self, amount: Decimal, *, on: date) -> DeductionDisputed:
        """Return the event that says that ``amount`` is now disputed."""
        assert self.dispute_reason is not None
        return DeductionDisputed(
            **self._state(), reason=self.dispute_reason.value, newly_disputed_amount=amount, disputed_on=on
        )

    def _check(self, amount: Decimal, available: Decimal, what: str) -> None:
        if available <= 0:
            raise DeductionClosed(f"Nothing of deduction {self.number} {what}; read it again before the next step.")
        if amount > available:
            raise AmountExceedsOpen(
                f"Only {available} {self.currency} of deduction {self.number} {what}; lower the amount."
            )

    def _state(self) -> _State:
        return _State(
            id=self.id,
            account_id=self.account_id,
            settlement_entity_id=self.settlement_entity_id,
            remittance_id=self.remittance_id,
            number=self.number,
            reason_code=self.reason_code,
            fee_kind=self.fee_kind,
            claim_reference=self.claim_reference,
            currency=self.currency,
            amount=self.amount,
            accepted_amount=self.accepted_amount,
            disputed_amount=self.disputed_amount,
            recovered_amount=self.recovered_amount,
            written_off_amount=self.written_off_amount,
            status=self.status.value,
        )
