"""The journal 分录: double entry, one function per business event; every entry balances or is not made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from receivables.domain.tax import TaxDocument, TaxedAmount
from shared.kernel.money import ZERO


class Ledger(StrEnum):
    """Accounts of the ledger."""

    ACCOUNTS_RECEIVABLE = "accounts_receivable"
    """应收账款."""
    CASH = "cash"
    """银行存款."""
    REVENUE = "revenue"
    """主营业务收入."""
    OUTPUT_TAX = "output_tax"
    """销项税额."""
    INPUT_TAX = "input_tax"
    """进项税额."""
    DEDUCTIONS_IN_SUSPENSE = "deductions_in_suspense"
    """待核销账扣."""
    DISPUTED_DEDUCTIONS = "disputed_deductions"
    """争议账扣."""
    ACCRUED_FEES = "accrued_fees"
    """预提渠道费用."""
    FEE_EXPENSE = "fee_expense"
    """渠道费用."""
    WRITE_OFFS = "write_offs"
    """坏账及差额核销."""


class EntryKind(StrEnum):
    """The business event that an entry books."""

    INVOICE_POSTED = "invoice_posted"
    REMITTANCE_RECEIVED = "remittance_received"
    FEE_ACCRUED = "fee_accrued"
    FEE_SETTLED = "fee_settled"
    DEDUCTION_DISPUTED = "deduction_disputed"
    DEDUCTION_REOPENED = "deduction_reopened"
    DEDUCTION_RECOVERED = "deduction_recovered"
    DEDUCTION_WRITTEN_OFF = "deduction_written_off"
    TOLERANCE_WRITTEN_OFF = "tolerance_written_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line: exactly one of ``debit`` 借 and ``credit`` 贷 is above zero."""

    ledger: Ledger
    debit: Decimal = ZERO
    credit: Decimal = ZERO

    def __post_init__(self) -> None:
        if self.debit < 0 or self.credit < 0 or bool(self.debit) == bool(self.credit):
            raise ValueError("a posting has either a debit or a credit, above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """What one business event does to the ledger; in one currency."""

    kind: EntryKind
    account_id: UUID
    settlement_entity_id: UUID
    source_id: UUID
    """The document that it books: invoice, remittance, accrual, settled fee or deduction."""
    booked_on: date
    currency: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        debit = sum((posting.debit for posting in self.postings), ZERO)
        credit = sum((posting.credit for posting in self.postings), ZERO)
        if not self.postings or debit != credit:
            raise ValueError(f"debits {debit} and credits {credit} must be equal and above zero")


def signed_postings(amounts: Iterable[tuple[Ledger, Decimal]]) -> tuple[Posting, ...]:
    """Return postings of amounts that are debits above zero and credits below it; zeros are left out."""
    return tuple(
        Posting(ledger=ledger, debit=amount) if amount > 0 else Posting(ledger=ledger, credit=-amount)
        for ledger, amount in amounts
        if amount
    )


def invoice_posted(net_amount: Decimal, tax_amount: Decimal) -> tuple[Posting, ...]:
    """Accounts receivable to revenue and output tax."""
    return signed_postings(
        (
            (Ledger.ACCOUNTS_RECEIVABLE, net_amount + tax_amount),
            (Ledger.REVENUE, -net_amount),
            (Ledger.OUTPUT_TAX, -tax_amount),
        )
    )


def remittance_received(cash: Decimal, deducted: Decimal) -> tuple[Posting, ...]:
    """Cash, and what was kept back in suspense, to accounts receivable."""
    return signed_postings(
        (
            (Ledger.CASH, cash),
            (Ledger.DEDUCTIONS_IN_SUSPENSE, deducted),
            (Ledger.ACCOUNTS_RECEIVABLE, -(cash + deducted)),
        )
    )


def fee_accrued(delta_excl_tax: Decimal) -> tuple[Posting, ...]:
    """Fee expense to accrued fees, without tax; the other way round when the accrual falls."""
    return signed_postings(((Ledger.FEE_EXPENSE, delta_excl_tax), (Ledger.ACCRUED_FEES, -delta_excl_tax)))


def fee_settled(amount: TaxedAmount, document: TaxDocument, against: Ledger) -> tuple[Posting, ...]:
    """Accrued fees, and the tax that the document gives back, to ``against``.

    A red invoice lowers our output tax, a fee invoice gives input tax (domain digest 4, Tax; to be reviewed by tax).
    """
    tax = Ledger.OUTPUT_TAX if document is TaxDocument.RED_INVOICE else Ledger.INPUT_TAX
    return signed_postings(((Ledger.ACCRUED_FEES, amount.excl_tax), (tax, amount.tax), (against, -amount.incl_tax)))


def deduction_disputed(amount: Decimal) -> tuple[Posting, ...]:
    """Disputed deductions to deductions in suspense."""
    return signed_postings(((Ledger.DISPUTED_DEDUCTIONS, amount), (Ledger.DEDUCTIONS_IN_SUSPENSE, -amount)))


def deduction_reopened(amount: Decimal) -> tuple[Posting, ...]:
    """Back into suspense: the dispute over ``amount`` is given up."""
    return signed_postings(((Ledger.DEDUCTIONS_IN_SUSPENSE, amount), (Ledger.DISPUTED_DEDUCTIONS, -amount)))


def deduction_recovered(amount: Decimal) -> tuple[Posting, ...]:
    """Cash to disputed deductions."""
    return signed_postings(((Ledger.CASH, amount), (Ledger.DISPUTED_DEDUCTIONS, -amount)))


def written_off(from_suspense: Decimal, from_dispute: Decimal = ZERO) -> tuple[Posting, ...]:
    """Write-offs to deductions in suspense and disputed deductions."""
    return signed_postings(
        (
            (Ledger.WRITE_OFFS, from_suspense + from_dispute),
            (Ledger.DEDUCTIONS_IN_SUSPENSE, -from_suspense),
            (Ledger.DISPUTED_DEDUCTIONS, -from_dispute),
        )
    )
