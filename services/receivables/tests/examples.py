"""Documents and events that the tests are made of, and what they do over and over."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from shared.testing import Api

ACCOUNT, OTHER_ACCOUNT, ENTITY, OTHER_ENTITY, CONTRACT, PROMOTION, TACTIC, FEE, SKU, BOOKING, SLOT = (
    UUID(int=(7 << 76) + n) for n in range(1, 12)
)
STORES = [UUID(int=(7 << 76) + 100 + n) for n in range(3)]
TASKS = [UUID(int=(7 << 76) + 200 + n) for n in range(3)]
AUDITS = [UUID(int=(7 << 76) + 300 + n) for n in range(3)]
TERMS = {code: UUID(int=(7 << 76) + 400 + n) for n, code in enumerate(("T1", "T2", "T3", "T4"))}
PAPER, AGREEMENT, PHOTO = "a" * 64, "b" * 64, "c" * 64


def a_term(code: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": TERMS[code],
        "code": code,
        "clause": "§4.2",
        "fee_kind": "tier_rebate",
        "method": "pct",
        "driver": "net_purchases",
        "period": None,
        "tiers": [{"threshold": "0", "rate": "0.02"}],
        "tier_mode": "retroactive",
        "minimum": None,
        "maximum": None,
        "tax_basis": "excl",
        "cycle": "month",
        "settlement_method": "offset",
    } | changes


def a_version(number: int = 1, *, terms: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {
        "number": number,
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "signed_on": "2025-12-01",
        "document_sha256": PAPER,
        "tax_basis": "excl",
        "payment_terms": {"term_type": "invoice_received", "days": 45, "pay_days": [5, 20]},
        "terms": terms,
    } | changes


def a_contract(*versions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": CONTRACT,
        "account_id": ACCOUNT,
        "number": "C-1",
        "settlement_entity_id": ENTITY,
        "status": "active",
        "currency": "CNY",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "versions": list(versions),
    } | changes


def a_promotion(**changes: Any) -> dict[str, Any]:
    return {
        "id": PROMOTION,
        "account_id": ACCOUNT,
        "number": "P-17",
        "name": "May holiday",
        "settlement_entity_id": ENTITY,
        "mechanic": "price_off",
        "status": "ended",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-14",
        "buy_in_starts_on": "2026-02-20",
        "buy_in_ends_on": "2026-03-14",
        "order_cap_quantity": None,
        "currency": "CNY",
        "agreement_sha256": AGREEMENT,
        "agreement_signed_on": "2026-02-01",
        "items": [{"product_id": SKU, "promo_cost": "7.5000", "promo_retail": "9.9000", "tax_basis": "incl"}],
        "store_ids": STORES,
        "tactics": [
            {
                "id": TACTIC,
                "kind": "dm",
                "product_id": SKU,
                "count_per_store": 1,
                "expected_price": "9.9000",
                "dm_slot_id": SLOT,
                "dm_slot_no": 5,
                "dm_position": 2,
                "fee_id": FEE,
                "fee_kind": "dm_fee",
                "basis": "per_store",
                "unit_amount": "500.0000",
                "planned_amount": "1500.00",
                "settlement_method": "offset",
            }
        ],
    } | changes


def an_earned_fee(amount: str = "1000.00", **changes: Any) -> dict[str, Any]:
    return {
        "id": FEE,
        "account_id": ACCOUNT,
        "promotion_id": PROMOTION,
        "promotion_number": "P-17",
        "tactic_id": TACTIC,
        "tactic_kind": "dm",
        "product_id": SKU,
        "settlement_entity_id": ENTITY,
        "fee_kind": "dm_fee",
        "basis": "per_store",
        "unit_amount": "500.0000",
        "currency": "CNY",
        "planned_amount": "1500.00",
        "planned_count": 3,
        "verified_count": 2,
        "verified_share": "0.666667",
        "units_sold": "0.0000",
        "earned_amount": amount,
        "settlement_method": "offset",
        "earned_on": "2026-03-28",
        "evidence_task_ids": TASKS[:2],
    } | changes


def an_execution(index: int, verdict: str = "executed") -> dict[str, Any]:
    return {
        "id": TASKS[index],
        "account_id": ACCOUNT,
        "promotion_id": PROMOTION,
        "tactic_id": TACTIC,
        "tactic_kind": "dm",
        "store_id": STORES[index],
        "product_id": SKU,
        "audit_id": AUDITS[index],
        "verdict": verdict,
        "contracted_count": 1,
        "found_count": 1 if verdict == "executed" else 0,
        "agreed_price": "9.9000",
        "found_price": "9.9000",
        "found_on": "2026-03-03",
        "photo_sha256s": [PHOTO],
    }


def a_line(net_amount: str = "1000.00", line_no: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "line_no": line_no,
        "product_id": str(SKU),
        "quantity": "10",
        "unit_price": "100",
        "net_amount": net_amount,
        "tax_rate": "0.13",
    } | changes


def an_invoice(number: str = "I-1", *nets: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "number": number,
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "invoiced_on": "2026-03-10",
        "currency": "CNY",
        "lines": [a_line(net, line_no) for line_no, net in enumerate(nets or ("1000.00",), start=1)],
    } | changes


def a_receipt(number: str, net: str, received_on: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "number": number,
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "store_id": str(STORES[0]),
        "received_on": received_on,
        "kind": "receipt",
        "currency": "CNY",
        "lines": [a_line(net)],
    } | changes


class Books:
    """What the tests do over and over, through the API."""

    def __init__(self, erp: Api, finance: Api) -> None:
        self.erp, self.finance, self.remittances = erp, finance, 0

    async def invoice(self, number: str = "I-1", *nets: str, **changes: Any) -> dict[str, Any]:
        body = an_invoice(number, *nets, **changes)
        answer = await self.erp.post("/v1/invoices:batch", json={"invoices": [body]})
        assert answer.json()["posted"], answer.text
        return (await self.erp.get(f"/v1/invoices/{body['id']}")).json()

    async def receive(self, *receipts: dict[str, Any]) -> None:
        answer = await self.erp.post("/v1/goods-receipts:batch", json={"goods_receipts": receipts})
        assert len(answer.json()["posted"]) == len(receipts), answer.text

    async def accrue(self, as_of: str) -> dict[str, Any]:
        answer = await self.finance.post("/v1/accruals:run", json={"as_of": as_of})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def accruals(self, **filters: Any) -> list[dict[str, Any]]:
        return (await self.finance.get("/v1/accruals", params=filters)).json()["items"]

    async def deduct(self, amount: str, claim: str | None, **changes: Any) -> dict[str, Any]:
        """Pay an invoice of its own with a single deduction; return the deduction."""
        self.remittances += 1
        number = f"R-{self.remittances}"
        invoice = await self.invoice(f"I-{number}", "10000.00")
        body = {
            "account_id": str(ACCOUNT),
            "settlement_entity_id": str(ENTITY),
            "number": number,
            "paid_on": "2026-05-05",
            "currency": "CNY",
            "amount": str(Decimal(invoice["gross_amount"]) - Decimal(amount)),
            "invoice_lines": [{"invoice_number": invoice["number"], "amount": invoice["gross_amount"]}],
            "deductions": [{"number": f"D-{number}", "reason_code": "RB", "claim_reference": claim, "amount": amount}],
        } | changes
        answer = await self.finance.post("/v1/remittances", json=body, headers={"Idempotency-Key": number})
        assert answer.status_code == 201, answer.text
        return answer.json()["deductions"][0]

    async def match(self) -> dict[str, Any]:
        answer = await self.finance.post("/v1/deductions:match", json={})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def deduction(self, deduction: dict[str, Any]) -> dict[str, Any]:
        return (await self.finance.get(f"/v1/deductions/{deduction['id']}")).json()

    async def balances(self) -> dict[str, str]:
        found = await self.finance.get("/v1/ledger-balances", params={"as_of": "2030-12-31"})
        items = found.json()["items"]
        assert sum(Decimal(item["balance"]) for item in items) == 0
        return {item["ledger"]: item["balance"] for item in items if Decimal(item["balance"])}
