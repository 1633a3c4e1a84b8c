"""One example of each event that contracts publishes; from them come ``published/*.json``."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from contracts.domain.account import AccountChanged, SettlementEntityChanged
from contracts.domain.contract import Contract, ContractVersion, draft_contract
from contracts.domain.fee_kinds import FeeKind
from contracts.domain.fees import Period, PerStorePeriod, Tiered
from contracts.domain.payment_terms import PaymentTerms, TermType
from contracts.domain.product import ProductChanged
from contracts.domain.terms import SettlementMethod, TaxBasis, Term
from shared.kernel.tiers import Tier

ACCOUNT = UUID("019a0000-0000-7000-8000-000000000001")
ENTITY = UUID("019a0000-0000-7000-8000-000000000002")
PRODUCT = UUID("019a0000-0000-7000-8000-000000000003")
CONTRACT = UUID("019a0000-0000-7000-8000-000000000004")
TERMS = PaymentTerms(term_type=TermType.INVOICE_RECEIVED, days=45, pay_days=(5, 20))

account_changed = AccountChanged(
    id=ACCOUNT,
    account_id=ACCOUNT,
    code="RTM",
    name="RT-Mart 大润发",
    ka_class="NKA",
    account_type="hypermarket",
    store_format="HYPER",
    decision_structure="centralised",
    delivery_mode="mixed",
    region="East",
    owner_id="li.wei",
    performance_unit_id="KA-EAST",
    cost_unit_id="CC-4711",
    currency="CNY",
    status="active",
)
settlement_entity_changed = SettlementEntityChanged(
    id=ENTITY,
    account_id=ACCOUNT,
    code="RTM-SH",
    name="上海大润发有限公司",
    tax_id="91310000607213675M",
    payment_terms=TERMS,
)
product_changed = ProductChanged(
    id=PRODUCT,
    sku="OJ-64-DOM",
    gtin="4006381333931",
    name="Orange juice 64 oz",
    brand="Dominick's",
    category="refrigerated juice",
    pack_quantity=8,
    unit_size=Decimal("64.0000"),
    unit_of_measure="oz",
    role="volume",
    vat_rate=Decimal("0.130000"),
    list_price=Decimal("12.5000"),
    tax_basis="excl",
    currency="CNY",
    is_sensitive=True,
    is_private_label=False,
)


def _contract() -> Contract:
    rebate = Term(
        id=UUID("019a0000-0000-7000-8000-000000000005"),
        code="T1",
        clause="§4.1",
        fee_kind=FeeKind.TIER_REBATE,
        calculation=Tiered(
            tiers=(
                Tier(threshold=Decimal(50_000_000), rate=Decimal("0.0015")),
                Tier(threshold=Decimal(82_800_000), rate=Decimal("0.0025")),
            )
        ),
        tax_basis=TaxBasis.EXCL,
        cycle=Period.YEAR,
        settlement_method=SettlementMethod.OFFSET,
        maximum=Decimal(500_000),
    )
    display = Term(
        id=UUID("019a0000-0000-7000-8000-000000000006"),
        code="T2",
        clause="§4.2",
        fee_kind=FeeKind.DISPLAY_PACKAGE,
        calculation=PerStorePeriod(amount=Decimal(830), period=Period.MONTH),
        tax_basis=TaxBasis.INCL,
        cycle=Period.MONTH,
        settlement_method=SettlementMethod.OFFSET,
    )
    version = ContractVersion(
        number=1,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
        tax_basis=TaxBasis.EXCL,
        payment_terms=TERMS,
        terms=(rebate, display),
    )
    return draft_contract(
        version,
        contract_id=CONTRACT,
        account_id=ACCOUNT,
        settlement_entity_id=ENTITY,
        number="RTM-2026-01",
        currency="CNY",
    )


contract = _contract()
contract_signed = contract.sign(signed_on=date(2025, 12, 18), signatory="Zhang Min", document_sha256="9f" * 32)
contract_activated = contract.activate(as_of=date(2026, 1, 1))
contract.amend(valid_from=date(2026, 7, 1), terms=contract.latest.terms[:1], payment_terms=TERMS)
contract_amended = contract.sign(signed_on=date(2026, 6, 20), signatory="Zhang Min", document_sha256="a3" * 32)
[contract_ended] = contract.advance(date(2027, 1, 1))

EXAMPLES = (
    account_changed,
    settlement_entity_changed,
    product_changed,
    contract_signed,
    contract_activated,
    contract_amended,
    contract_ended,
)
