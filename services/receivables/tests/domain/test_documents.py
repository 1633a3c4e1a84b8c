from decimal import Decimal
from uuid import UUID

import pytest

from receivables.domain.documents import check_invoice_open, check_remittance, line_totals
from receivables.domain.errors import InvoiceOverpaid, RemittanceUnbalanced

A, B = UUID(int=1), UUID(int=2)


def test_tax_is_rounded_line_by_line_and_products_are_added_up():
    lines = [
        (A, Decimal(1), Decimal("0.05"), Decimal("0.13")),
        (A, Decimal(2), Decimal("0.05"), Decimal("0.13")),
        (B, Decimal("1.5"), Decimal("100.00"), Decimal("0.09")),
    ]
    totals = line_totals(lines)
    assert totals.tax_amounts == (Decimal("0.01"), Decimal("0.01"), Decimal("9.00"))
    assert (totals.net_amount, totals.tax_amount, totals.gross_amount) == (
        Decimal("100.10"),
        Decimal("9.02"),
        Decimal("109.12"),
    )
    assert [(p.product_id, p.quantity, p.net_amount) for p in totals.products] == [
        (A, Decimal(3), Decimal("0.10")),
        (B, Decimal("1.5"), Decimal("100.00")),
    ]


def test_a_return_lowers_purchases():
    totals = line_totals([(A, Decimal(2), Decimal("10.00"), Decimal("0.13"))], sign=-1)
    assert (totals.net_amount, totals.tax_amount) == (Decimal("-10.00"), Decimal("-1.30"))
    assert totals.products[0].quantity == Decimal(-2)


def test_a_remittance_balances_or_is_refused():
    check_remittance(Decimal(900), [Decimal(1000)], [Decimal(60), Decimal(40)])
    with pytest.raises(RemittanceUnbalanced, match=r"missing 0\.01"):
        check_remittance(Decimal(900), [Decimal("1000.01")], [Decimal(100)])


def test_an_invoice_is_not_settled_beyond_what_is_open():
    check_invoice_open("I-1", Decimal(10), Decimal(10), "/invoice_lines/0/amount")
    with pytest.raises(InvoiceOverpaid, match="Only 10") as caught:
        check_invoice_open("I-1", Decimal(10), Decimal("10.01"), "/invoice_lines/0/amount")
    assert caught.value.pointers == ("/invoice_lines/0/amount",)
