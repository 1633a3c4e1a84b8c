from collections import defaultdict
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receivables.domain import journal
from receivables.domain.journal import EntryKind, JournalEntry, Ledger, Posting
from receivables.domain.tax import TaxDocument, TaxedAmount
from shared.kernel.money import ZERO

cents = st.integers(min_value=1, max_value=10_000_000_00).map(lambda n: Decimal(n) / 100)
NOBODY = UUID(int=0)


def balance(postings):
    return sum((p.debit - p.credit for p in postings), ZERO)


def by_ledger(*entries):
    totals = defaultdict(lambda: ZERO)
    for postings in entries:
        for posting in postings:
            totals[posting.ledger] += posting.debit - posting.credit
    return {ledger: total for ledger, total in totals.items() if total}


def test_a_deduction_goes_through_suspense_to_the_accrual_and_leaves_the_expense():
    rest = by_ledger(
        journal.invoice_posted(Decimal("1000.00"), Decimal("130.00")),
        journal.fee_accrued(Decimal("94.34")),
        journal.remittance_received(Decimal("1030.00"), Decimal("100.00")),
        journal.fee_settled(
            TaxedAmount(incl_tax=Decimal("100.00"), excl_tax=Decimal("94.34")),
            TaxDocument.FEE_INVOICE,
            Ledger.DEDUCTIONS_IN_SUSPENSE,
        ),
    )
    assert rest == {
        Ledger.CASH: Decimal("1030.00"),
        Ledger.REVENUE: Decimal("-1000.00"),
        Ledger.OUTPUT_TAX: Decimal("-130.00"),
        Ledger.FEE_EXPENSE: Decimal("94.34"),
        Ledger.INPUT_TAX: Decimal("5.66"),
    }


def test_a_red_invoice_lowers_our_output_tax():
    part = TaxedAmount(incl_tax=Decimal("113000.00"), excl_tax=Decimal("100000.00"))
    postings = journal.fee_settled(part, TaxDocument.RED_INVOICE, Ledger.DEDUCTIONS_IN_SUSPENSE)
    assert by_ledger(postings)[Ledger.OUTPUT_TAX] == Decimal("13000.00")


def test_a_falling_accrual_is_booked_the_other_way_round():
    assert by_ledger(journal.fee_accrued(Decimal("-5.00"))) == {
        Ledger.FEE_EXPENSE: Decimal("-5.00"),
        Ledger.ACCRUED_FEES: Decimal("5.00"),
    }


def test_a_dispute_ends_in_cash_in_suspense_or_in_write_offs():
    amount = Decimal("50.00")
    disputed = journal.deduction_disputed(amount)
    assert by_ledger(disputed, journal.deduction_recovered(amount)) == {
        Ledger.CASH: amount,
        Ledger.DEDUCTIONS_IN_SUSPENSE: -amount,
    }
    assert by_ledger(disputed, journal.deduction_reopened(amount)) == {}
    assert by_ledger(disputed, journal.written_off(ZERO, amount))[Ledger.WRITE_OFFS] == amount


@given(net=cents, tax=cents, cash=cents, incl=cents, share=st.integers(min_value=0, max_value=100))
def test_debits_equal_credits_in_every_entry(net, tax, cash, incl, share):
    excl = (incl * share / 100).quantize(Decimal("0.01"))
    part = TaxedAmount(incl_tax=incl, excl_tax=excl)
    entries = [
        journal.invoice_posted(net, tax),
        journal.remittance_received(cash, net),
        journal.fee_accrued(net),
        journal.fee_accrued(-net),
        *(journal.fee_settled(part, document, Ledger.CASH) for document in TaxDocument),
        journal.deduction_disputed(net),
        journal.deduction_reopened(net),
        journal.deduction_recovered(net),
        journal.written_off(net, tax),
    ]
    for postings in entries:
        assert balance(postings) == 0
        entry = JournalEntry(
            kind=EntryKind.FEE_SETTLED,
            account_id=NOBODY,
            settlement_entity_id=NOBODY,
            source_id=NOBODY,
            booked_on=date(2026, 1, 1),
            currency="CNY",
            postings=postings,
        )
        assert all(bool(p.debit) != bool(p.credit) for p in entry.postings)


def test_what_does_not_balance_is_no_entry():
    with pytest.raises(ValueError, match="equal"):
        JournalEntry(
            kind=EntryKind.FEE_SETTLED,
            account_id=NOBODY,
            settlement_entity_id=NOBODY,
            source_id=NOBODY,
            booked_on=date(2026, 1, 1),
            currency="CNY",
            postings=(Posting(ledger=Ledger.CASH, debit=Decimal(1)),),
        )
    with pytest.raises(ValueError, match="either"):
        Posting(ledger=Ledger.CASH, debit=Decimal(1), credit=Decimal(1))
    with pytest.raises(ValueError, match="either"):
        Posting(ledger=Ledger.CASH)
