"""Many contracts, receipts and deductions at once: everything is examined and nothing is left out."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.receivables.tests.examples import (
    ACCOUNT,
    ENTITY,
    STORES,
    TERMS,
    Books,
    a_contract,
    a_term,
    a_version,
)  # fmt: skip
from shared.kernel.ids import uuid7
from shared.testing import Api

BATCHES, INVOICES, LINES = 2, 400, 5
PRODUCTS = [UUID(int=(9 << 76) + n) for n in range(100)]


def lines() -> list[dict[str, Any]]:
    return [
        {
            "line_no": n + 1,
            "store_id": str(STORES[0]),
            "product_id": str(PRODUCTS[n]),
            "quantity": "24",
            "unit_price": "12.5",
            "net_amount": "300.00",
            "tax_rate": "0.13",
        }
        for n in range(LINES)
    ]


def documents(batch: int, prefix: str, day: str) -> list[dict[str, Any]]:
    first = date(2026, 1, 1)
    return [
        {
            "id": str(uuid7(batch * 1000 + n, uuid4().bytes[:10])),
            "number": f"{prefix}-{batch}-{n}",
            "account_id": str(ACCOUNT),
            "settlement_entity_id": str(ENTITY),
            day: (first + timedelta(days=n % 120)).isoformat(),
            "currency": "CNY",
            "lines": lines(),
        }
        for n in range(INVOICES)
    ]


@pytest.mark.slow
async def test_a_year_of_thirty_contracts_is_accrued_matched_and_closed(
    world: None, deliver: Any, books: Books, erp: Api, finance: Api, database: Any
):
    for batch in range(BATCHES):
        receipts = documents(batch, "G", "received_on")
        for receipt in receipts:
            receipt["kind"] = "receipt"
            for line in receipt["lines"]:
                del line["store_id"]
        answer = await erp.post("/v1/goods-receipts:batch", json={"goods_receipts": receipts})
        assert len(answer.json()["posted"]) == INVOICES, answer.text
    for number in range(30):
        terms = [a_term(code, id=uuid4()) for code in TERMS]
        await deliver(
            "gondola.contracts.contract_signed.v1",
            a_contract(a_version(terms=terms), id=uuid4(), number=f"C-{number}"),
        )
    done = await books.accrue("2026-12-31")
    assert done["changed"] > 400
    invoice = await books.invoice("BIG", "9000000.00")
    deductions = [
        {"number": f"D-{n}", "reason_code": "RB", "amount": "100.00",
         "claim_reference": f"C-{n % 30}/T{n // 30 % 4 + 1}/2026-{n // 120 % 12 + 1:02d}"} for n in range(1440)
    ]  # fmt: skip
    answer = await finance.post(
        "/v1/remittances",
        json={"account_id": str(ACCOUNT), "settlement_entity_id": str(ENTITY), "number": "R", "currency": "CNY",
              "paid_on": "2026-12-31", "amount": "0.00", "deductions": deductions,
              "invoice_lines": [{"invoice_number": invoice["number"], "amount": "144000.00"}]},
        headers={"Idempotency-Key": "R"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    matched = await books.match()
    closed = await erp.post("/v1/erp-batches:close", json={"as_of": "2026-12-31"})
    assert closed.json()["line_count"] == matched["settled"] > 0
