"""The volume of a demonstration: it has to run in seconds."""

import time
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

BATCHES, INVOICES, LINES = 5, 400, 10
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
async def test_invoices_go_in_at_ten_thousand_lines_a_second(world: None, erp: Api, capsys: Any):
    bodies = [{"invoices": documents(batch, "I", "invoiced_on")} for batch in range(BATCHES)]
    started = time.perf_counter()
    for body in bodies:
        answer = await erp.post("/v1/invoices:batch", json=body)
        assert len(answer.json()["posted"]) == INVOICES
    rate = BATCHES * INVOICES * LINES / (time.perf_counter() - started)
    with capsys.disabled():
        print(f"\ninvoice lines a second: {rate:,.0f}")
    assert rate > 2_000


@pytest.mark.slow
async def test_accruals_matching_and_closing_run_in_seconds(
    world: None, deliver: Any, books: Books, erp: Api, finance: Api, database: Any, capsys: Any, run_job: Any
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
    with capsys.disabled():
        print()
        started = time.perf_counter()
        done = await books.accrue("2026-12-31")
        print(f"accruals run: {done} in {time.perf_counter() - started:.2f} s")
        invoice = await books.invoice("BIG", "9000000.00")
        deductions = [
            {"number": f"D-{n}", "reason_code": "RB", "amount": "100.00",
             "claim_reference": f"C-{n % 30}/T{n // 30 % 4 + 1}/2026-{n // 120 % 12 + 1:02d}"} for n in range(1440)
        ]  # fmt: skip
        started = time.perf_counter()
        answer = await finance.post(
            "/v1/remittances",
            json={"account_id": str(ACCOUNT), "settlement_entity_id": str(ENTITY), "number": "R", "currency": "CNY",
                  "paid_on": "2026-12-31", "amount": "0.00", "deductions": deductions,
                  "invoice_lines": [{"invoice_number": invoice["number"], "amount": "144000.00"}]},
            headers={"Idempotency-Key": "R"},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        print(f"remittance with 1,440 deductions: {time.perf_counter() - started:.2f} s")
        started = time.perf_counter()
        print(f"match: {await books.match()} in {time.perf_counter() - started:.2f} s")
        started = time.perf_counter()
        closed = await erp.post("/v1/erp-batches:close", json={"as_of": "2026-12-31"})
        print(f"close: {closed.json()['line_count']} lines in {time.perf_counter() - started:.2f} s")
    assert done["changed"] > 400
