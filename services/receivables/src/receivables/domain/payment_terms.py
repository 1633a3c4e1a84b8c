"""Payment terms 账期 and the due date of an invoice."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from receivables.domain.errors import DateOutOfRange
from shared.kernel.periods import ONE_DAY, month_of

DAYS_MAX = 366
LAST_DAY = 31
LEGAL_DAYS_MAX = 60
"""Order 17 Art. 14 (wording read, article number not verified): payment at most 60 days after receipt of the goods."""


class TermType(StrEnum):
    """From which day the days are counted."""

    MONTHLY_CLOSE = "monthly_close"
    """月结: from the first day of the month after the invoice."""
    INVOICE_RECEIVED = "invoice_received"
    """票到: from the day the invoice arrives; the invoice date stands for it [INF]."""
    RECEIPT = "receipt"
    """货到: from the day of the goods receipt; the invoice date stands for it while no receipt is known [INF]."""
    CONSIGNMENT = "consignment"
    """代销: for what was sold in the month; counted like 月结 [INF]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """``days`` after the base date, on the next of the payer's ``pay_days`` (days of the month; none = any day)."""

    term_type: TermType
    days: int
    pay_days: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.days <= DAYS_MAX:
            raise ValueError(f"days must be between 0 and {DAYS_MAX}, got {self.days}")
        if any(not 1 <= day <= LAST_DAY for day in self.pay_days):
            raise ValueError("pay_days must be days of the month, 1 to 31")

    def base_date(self, document_date: date) -> date:
        """Return the day from which ``days`` are counted for a document of ``document_date``."""
        if self.term_type in (TermType.MONTHLY_CLOSE, TermType.CONSIGNMENT):
            return month_of(document_date).end + ONE_DAY
        return document_date

    def due_on(self, document_date: date) -> date:
        """Return the due date. Source: domain digest 2.4, ``due = next_pay_day(base_date + N)``.

        Raises:
            DateOutOfRange: the calendar ends before it.
        """
        try:
            return next_pay_day(self.base_date(document_date) + timedelta(days=self.days), self.pay_days)
        except OverflowError as error:
            raise DateOutOfRange(f"A document of {document_date} has no due date; correct its date.") from error

    def is_within_legal_limit(self, received_on: date, document_date: date) -> bool:
        """Say whether goods of ``received_on`` are paid within 60 days; 月结45 fails early in the month."""
        return (self.due_on(document_date) - received_on).days <= LEGAL_DAYS_MAX


def next_pay_day(day: date, pay_days: tuple[int, ...]) -> date:
    """Return the first pay day on or after ``day``; a pay day that a month lacks (31 in April) is its last day."""
    if not pay_days:
        return day
    last = monthrange(day.year, day.month)[1]
    later = [min(pay_day, last) for pay_day in sorted(pay_days) if min(pay_day, last) >= day.day]
    if later:
        return day.replace(day=later[0])
    following = month_of(day).end + ONE_DAY
    return following.replace(day=min(*pay_days, monthrange(following.year, following.month)[1]))
