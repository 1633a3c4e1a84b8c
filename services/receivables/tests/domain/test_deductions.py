from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from receivables.domain.deductions import Deduction, DeductionStatus
from receivables.domain.errors import AmountExceedsOpen, DeductionClosed
from receivables.domain.matching import DisputeReason
from shared.kernel.money import ZERO

DAY = date(2026, 4, 1)


def a_deduction(amount="100.00", **fields):
    return Deduction(
        id=UUID(int=1),
        account_id=UUID(int=2),
        settlement_entity_id=UUID(int=3),
        remittance_id=UUID(int=4),
        number="D-1",
        reason_code="TG",
        fee_kind="tg_fee",
        claim_reference="P-17/endcap",
        currency="CNY",
        amount=Decimal(amount),
        received_on=DAY,
        **fields,
    )


def test_a_new_deduction_waits_and_says_so():
    event = a_deduction().received()
    assert (event.status, event.amount, event.received_on) == ("received", Decimal("100.00"), DAY)
    assert a_deduction().resolved(on=DAY) is None


def test_a_dispute_ends_when_the_money_comes_back():
    deduction = a_deduction()
    event = deduction.dispute(Decimal("100.00"), DisputeReason.UNAGREED, on=DAY)
    assert (event.reason, event.newly_disputed_amount, event.status) == ("unagreed", Decimal("100.00"), "disputed")
    deduction.recover(Decimal("40.00"))
    assert deduction.resolved(on=DAY) is None
    deduction.recover(Decimal("60.00"))
    assert deduction.status is DeductionStatus.RECOVERED
    resolved = deduction.resolved(on=DAY)
    assert resolved is not None
    assert resolved.recovered_amount == Decimal("100.00")


def test_accepting_takes_what_is_open_before_what_is_disputed():
    deduction = a_deduction()
    deduction.dispute(Decimal("70.00"), DisputeReason.OVER_CLAIMED, on=DAY)
    assert deduction.accept(Decimal("50.00")) == Decimal("20.00")
    assert (deduction.open_amount, deduction.disputed_amount) == (ZERO, Decimal("50.00"))
    assert deduction.write_off(Decimal("50.00")) == Decimal("50.00")
    assert deduction.status is DeductionStatus.ACCEPTED
    deduction.is_documented = True
    assert deduction.status is DeductionStatus.SETTLED


def test_writing_everything_off_closes_it():
    deduction = a_deduction()
    assert deduction.write_off(Decimal("100.00")) == ZERO
    assert deduction.status is DeductionStatus.WRITTEN_OFF


def test_more_than_is_left_is_refused_with_what_is_left():
    deduction = a_deduction()
    with pytest.raises(AmountExceedsOpen, match=r"Only 100\.00 CNY"):
        deduction.accept(Decimal("100.01"))
    with pytest.raises(DeductionClosed):
        deduction.recover(Decimal("0.01"))


class DeductionLife(RuleBasedStateMachine):
    """Whatever is tried in whatever order, the parts add up to the deduction."""

    amounts = st.integers(min_value=1, max_value=12_000).map(lambda n: Decimal(n) / 100)

    def __init__(self):
        super().__init__()
        self.deduction = a_deduction()

    def attempt(self, step):
        try:
            step()
        except (AmountExceedsOpen, DeductionClosed):
            return

    @rule(amount=amounts)
    def dispute(self, amount):
        self.attempt(lambda: self.deduction.dispute(amount, DisputeReason.OTHER, on=DAY))

    @rule(amount=amounts)
    def accept(self, amount):
        self.attempt(lambda: self.deduction.accept(amount))

    @rule(amount=amounts)
    def recover(self, amount):
        self.attempt(lambda: self.deduction.recover(amount))

    @rule(amount=amounts)
    def write_off(self, amount):
        self.attempt(lambda: self.deduction.write_off(amount))

    @invariant()
    def parts_add_up(self):
        d = self.deduction
        parts = (d.open_amount, d.accepted_amount, d.disputed_amount, d.recovered_amount, d.written_off_amount)
        assert min(parts) >= 0
        assert sum(parts) == d.amount
        assert (d.resolved(on=DAY) is None) == (d.status in {DeductionStatus.RECEIVED, DeductionStatus.DISPUTED})


TestDeductionLife = DeductionLife.TestCase
TestDeductionLife.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
