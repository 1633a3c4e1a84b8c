from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from receivables.domain.accruals import (
    AccrualBalance,
    claim_key,
    consumed,
    contract_claim_key,
    promotion_claim_keys,
    settled_part,
    to_target,
)
from receivables.domain.formulas import Driver, Formula
from receivables.domain.tax import NO_AMOUNT, TaxedAmount, in_both_bases
from shared.kernel.money import ZERO
from shared.kernel.tiers import Tier, Tiers

EMPTY = AccrualBalance(booked=NO_AMOUNT, consumed=NO_AMOUNT)
TIERS = Tiers(
    steps=(Tier(threshold=Decimal(0), rate=Decimal("0.01")), Tier(threshold=Decimal(1000), rate=Decimal("0.03")))
)
FORMULA = Formula(driver=Driver.NET_PURCHASES, tiers=TIERS)
START = date(2026, 1, 1)
cents = st.integers(min_value=1, max_value=10_000_000).map(lambda n: Decimal(n) / 100)


def accrued(balance: AccrualBalance, purchases: list[Decimal], day: int) -> tuple[AccrualBalance, Decimal]:
    through = max(START + timedelta(days=day), balance.accrued_through or START)
    quantity = sum(purchases[: (through - START).days + 1], ZERO)
    change = to_target(balance, in_both_bases(FORMULA.amount(quantity), "incl", Decimal("0.06")), through)
    return change.after, change.delta.incl_tax


def test_a_tier_reached_late_trues_up_what_was_accrued_before():
    first, delta = accrued(EMPTY, [Decimal(900), Decimal(100)], 0)
    assert delta == Decimal("9.00")
    second, delta = accrued(first, [Decimal(900), Decimal(100)], 1)
    assert delta == Decimal("21.00")
    assert second.booked.incl_tax == Decimal("30.00")


def test_running_twice_books_nothing():
    balance, _ = accrued(EMPTY, [Decimal(900)], 0)
    change = to_target(balance, balance.booked, START)
    assert change.is_nothing


def test_a_target_below_what_was_consumed_leaves_a_reclaim_and_nothing_open():
    paid = AccrualBalance(
        booked=TaxedAmount(incl_tax=Decimal(100), excl_tax=Decimal(94)),
        consumed=TaxedAmount(incl_tax=Decimal(80), excl_tax=Decimal(75)),
    )
    after = to_target(paid, TaxedAmount(incl_tax=Decimal(50), excl_tax=Decimal(47)), START).after
    assert (after.reclaim_amount, after.open_amount) == (Decimal(30), ZERO)
    again = to_target(after, TaxedAmount(incl_tax=Decimal(90), excl_tax=Decimal(85)), START).after
    assert (again.reclaim_amount, again.open_amount) == (ZERO, Decimal(10))


@given(
    purchases=st.lists(cents, min_size=1, max_size=20),
    days=st.lists(st.integers(min_value=0, max_value=19), min_size=1, max_size=8),
)
def test_accruals_add_up_whatever_the_order_of_runs(purchases, days):
    balance, total = EMPTY, ZERO
    for day in days:
        balance, delta = accrued(balance, purchases, day)
        total += delta
    at_once, whole = accrued(EMPTY, purchases, max(days))
    assert total == whole == balance.booked.incl_tax
    assert balance == at_once


@given(total=cents, shares=st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=6))
def test_the_parts_of_an_accrual_add_up_to_it_in_both_bases(total, shares):
    rate = Decimal("0.06")
    balance = to_target(EMPTY, in_both_bases(total, "incl", rate), START).after
    for share in shares:
        amount = min((total * share / 100).quantize(Decimal("0.01")), balance.open_amount)
        if amount > 0:
            balance = consumed(balance, settled_part(balance, amount, rate))
    if balance.open_amount:
        balance = consumed(balance, settled_part(balance, balance.open_amount, rate))
    assert balance.consumed.incl_tax == balance.booked.incl_tax
    assert abs(balance.consumed.excl_tax - balance.booked.excl_tax) <= Decimal("0.01") * len(shares)


def test_claim_references_are_compared_without_blanks_and_case():
    assert claim_key(" c-1/ t1/2024-03 ") == contract_claim_key("C-1", "T1", "2024-03")
    assert promotion_claim_keys("P-17", "endcap", None) == ("P-17/ENDCAP",)
    assert promotion_claim_keys("P-17", "endcap", "sku1") == ("P-17/ENDCAP", "P-17/ENDCAP/SKU1")
