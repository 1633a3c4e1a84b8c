"""A fund's ledger: committed before owed, never overdrawn, each balance the sum of its entries."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from promotions.domain.errors import FundInUse, FundOverdrawn, FundUnfit
from promotions.domain.funds import EntryKind, FeeBalance, Fund
from services.promotions.tests.examples import ACCOUNT, OTHER_ACCOUNT, PROMOTION, fund
from shared.kernel.money import ZERO

DAY = date(2026, 6, 30)
AMOUNTS = st.decimals(min_value="0.01", max_value="60000", places=2)


def balance(number: int) -> FeeBalance:
    return FeeBalance(fee_id=UUID(int=number), promotion_id=PROMOTION)


def total(its: Fund, *kinds: EntryKind) -> Decimal:
    return sum((entry.amount for entry in its.fresh if entry.kind in kinds), ZERO)


def test_a_commitment_above_what_is_available_is_refused_with_the_available_amount() -> None:
    its = fund("1000.00")
    its.commit([(balance(1), Decimal("700.00"))], DAY)
    with pytest.raises(FundOverdrawn, match=r"300\.00 CNY available and 300\.01 is needed: raise the budget by 0\.01"):
        its.commit([(balance(2), Decimal("200.00")), (balance(3), Decimal("100.01"))], DAY)
    assert (its.committed, its.available, len(its.fresh)) == (Decimal("700.00"), Decimal("300.00"), 1)


def test_what_is_not_earned_goes_back_to_the_fund() -> None:
    its, fee = fund("1000.00"), balance(1)
    its.commit([(fee, Decimal("1000.00"))], DAY)
    its.book_earning(fee, Decimal("800.00"), DAY)
    assert [(entry.kind, entry.amount, entry.committed_after) for entry in its.fresh] == [
        (EntryKind.COMMITTED, Decimal("1000.00"), Decimal("1000.00")),
        (EntryKind.RELEASED, Decimal("200.00"), Decimal("800.00")),
        (EntryKind.EARNED, Decimal("800.00"), Decimal("800.00")),
    ]


def test_a_correction_downwards_takes_the_earning_back_and_frees_the_money() -> None:
    its, fee = fund("1000.00"), balance(1)
    its.commit([(fee, Decimal("1000.00"))], DAY)
    its.book_earning(fee, Decimal("800.00"), DAY)
    its.book_earning(fee, Decimal("300.00"), DAY)
    assert (its.committed, its.earned, its.available) == (Decimal("300.00"), Decimal("300.00"), Decimal("700.00"))
    assert its.fresh[-2].amount == Decimal("-500.00")


def test_an_earning_above_the_budget_is_covered_as_far_as_money_is_left_and_the_rest_is_shown() -> None:
    its, fee = fund("1000.00"), balance(1)
    its.commit([(fee, Decimal("600.00"))], DAY)
    its.book_earning(fee, Decimal("1250.00"), DAY)
    assert (its.committed, its.earned, fee.uncovered) == (Decimal("1000.00"), Decimal("1000.00"), Decimal("250.00"))


def test_an_earning_that_does_not_change_books_nothing() -> None:
    its, fee = fund(), balance(1)
    its.commit([(fee, Decimal("10.00"))], DAY)
    its.book_earning(fee, Decimal("10.00"), DAY)
    before = len(its.fresh)
    its.book_earning(fee, Decimal("10.00"), DAY)
    assert len(its.fresh) == before


def test_a_payment_is_booked_with_its_source() -> None:
    its, fee = fund(), balance(1)
    its.pay(fee, Decimal("10.00"), DAY, UUID(int=9))
    assert (its.paid, its.fresh[0].source_id, its.fresh[0].kind) == (Decimal("10.00"), UUID(int=9), EntryKind.PAID)


def test_a_used_fund_keeps_account_and_currency_and_covers_what_is_committed() -> None:
    its = fund("1000.00")
    terms = its.terms
    assert its.change(terms) is False
    its.commit([(balance(1), Decimal("400.00"))], DAY)
    renamed = type(terms)(
        account_id=terms.account_id, name="Other", currency="CNY", span=terms.span, budget=Decimal("400.00")
    )
    assert its.change(renamed) is True
    for changed in (
        type(terms)(account_id=OTHER_ACCOUNT, name="x", currency="CNY", span=terms.span, budget=Decimal(1000)),
        type(terms)(account_id=ACCOUNT, name="x", currency="USD", span=terms.span, budget=Decimal(1000)),
    ):
        with pytest.raises(FundInUse, match="new fund"):
            its.change(changed)
    with pytest.raises(FundOverdrawn, match=r"400\.00 CNY is committed"):
        its.change(type(terms)(account_id=ACCOUNT, name="x", currency="CNY", span=terms.span, budget=Decimal("399.99")))


@pytest.mark.parametrize(
    ("account", "currency", "day", "says"),
    [
        (OTHER_ACCOUNT, "CNY", date(2026, 6, 1), "another account"),
        (ACCOUNT, "USD", date(2026, 6, 1), "in CNY"),
        (ACCOUNT, "CNY", date(2027, 1, 1), "covers 2026-01-01 to 2026-12-31"),
    ],
)
def test_a_fund_serves_promotions_of_its_account_currency_and_dates(
    account: UUID, currency: str, day: date, says: str
) -> None:
    with pytest.raises(FundUnfit, match=says):
        fund().check_fits(account, currency, day)
    fund().check_fits(ACCOUNT, "CNY", date(2026, 12, 31))


@pytest.mark.parametrize("budget", ["-0.01", "1.001"])
def test_a_budget_is_an_amount_in_cents(budget: str) -> None:
    with pytest.raises(ValueError, match="budget"):
        fund(budget)


class FundLife(RuleBasedStateMachine):
    """Any sequence of commitments, releases, earnings, corrections and payments."""

    def __init__(self) -> None:
        super().__init__()
        self.fund = fund()
        self.fees: list[FeeBalance] = []
        self.owed: dict[UUID, Decimal] = {}

    @rule(amounts=st.lists(AMOUNTS, min_size=1, max_size=3))
    def commit(self, amounts: list[Decimal]) -> None:
        fees = [balance(len(self.fees) + index) for index in range(len(amounts))]
        available, entries = self.fund.available, len(self.fund.fresh)
        try:
            self.fund.commit(list(zip(fees, amounts, strict=True)), DAY)
        except FundOverdrawn:
            assert sum(amounts) > available
            assert len(self.fund.fresh) == entries
        else:
            self.fees.extend(fees)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.fees:
            fee = data.draw(st.sampled_from(self.fees))
            self.fund.release(fee, DAY)
            assert fee.committed == fee.earned

    @rule(data=st.data(), earned=st.one_of(st.just(ZERO), AMOUNTS))
    def earn(self, data: st.DataObject, earned: Decimal) -> None:
        if self.fees:
            fee = data.draw(st.sampled_from(self.fees))
            self.fund.book_earning(fee, earned, DAY)
            assert fee.earned + fee.uncovered == earned
            assert fee.uncovered == 0 or self.fund.available == 0

    @rule(data=st.data(), amount=AMOUNTS)
    def pay(self, data: st.DataObject, amount: Decimal) -> None:
        if self.fees:
            self.fund.pay(data.draw(st.sampled_from(self.fees)), amount, DAY, UUID(int=1))

    @invariant()
    def it_is_never_overdrawn(self) -> None:
        assert 0 <= self.fund.earned <= self.fund.committed <= self.fund.terms.budget

    @invariant()
    def each_balance_is_the_sum_of_its_entries(self) -> None:
        assert self.fund.committed == total(self.fund, EntryKind.COMMITTED) - total(self.fund, EntryKind.RELEASED)
        assert self.fund.earned == total(self.fund, EntryKind.EARNED)
        assert self.fund.paid == total(self.fund, EntryKind.PAID)
        assert self.fund.committed == sum((fee.committed for fee in self.fees), ZERO)
        assert all(
            entry.amount > 0 for entry in self.fund.fresh if entry.kind in {EntryKind.COMMITTED, EntryKind.RELEASED}
        )


TestFundLife = FundLife.TestCase
TestFundLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
