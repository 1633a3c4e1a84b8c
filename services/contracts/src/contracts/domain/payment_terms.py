"""Payment terms 账期: from which date, how many days, and on which days of the month money moves."""

from dataclasses import dataclass
from enum import StrEnum

DAYS_MAX = 365
LAST_DAY_OF_MONTH = 31


class TermType(StrEnum):
    """The date from which the days count (domain digest 2.4)."""

    MONTHLY_CLOSE = "monthly_close"
    """月结: from the first day of the month after the goods were received."""
    INVOICE_RECEIVED = "invoice_received"
    """票到: from the day the retailer has the invoice."""
    RECEIPT = "receipt"
    """货到: from the day the goods were received."""
    CONSIGNMENT = "consignment"
    """代销/实销实结: from the close of the month in which the goods were sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """When an invoice falls due: so many days from a base date, then the next pay day."""

    term_type: TermType
    """Base date: monthly_close 月结, invoice_received 票到, receipt 货到, consignment 代销."""
    days: int
    """Days from the base date, 0 to 365."""
    pay_days: tuple[int, ...] = ()
    """Days of the month on which the retailer pays, rising, 1 to 31 (31 is the last day); none: any day."""

    def __post_init__(self) -> None:
        if not 0 <= self.days <= DAYS_MAX:
            raise ValueError(f"days must be from 0 to {DAYS_MAX}, got {self.days}")
        if any(not 1 <= day <= LAST_DAY_OF_MONTH for day in self.pay_days):
            raise ValueError("pay_days must be days of the month from 1 to 31")
        if any(low >= high for low, high in zip(self.pay_days, self.pay_days[1:], strict=False)):
            raise ValueError("pay_days must rise, each day once")
