from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receivables.domain.matching import DisputeReason, OpenAccrual, OpenDeduction, Tolerance, ToleranceRule, match
from shared.kernel.money import ZERO

TOLERANCE = Tolerance(amount=Decimal("1.00"), rate=Decimal("0.005"))
GOLDEN = [
    # deductions, open accrual, consumed before, [(accepted, tolerance, disputed, reason)]
    (["100.00"], "100.00", "0", [("100.00", "0.00", "0.00", None)]),
    (["100.50"], "100.00", "0", [("100.00", "0.50", "0.00", None)]),
    (["100.51"], "100.00", "0", [("100.00", "0.00", "0.51", "over_claimed")]),
    (["1001.00"], "1000.00", "0", [("1000.00", "1.00", "0.00", None)]),
    (["1001.01"], "1000.00", "0", [("1000.00", "0.00", "1.01", "over_claimed")]),
    (["150.00"], "100.00", "0", [("100.00", "0.00", "50.00", "over_claimed")]),
    (["60.00"], "100.00", "0", [("60.00", "0.00", "0.00", None)]),
    (
        ["100.00", "100.00"],
        "100.00",
        "0",
        [("100.00", "0.00", "0.00", None), ("0.00", "0.00", "100.00", "duplicate")],
    ),
    (["0.40"], "0.00", "100.00", [("0.00", "0.00", "0.40", "duplicate")]),
    (["80.00"], "0.00", "0", [("0.00", "0.00", "80.00", "not_earned")]),
    (["60.00", "60.00"], "100.00", "0", [("60.00", "0.00", "0.00", None), ("40.00", "0.00", "20.00", "over_claimed")]),
]


@pytest.mark.parametrize(("amounts", "open_amount", "before", "expected"), GOLDEN)
def test_a_deduction_takes_what_was_agreed_and_no_more(amounts, open_amount, before, expected):
    deductions = [OpenDeduction(id=UUID(int=n), open_amount=Decimal(amount)) for n, amount in enumerate(amounts)]
    accrual = OpenAccrual(id=UUID(int=99), open_amount=Decimal(open_amount), consumed_amount=Decimal(before))
    found = [
        (str(d.accepted_amount), str(d.tolerance_amount), str(d.disputed_amount), d.dispute_reason and d.dispute_reason)
        for d in match(deductions, [accrual], TOLERANCE)
    ]
    assert found == expected


def test_two_versions_of_one_cycle_are_used_up_one_after_the_other():
    accruals = [
        OpenAccrual(id=UUID(int=1), open_amount=Decimal(30), consumed_amount=ZERO),
        OpenAccrual(id=UUID(int=2), open_amount=Decimal(70), consumed_amount=ZERO),
    ]
    (decision,) = match([OpenDeduction(id=UUID(int=9), open_amount=Decimal(50))], accruals, TOLERANCE)
    assert [(part.accrual_id.int, part.amount) for part in decision.acceptances] == [(1, 30), (2, 20)]


def test_what_has_to_be_reclaimed_is_set_off_before_anything_is_accepted():
    accruals = [
        OpenAccrual(id=UUID(int=1), open_amount=ZERO, consumed_amount=Decimal(100), reclaim_amount=Decimal(100)),
        OpenAccrual(id=UUID(int=2), open_amount=Decimal(110), consumed_amount=ZERO),
    ]
    (decision,) = match([OpenDeduction(id=UUID(int=9), open_amount=Decimal(50))], accruals, TOLERANCE)
    assert (decision.accepted_amount, decision.disputed_amount) == (Decimal(10), Decimal(40))


def test_the_greater_of_two_tolerances_may_be_chosen():
    generous = Tolerance(amount=Decimal("1.00"), rate=Decimal("0.005"), rule=ToleranceRule.GREATER)
    assert generous.limit(Decimal(1000)) == Decimal("5.00")
    assert TOLERANCE.limit(Decimal(1000)) == Decimal("1.00")


cents = st.integers(min_value=0, max_value=1_000_00).map(lambda n: Decimal(n) / 100)


@given(
    deductions=st.lists(cents.filter(bool), min_size=1, max_size=8),
    accruals=st.lists(st.tuples(cents, cents, cents), min_size=1, max_size=4),
    rule=st.sampled_from(list(ToleranceRule)),
)
def test_an_accrual_is_never_over_consumed_and_nothing_of_a_deduction_is_lost(deductions, accruals, rule):
    tolerance = Tolerance(amount=Decimal("1.00"), rate=Decimal("0.005"), rule=rule)
    waiting = [OpenDeduction(id=UUID(int=n), open_amount=amount) for n, amount in enumerate(deductions)]
    offered = [
        OpenAccrual(id=UUID(int=100 + n), open_amount=left, consumed_amount=used, reclaim_amount=reclaim)
        for n, (left, used, reclaim) in enumerate(accruals)
    ]
    taken = dict.fromkeys((each.id for each in offered), ZERO)
    for deduction, decision in zip(waiting, match(waiting, offered, tolerance), strict=True):
        assert decision.accepted_amount + decision.tolerance_amount + decision.disputed_amount == deduction.open_amount
        assert decision.tolerance_amount <= tolerance.limit(decision.accepted_amount)
        assert bool(decision.disputed_amount) == (decision.dispute_reason is not None)
        for part in decision.acceptances:
            assert part.amount > 0
            taken[part.accrual_id] += part.amount
    assert all(taken[each.id] <= each.open_amount for each in offered)
    reclaim = sum((each.reclaim_amount for each in offered), ZERO)
    assert sum(taken.values()) <= max(sum((each.open_amount for each in offered), ZERO) - reclaim, ZERO)
    assert DisputeReason.UNAGREED.value == "unagreed"
