"""Request bodies with figures of the domain digest: the documents show them, the tests send them."""

from typing import Any

from pydantic import ConfigDict

Json = dict[str, Any]

ACCOUNT: Json = {
    "code": "RTM",
    "name": "RT-Mart 大润发",
    "ka_class": "NKA",
    "account_type": "hypermarket",
    "store_format": "HYPER",
    "decision_structure": "centralised",
    "delivery_mode": "mixed",
    "region": "East",
    "owner_id": "li.wei",
    "performance_unit_id": "KA-EAST",
    "cost_unit_id": "CC-4711",
    "currency": "CNY",
    "status": "active",
}
PAYMENT_TERMS: Json = {"term_type": "invoice_received", "days": 45, "pay_days": [5, 20]}
SETTLEMENT_ENTITY: Json = {
    "account_id": "019a0000-0000-7000-8000-000000000001",
    "code": "RTM-SH",
    "name": "上海大润发有限公司",
    "tax_id": "91310000607213675M",
    "payment_terms": PAYMENT_TERMS,
}
PRODUCT: Json = {
    "sku": "OJ-64",
    "gtin": "4006381333931",
    "name": "Orange juice 64 oz",
    "brand": "Dominick's",
    "category": "refrigerated juice",
    "pack_quantity": 8,
    "unit_size": "64.0000",
    "unit_of_measure": "oz",
    "role": "volume",
    "vat_rate": "0.130000",
    "list_price": "12.5000",
    "tax_basis": "excl",
    "currency": "CNY",
    "is_sensitive": True,
    "is_private_label": False,
}
REBATE: Json = {
    "id": "019a0000-0000-7000-8000-000000000005",
    "code": "T1",
    "clause": "§4.1",
    "fee_kind": "tier_rebate",
    "calculation": {
        "method": "tiered",
        "tier_mode": "retroactive",
        "tiers": [{"threshold": "50000000", "rate": "0.0015"}, {"threshold": "82800000", "rate": "0.0025"}],
    },
    "tax_basis": "excl",
    "cycle": "year",
    "settlement_method": "offset",
    "minimum": None,
    "maximum": "500000.00",
}
DC_DISCOUNT: Json = {
    "code": "T2",
    "clause": "§4.2",
    "fee_kind": "dc_discount",
    "calculation": {"method": "pct", "rate": "0.0147"},
    "tax_basis": "incl",
    "cycle": "month",
    "settlement_method": "on_invoice",
}
DISPLAY: Json = {
    "code": "T3",
    "clause": "§4.3",
    "fee_kind": "display_package",
    "calculation": {"method": "per_store_period", "amount": "830.00", "period": "month"},
    "tax_basis": "incl",
    "cycle": "month",
    "settlement_method": "offset",
}
LUMP: Json = {
    "code": "T4",
    "clause": "§4.4",
    "fee_kind": "it_fee",
    "calculation": {"method": "fixed", "amount": "36500.00", "period": "year"},
    "tax_basis": "incl",
    "cycle": "year",
    "settlement_method": "cash",
}
DRAFT: Json = {
    "settlement_entity_id": "019a0000-0000-7000-8000-000000000002",
    "number": "RTM-2026-01",
    "valid_from": "2026-01-01",
    "valid_to": "2026-12-31",
    "currency": "CNY",
    "tax_basis": "excl",
    "payment_terms": PAYMENT_TERMS,
    "terms": [REBATE, DC_DISCOUNT, DISPLAY, LUMP],
}
CONTRACT: Json = {"account_id": "019a0000-0000-7000-8000-000000000001"} | DRAFT
SIGNATURE: Json = {"signed_on": "2025-12-18", "signatory": "Zhang Min", "document_sha256": "9f" * 32}
AMENDMENT: Json = {"valid_from": "2026-07-01", "payment_terms": PAYMENT_TERMS, "terms": [REBATE, DC_DISCOUNT]}
TERMINATION: Json = {"on": "2026-06-30", "reason": "The chain was sold."}


def shows(example: Json) -> ConfigDict:
    """Return the configuration of a body that shows ``example`` in the documents."""
    return ConfigDict(json_schema_extra={"examples": [example]})
