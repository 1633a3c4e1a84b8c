"""What receivables tells the other services; each event carries its subject's full public state."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from shared.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTotal:
    """What a document says of one product."""

    __pydantic_config__: ClassVar[dict[str, bool]] = {"use_attribute_docstrings": True}

    product_id: UUID
    quantity: Decimal
    """In the product's unit; negative on a return."""
    net_amount: Decimal
    """Without tax, in the document's currency; negative on a return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePosted(Event):
    """An invoice 销售发票 was posted to accounts receivable."""

    event_type: ClassVar[str] = "gondola.receivables.invoice_posted.v1"
    noun: ClassVar[str] = "invoice"
    number: str
    """Our invoice number."""
    settlement_entity_id: UUID
    """Who pays 结算主体."""
    invoiced_on: date
    due_on: date
    """By the payment terms in force on the invoice date 到期日."""
    currency: str
    net_amount: Decimal
    """Without tax."""
    tax_amount: Decimal
    """Sum of the lines' tax, each rounded half up to 0.01."""
    gross_amount: Decimal
    """Including tax: what the retailer owes."""
    line_count: int
    products: tuple[ProductTotal, ...]
    """The lines, added up by product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseRecorded(Event):
    """Goods were received by the retailer, or returned 进货/退货."""

    event_type: ClassVar[str] = "gondola.receivables.purchase_recorded.v1"
    noun: ClassVar[str] = "goods-receipt"
    number: str
    """Number of the goods receipt note."""
    settlement_entity_id: UUID
    store_id: UUID | None
    """Store that received the goods; absent for a distribution centre."""
    invoice_id: UUID | None
    received_on: date
    kind: Literal["receipt", "return"]
    currency: str
    net_amount: Decimal
    """Without tax; negative for a return, so that net purchases are a sum."""
    gross_amount: Decimal
    """Including tax; negative for a return."""
    line_count: int
    products: tuple[ProductTotal, ...]
    """The lines, added up by product; negative for a return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeAccrued(Event):
    """The accrual of a fee changed 预提: the whole accrual after the change."""

    event_type: ClassVar[str] = "gondola.receivables.fee_accrued.v1"
    noun: ClassVar[str] = "accrual"
    source: Literal["contract_term", "promotion_fee"]
    settlement_entity_id: UUID
    contract_id: UUID | None
    contract_number: str | None
    contract_version: int | None
    """Number of the contract version whose term was applied."""
    term_id: UUID | None
    term_code: str | None
    promotion_id: UUID | None
    promotion_number: str | None
    promotion_fee_id: UUID | None
    fee_kind: str
    """Code of the fee catalogue (domain digest 2.1)."""
    settlement_method: str
    """on_invoice 票扣, offset 账扣, cash 电汇 or free_goods 货补."""
    cycle_start: date
    cycle_end: date
    accrued_through: date
    """Last day whose quantities are in the amount."""
    driver: str
    """net_purchases, store_periods, periods or earned (a promotion fee)."""
    driver_quantity: Decimal
    currency: str
    tax_basis: Literal["incl", "excl"]
    """Basis in which the term's formula was applied."""
    amount: Decimal
    """Cumulative amount in ``tax_basis``."""
    amount_incl_tax: Decimal
    """Cumulative amount including tax: what deductions may take."""
    amount_excl_tax: Decimal
    """Cumulative amount without tax: what the expense is."""
    claim_reference: str
    """What a deduction has to quote to be matched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSettled(Event):
    """A fee was settled 结算: one accepted part of a deduction, or a payment without one."""

    event_type: ClassVar[str] = "gondola.receivables.fee_settled.v1"
    noun: ClassVar[str] = "settled-fee"
    number: str
    """Number of the settlement document."""
    accrual_id: UUID
    source: Literal["contract_term", "promotion_fee"]
    settlement_entity_id: UUID
    contract_id: UUID | None
    term_id: UUID | None
    term_code: str | None
    promotion_id: UUID | None
    promotion_fee_id: UUID | None
    deduction_id: UUID | None
    remittance_id: UUID | None
    fee_kind: str
    settlement_method: str
    currency: str
    amount: Decimal
    """Including tax: what the retailer kept."""
    tax_rate: Decimal
    """Fraction: 0.06 is 6 %."""
    tax_amount: Decimal
    amount_excl_tax: Decimal
    settled_on: date
    document_kind: Literal["red_invoice", "fee_invoice", "none"]
    """Which tax document belongs to it: 红字发票 (ours), 服务费发票 (the retailer's), or none."""
    document_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionState(Event):
    """A deduction's state 账扣."""

    settlement_entity_id: UUID
    remittance_id: UUID
    number: str
    """The retailer's number of the deduction."""
    reason_code: str
    """The retailer's reason code."""
    fee_kind: str | None
    claim_reference: str | None
    """What the retailer claims it for, like C-1/T1/2024-03 or P-17/endcap."""
    currency: str
    amount: Decimal
    """What was kept back, including tax."""
    accepted_amount: Decimal
    disputed_amount: Decimal
    recovered_amount: Decimal
    written_off_amount: Decimal
    """Tolerance differences included."""
    status: str
    """received, disputed, accepted, settled, recovered or written_off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionReceived(DeductionState):
    """The retailer kept an amount back from a payment."""

    event_type: ClassVar[str] = "gondola.receivables.deduction_received.v1"
    noun: ClassVar[str] = "deduction"
    received_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionDisputed(DeductionState):
    """A part of a deduction is disputed 争议."""

    event_type: ClassVar[str] = "gondola.receivables.deduction_disputed.v1"
    noun: ClassVar[str] = "deduction"
    reason: str
    """over_claimed, duplicate, not_earned, unagreed or other."""
    newly_disputed_amount: Decimal
    disputed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionResolved(DeductionState):
    """Everything of a deduction is decided."""

    event_type: ClassVar[str] = "gondola.receivables.deduction_resolved.v1"
    noun: ClassVar[str] = "deduction"
    resolved_on: date
