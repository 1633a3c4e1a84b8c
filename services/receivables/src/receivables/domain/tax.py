"""Value-added tax in a fee: which document proves it, at which rate, and how a gross amount splits."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared.kernel.money import ZERO, excluding_tax, including_tax

REBATE_KINDS = frozenset(
    {
        "invoice_discount",
        "unconditional_rebate",
        "rebate_cycle",
        "tier_rebate",
        "early_payment_discount",
        "damage_allowance",
        "no_return_allowance",
        "dc_discount",
        "price_compensation",
        "return_allowance",
        "margin_guarantee",
    }
)
"""Fee kinds tied to volume or amount 返利: they lower the goods' price (domain digest 4; to be reviewed by tax)."""


class TaxDocument(StrEnum):
    """The document that has to come before a settled fee is documented."""

    RED_INVOICE = "red_invoice"
    """红字发票: ours, it lowers our output tax at the goods' rate."""
    FEE_INVOICE = "fee_invoice"
    """服务费发票: the retailer's, it gives us input tax at the service rate."""
    NONE = "none"
    """价外扣款: a penalty, outside value-added tax."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRates:
    """Rates as fractions; the deployment's settings."""

    goods: Decimal
    service: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTreatment:
    """How one fee kind is taxed."""

    document: TaxDocument
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedAmount:
    """One amount in both bases, in cents."""

    incl_tax: Decimal
    excl_tax: Decimal

    @property
    def tax(self) -> Decimal:
        """The tax in it."""
        return self.incl_tax - self.excl_tax


NO_AMOUNT = TaxedAmount(incl_tax=ZERO, excl_tax=ZERO)


def treatment_of(fee_kind: str, rates: TaxRates) -> TaxTreatment:
    """Return how ``fee_kind`` (domain digest 2.1) is taxed: rebates as goods, penalties not, the rest as services."""
    if fee_kind in REBATE_KINDS:
        return TaxTreatment(document=TaxDocument.RED_INVOICE, rate=rates.goods)
    if fee_kind.startswith("penalty"):
        return TaxTreatment(document=TaxDocument.NONE, rate=Decimal(0))
    return TaxTreatment(document=TaxDocument.FEE_INVOICE, rate=rates.service)


def in_both_bases(amount: Decimal, tax_basis: str, rate: Decimal) -> TaxedAmount:
    """Return ``amount`` (cents, in ``tax_basis`` incl or excl) in both bases."""
    if tax_basis == "incl":
        return TaxedAmount(incl_tax=amount, excl_tax=excluding_tax(amount, rate))
    return TaxedAmount(incl_tax=including_tax(amount, rate), excl_tax=amount)
