from datetime import date

import pytest

from receivables.domain.payment_terms import PaymentTerms, TermType, next_pay_day

GOLDEN = [
    # term, days, pay days, document date, due date; domain digest 2.4
    ("monthly_close", 30, (), date(2026, 1, 10), date(2026, 3, 3)),
    ("monthly_close", 30, (15,), date(2026, 1, 10), date(2026, 3, 15)),
    ("monthly_close", 30, (1,), date(2026, 1, 31), date(2026, 4, 1)),
    ("invoice_received", 45, (5, 20), date(2026, 3, 1), date(2026, 4, 20)),
    ("invoice_received", 45, (5, 20), date(2026, 2, 19), date(2026, 4, 5)),
    ("invoice_received", 45, (5, 20), date(2026, 3, 9), date(2026, 5, 5)),
    ("receipt", 60, (), date(2026, 1, 1), date(2026, 3, 2)),
    ("consignment", 0, (), date(2026, 1, 20), date(2026, 2, 1)),
    ("monthly_close", 30, (31,), date(2026, 3, 20), date(2026, 5, 31)),
    ("receipt", 29, (31,), date(2026, 4, 1), date(2026, 4, 30)),
    ("receipt", 0, (5,), date(2026, 12, 6), date(2027, 1, 5)),
]


@pytest.mark.parametrize(("kind", "days", "pay_days", "document", "due"), GOLDEN)
def test_an_invoice_is_due_on_the_next_pay_day_after_its_days(kind, days, pay_days, document, due):
    assert PaymentTerms(term_type=TermType(kind), days=days, pay_days=pay_days).due_on(document) == due


def test_monthly_close_45_breaks_the_60_day_limit_for_goods_of_the_first():
    terms = PaymentTerms(term_type=TermType.MONTHLY_CLOSE, days=45)
    assert not terms.is_within_legal_limit(date(2026, 1, 1), date(2026, 1, 1))
    assert (terms.due_on(date(2026, 1, 1)) - date(2026, 1, 1)).days == 76
    assert terms.is_within_legal_limit(date(2026, 1, 31), date(2026, 1, 31))


def test_a_pay_day_that_february_lacks_is_its_last_day():
    assert next_pay_day(date(2026, 2, 10), (30,)) == date(2026, 2, 28)
    assert next_pay_day(date(2026, 1, 31), (30,)) == date(2026, 2, 28)


@pytest.mark.parametrize(("days", "pay_days"), [(-1, ()), (367, ()), (30, (0,)), (30, (32,))])
def test_impossible_terms_are_refused(days, pay_days):
    with pytest.raises(ValueError, match="must be"):
        PaymentTerms(term_type=TermType.RECEIPT, days=days, pay_days=pay_days)
