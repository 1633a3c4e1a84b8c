"""Request bodies that the tests start from."""

from typing import Any
from uuid import UUID

ACCOUNT, OTHER_ACCOUNT = UUID(int=1), UUID(int=2)
ENTITY, OTHER_ENTITY = UUID(int=11), UUID(int=12)
PRODUCT = UUID(int=21)
TERM = UUID(int=31)


def account(**changes: Any) -> dict[str, Any]:
    return {
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
    } | changes


def payment_terms(**changes: Any) -> dict[str, Any]:
    return {"term_type": "invoice_received", "days": 45, "pay_days": [5, 20]} | changes


def settlement_entity(**changes: Any) -> dict[str, Any]:
    return {
        "account_id": str(ACCOUNT),
        "code": "RTM-SH",
        "name": "上海大润发有限公司",
        "tax_id": "91310000607213675M",
        "payment_terms": payment_terms(),
    } | changes


def product(**changes: Any) -> dict[str, Any]:
    return {
        "sku": "OJ-64",
        "gtin": "4006381333931",
        "name": "Orange juice 64 oz",
        "brand": "Dominick's",
        "category": "refrigerated juice",
        "pack_quantity": 8,
        "unit_size": "64",
        "unit_of_measure": "oz",
        "role": "volume",
        "vat_rate": "0.13",
        "list_price": "12.5",
        "tax_basis": "excl",
        "currency": "CNY",
    } | changes


def percent(rate: str) -> dict[str, Any]:
    return {"method": "pct", "rate": rate}


TIERED = {
    "method": "tiered",
    "tiers": [{"threshold": "50000000", "rate": "0.0015"}, {"threshold": "82800000", "rate": "0.0025"}],
}


def term(**changes: Any) -> dict[str, Any]:
    return {
        "id": str(TERM),
        "code": "T1",
        "clause": "§4.1",
        "fee_kind": "rebate_cycle",
        "calculation": percent("0.03"),
        "tax_basis": "excl",
        "cycle": "month",
        "settlement_method": "offset",
    } | changes


def contract(**changes: Any) -> dict[str, Any]:
    return draft(**({"account_id": str(ACCOUNT)} | changes))


def draft(**changes: Any) -> dict[str, Any]:
    return {
        "settlement_entity_id": str(ENTITY),
        "number": "C-1",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "currency": "CNY",
        "tax_basis": "excl",
        "payment_terms": payment_terms(),
        "terms": [term()],
    } | changes


def signature(**changes: Any) -> dict[str, Any]:
    return {"signed_on": "2025-12-18", "signatory": "Zhang Min", "document_sha256": "ab" * 32} | changes


def amendment(**changes: Any) -> dict[str, Any]:
    return {
        "valid_from": "2026-07-01",
        "payment_terms": payment_terms(days=60),
        "terms": [term(calculation=percent("0.04"))],
    } | changes
