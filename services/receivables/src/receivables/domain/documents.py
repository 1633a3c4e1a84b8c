"""Invoices, goods receipts and remittances: how lines add up, and what has to balance before anything is booked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from receivables.domain.errors import InvoiceOverpaid, RemittanceUnbalanced
from receivables.domain.events import ProductTotal
from shared.kernel.money import ZERO, round_cents

NO_QUANTITY = Decimal("0.0000")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTotals:
    """Totals of a document: tax is rounded per line."""

    net_amount: Decimal
    tax_amounts: tuple[Decimal, ...]
    products: tuple[ProductTotal, ...]

    @property
    def tax_amount(self) -> Decimal:
        """Sum of the lines' tax."""
        return sum(self.tax_amounts, ZERO)

    @property
    def gross_amount(self) -> Decimal:
        """Including tax."""
        return self.net_amount + self.tax_amount


def line_totals(lines: Iterable[tuple[UUID, Decimal, Decimal, Decimal]], sign: int = 1) -> LineTotals:
    """Add lines of (product, quantity, net amount, tax rate) up; ``sign`` is -1 for a return.

    Each line's tax is rounded half up to 0.01 (domain digest 2.2).
    """
    net = ZERO
    taxes: list[Decimal] = []
    by_product: dict[UUID, tuple[Decimal, Decimal]] = {}
    for product_id, quantity, net_amount, tax_rate in lines:
        signed = net_amount * sign
        net += signed
        taxes.append(round_cents(signed * tax_rate))
        so_far = by_product.get(product_id, (NO_QUANTITY, ZERO))
        by_product[product_id] = (so_far[0] + quantity * sign, so_far[1] + signed)
    products = tuple(
        ProductTotal(product_id=product_id, quantity=quantity, net_amount=amount)
        for product_id, (quantity, amount) in by_product.items()
    )
    return LineTotals(net_amount=net, tax_amounts=tuple(taxes), products=products)


def check_remittance(cash: Decimal, settled: Sequence[Decimal], deducted: Sequence[Decimal]) -> None:
    """Check that what is settled on invoices is the cash received plus what was kept back.

    Raises:
        RemittanceUnbalanced: it is not.
    """
    on_invoices, kept = sum(settled, ZERO), sum(deducted, ZERO)
    if on_invoices != cash + kept:
        raise RemittanceUnbalanced(
            f"The invoice lines come to {on_invoices}, cash and deductions to {cash + kept}; "
            f"correct the lines or add the missing {abs(on_invoices - cash - kept)}.",
            pointers=["/invoice_lines", "/deductions", "/amount"],
        )


def check_invoice_open(number: str, open_amount: Decimal, settled: Decimal, pointer: str) -> None:
    """Check that no more is settled of an invoice than is open.

    Raises:
        InvoiceOverpaid: it is more.
    """
    if settled > open_amount:
        raise InvoiceOverpaid(
            f"Only {open_amount} of invoice {number} is open; settle the rest on another invoice.", pointers=[pointer]
        )
