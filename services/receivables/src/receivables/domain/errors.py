"""What receivables refuses, with stable codes and messages that say what to do.

NotFound
├── InvoiceNotFound, GoodsReceiptNotFound, RemittanceNotFound, DeductionNotFound, AccrualNotFound
└── SettledFeeNotFound, ErpBatchNotFound, JournalEntryNotFound, EntityUnknown
Conflict
├── RemittanceExists, RemittanceNumberTaken      the same money twice
├── DeductionClosed, AmountExceedsOpen           the part of the deduction is gone already
├── AccrualExhausted                             nothing left on the accrual
└── BatchMismatch                                the ERP read something else than was closed
RuleBroken
├── RemittanceUnbalanced, InvoiceUnknown, InvoiceOverpaid, CurrencyMismatch
└── NotSettledInCash, ReportTooLarge, DateOutOfRange
"""

from shared.kernel.errors import Conflict, NotFound, RuleBroken


class InvoiceNotFound(NotFound):
    """There is no such invoice in the caller's scope."""

    code = "invoice_not_found"


class GoodsReceiptNotFound(NotFound):
    """There is no such goods receipt in the caller's scope."""

    code = "goods_receipt_not_found"


class RemittanceNotFound(NotFound):
    """There is no such remittance in the caller's scope."""

    code = "remittance_not_found"


class DeductionNotFound(NotFound):
    """There is no such deduction in the caller's scope."""

    code = "deduction_not_found"


class AccrualNotFound(NotFound):
    """There is no such accrual in the caller's scope."""

    code = "accrual_not_found"


class SettledFeeNotFound(NotFound):
    """There is no such settled fee in the caller's scope."""

    code = "settled_fee_not_found"


class ErpBatchNotFound(NotFound):
    """No batch of this number has been closed."""

    code = "erp_batch_not_found"


class JournalEntryNotFound(NotFound):
    """There is no such journal entry in the caller's scope."""

    code = "journal_entry_not_found"


class EntityUnknown(NotFound):
    """The settlement entity is not known here (yet), or belongs to another account."""

    code = "settlement_entity_unknown"


class RemittanceExists(Conflict):
    """A remittance of this id was booked already."""

    code = "remittance_exists"


class RemittanceNumberTaken(Conflict):
    """The payer has sent a remittance of this number already."""

    code = "remittance_number_taken"


class DeductionClosed(Conflict):
    """Nothing of the deduction is left for this step."""

    code = "deduction_closed"


class AmountExceedsOpen(Conflict):
    """The amount is above what is left of the deduction for this step."""

    code = "amount_exceeds_open"


class AccrualExhausted(Conflict):
    """The accrual's open amount is below the amount to be accepted."""

    code = "accrual_exhausted"


class BatchMismatch(Conflict):
    """What the ERP read is not what was closed."""

    code = "batch_mismatch"


class RemittanceUnbalanced(RuleBroken):
    """Settled invoices are not cash plus deductions."""

    code = "remittance_unbalanced"


class InvoiceUnknown(RuleBroken):
    """The remittance names an invoice that was not posted for this settlement entity."""

    code = "invoice_unknown"


class InvoiceOverpaid(RuleBroken):
    """The remittance settles more of an invoice than is open."""

    code = "invoice_overpaid"


class CurrencyMismatch(RuleBroken):
    """Two documents that are to be set off are in different currencies."""

    code = "currency_mismatch"


class ReportTooLarge(RuleBroken):
    """The report has more rows than one answer holds."""

    code = "report_too_large"


class NotSettledInCash(RuleBroken):
    """The fee was agreed to be settled another way."""

    code = "not_settled_in_cash"


class DateOutOfRange(RuleBroken):
    """A date so late that what follows from it is after the end of the calendar."""

    code = "date_out_of_range"
