"""Request bodies that the tests start from: the documented examples, with the tests' own ids."""

from typing import Any
from uuid import UUID

from contracts.api import examples

ACCOUNT, OTHER_ACCOUNT = UUID(int=1), UUID(int=2)
ENTITY, OTHER_ENTITY = UUID(int=11), UUID(int=12)
PRODUCT = UUID(int=21)
TERM = UUID(int=31)
TIERED = examples.REBATE["calculation"]


def account(**changes: Any) -> dict[str, Any]:
    return examples.ACCOUNT | changes


def payment_terms(**changes: Any) -> dict[str, Any]:
    return examples.PAYMENT_TERMS | changes


def settlement_entity(**changes: Any) -> dict[str, Any]:
    return examples.SETTLEMENT_ENTITY | {"account_id": str(ACCOUNT)} | changes


def product(**changes: Any) -> dict[str, Any]:
    return examples.PRODUCT | changes


def percent(rate: str) -> dict[str, Any]:
    return {"method": "pct", "rate": rate}


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
    return examples.DRAFT | {"settlement_entity_id": str(ENTITY), "number": "C-1", "terms": [term()]} | changes


def signature(**changes: Any) -> dict[str, Any]:
    return examples.SIGNATURE | {"document_sha256": "ab" * 32} | changes


def amendment(**changes: Any) -> dict[str, Any]:
    later = {"payment_terms": payment_terms(days=60), "terms": [term(calculation=percent("0.04"))]}
    return examples.AMENDMENT | later | changes
