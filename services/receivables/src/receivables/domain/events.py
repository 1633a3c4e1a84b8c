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
    """Product of contracts."""
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
    """Date of the invoice."""
    due_on: date
    """By the payment terms in force on the invoice date 到期日."""
    currency: str
    """ISO 4217 code of all its amounts."""
    net_amount: Decimal
    """Without tax."""
    tax_amount: Decimal
    """Sum of the lines' tax, each rounded half up to 0.01."""
    gross_amount: Decimal
    """Including tax: what the retailer owes."""
    line_count: int
    """Number of lines."""
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
    """Settlement entity 结算主体: who pays."""
    store_id: UUID | None
    """Store that received the goods; absent for a distribution centre."""
    invoice_id: UUID | None
    """Invoice that it belongs to, if known."""
    received_on: date
    """Business date on which it was received."""
    kind: Literal["receipt", "return"]
    """What kind it is."""
    currency: str
    """ISO 4217 code of all its amounts."""
    net_amount: Decimal
    """Without tax; negative for a return, so that net purchases are a sum."""
    gross_amount: Decimal
    """Including tax; negative for a return."""
    line_count: int
    """Number of lines."""
    products: tuple[ProductTotal, ...]
    """The lines, added up by product; negative for a return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeAccrued(Event):
    """The accrual of a fee changed 预提: the whole accrual after the change."""

    event_type: ClassVar[str] = "gondola.receivables.fee_accrued.v1"
    noun: ClassVar[str] = "accrual"
    source: Literal["contract_term", "promotion_fee"]
    """contract_term 合同条款 or promotion_fee 促销费用: where it was agreed."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    contract_id: UUID | None
    """Contract, if it was agreed in one."""
    contract_number: str | None
    """Its number."""
    contract_version: int | None
    """Number of the contract version whose term was applied."""
    term_id: UUID | None
    """Term line of the contract, if it was agreed in one."""
    term_code: str | None
    """Its short code, like T1."""
    promotion_id: UUID | None
    """Promotion, if it was agreed in one."""
    promotion_number: str | None
    """Its number."""
    promotion_fee_id: UUID | None
    """Fee of the promotion, if it was agreed in one."""
    fee_kind: str
    """Code of the fee catalogue (domain digest 2.1)."""
    settlement_method: str
    """on_invoice 票扣, offset 账扣, cash 电汇 or free_goods 货补."""
    cycle_start: date
    """First day of the cycle, or of the promotion."""
    cycle_end: date
    """Last day that can still change it."""
    accrued_through: date
    """Last day whose quantities are in the amount."""
    driver: str
    """net_purchases, store_periods, periods or earned (a promotion fee)."""
    driver_quantity: Decimal
    """The driver's quantity, up to sixteen decimals."""
    currency: str
    """ISO 4217 code of all its amounts."""
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
    """Accrual 预提 that it consumes."""
    source: Literal["contract_term", "promotion_fee"]
    """contract_term 合同条款 or promotion_fee 促销费用: where it was agreed."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    contract_id: UUID | None
    """Contract, if it was agreed in one."""
    term_id: UUID | None
    """Term line of the contract, if it was agreed in one."""
    term_code: str | None
    """Its short code, like T1."""
    promotion_id: UUID | None
    """Promotion, if it was agreed in one."""
    promotion_fee_id: UUID | None
    """Fee of the promotion, if it was agreed in one."""
    deduction_id: UUID | None
    """Deduction 账扣 that it is a part of, if it was deducted."""
    remittance_id: UUID | None
    """Remittance 汇款 that brought it."""
    fee_kind: str
    """Code of the fee catalogue 费用科目 (domain digest 2.1)."""
    settlement_method: str
    """on_invoice 票扣, offset 账扣, cash 电汇 or free_goods 货补."""
    currency: str
    """ISO 4217 code of all its amounts."""
    amount: Decimal
    """Including tax: what the retailer kept."""
    tax_rate: Decimal
    """Fraction: 0.06 is 6 %."""
    tax_amount: Decimal
    """Tax in it."""
    amount_excl_tax: Decimal
    """Without tax."""
    settled_on: date
    """Business date of the settlement 结算日."""
    document_kind: Literal["red_invoice", "fee_invoice", "none"]
    """Which tax document belongs to it: 红字发票 (ours), 服务费发票 (the retailer's), or none."""
    document_number: str | None
    """Number of the tax document, once it is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionState(Event):
    """A deduction's state 账扣."""

    settlement_entity_id: UUID
    """Settlement entity 结算主体: who pays."""
    remittance_id: UUID
    """Remittance 汇款 that brought it."""
    number: str
    """The retailer's number of the deduction."""
    reason_code: str
    """The retailer's reason code."""
    fee_kind: str | None
    """Code of the fee catalogue 费用科目 (domain digest 2.1)."""
    claim_reference: str | None
    """What the retailer claims it for, like C-1/T1/2024-03 or P-17/endcap."""
    currency: str
    """ISO 4217 code of all its amounts."""
    amount: Decimal
    """What was kept back, including tax."""
    accepted_amount: Decimal
    """Part that accruals cover 已核销."""
    disputed_amount: Decimal
    """Part in dispute 争议."""
    recovered_amount: Decimal
    """Part that came back 追回."""
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
    """Business date on which it was received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionDisputed(DeductionState):
    """A part of a deduction is disputed 争议."""

    event_type: ClassVar[str] = "gondola.receivables.deduction_disputed.v1"
    noun: ClassVar[str] = "deduction"
    reason: str
    """over_claimed, duplicate, not_earned, unagreed or other."""
    newly_disputed_amount: Decimal
    """What this step added to the dispute."""
    disputed_on: date
    """Business date of the dispute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionResolved(DeductionState):
    """Everything of a deduction is decided."""

    event_type: ClassVar[str] = "gondola.receivables.deduction_resolved.v1"
    noun: ClassVar[str] = "deduction"
    resolved_on: date
    """Business date of the last decision."""
