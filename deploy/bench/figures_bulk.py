"""Figures of many rows at once: a batch of invoices, a file of sell-out."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from itertools import product
from time import perf_counter

import httpx

from deploy.bench import seed
from deploy.bench.bench import Bench, BenchError, id_of
from deploy.bench.figure import Figure, Sample
from deploy.bench.figures_http import ACCOUNT, limit_port, measure
from deploy.bench.load import NUMBER, request_of
from deploy.bench.machine import cpu_seconds, family_cpu_seconds

INVOICES_A_BATCH, LINES_AN_INVOICE, BATCHES_AT_ONCE = 50, 20, 4
STORES, PRODUCTS, WEEKS = 96, 40, 20
ROWS = STORES * PRODUCTS * WEEKS
FIRST_WEEK = date(2026, 1, 5)
HEADER = "store_code,sku,week_starts_on,quantity,retail_amount,price_off_flag,dm_flag,display_flag\n"
FILE_SECONDS_MAX = 120


def _batch() -> str:
    """Return a batch whose identifiers and numbers begin with the request's number."""
    lines = [
        {
            "line_no": number, "store_id": id_of(seed.STORE, number * seed.ACCOUNTS),
            "product_id": id_of(seed.PRODUCT, number), "quantity": "24.0000", "unit_price": "12.5000",
            "net_amount": "300.00", "tax_rate": "0.130000",
        }
        for number in range(1, LINES_AN_INVOICE + 1)
    ]  # fmt: skip
    invoices = [
        {
            "id": f"{NUMBER}-0000-7000-8000-{index:012x}", "number": f"I-{NUMBER}-{index}", "account_id": ACCOUNT,
            "settlement_entity_id": id_of(seed.ENTITY, 1), "invoiced_on": "2026-03-10", "currency": "CNY",
            "tax_basis": "excl", "lines": lines,
        }
        for index in range(INVOICES_A_BATCH)
    ]  # fmt: skip
    return json.dumps({"invoices": invoices})


async def invoice_batch(bench: Bench) -> Figure:
    """Post batches of 50 invoices of 20 lines, each booked and announced."""
    await seed.store_ops(bench)
    await seed.receivables(bench)
    await seed.limit_tables(bench, "outbox", "invoices")
    await limit_port(bench)
    bearer = {"Authorization": f"Bearer {await bench.token('erp', [ACCOUNT])}"}
    body = _batch()
    ours = [request_of("POST", "/v1/invoices:batch", headers=bearer, body=body)]
    limit = [request_of("POST", "/invoices:batch", headers=bearer, body=body)]
    return await measure(
        bench,
        Figure(name="invoice_batch", unit="invoices/s"),
        "receivables",
        bench.http_side(
            "receivables", ours, statuses=["200", "201"], weight=INVOICES_A_BATCH, connections=BATCHES_AT_ONCE
        ),
        bench.http_side("limit", limit, statuses=["200", "201"], weight=INVOICES_A_BATCH, connections=BATCHES_AT_ONCE),
    )


def _weeks() -> Iterator[tuple[int, int, str]]:
    weeks = [(FIRST_WEEK + timedelta(weeks=week)).isoformat() for week in range(WEEKS)]
    return product(range(1, STORES + 1), range(1, PRODUCTS + 1), weeks)


def _file() -> bytes:
    rows = (f"S-{store * seed.ACCOUNTS},SKU-{item},{week},128.0000,1011.20,1,0,0\n" for store, item, week in _weeks())
    return (HEADER + "".join(rows)).encode()


def _copy_file() -> bytes:
    """Return the same rows as COPY takes them into the table: identifiers in the place of codes."""
    rows = (
        f"{ACCOUNT},{id_of(seed.STORE, store * seed.ACCOUNTS)},{id_of(seed.PRODUCT, item)},"
        f"{week},128.0000,1011.20,t,f,f\n"
        for store, item, week in _weeks()
    )
    return "".join(rows).encode()


async def sell_out_import(bench: Bench) -> Figure:
    """Import a file of 76,800 rows beside COPY of the same rows into an equal table with the same key."""
    await seed.store_ops(bench)
    await seed.promotions(bench)
    await seed.limit_tables(bench, "sell_out")
    file, copied = _file(), _copy_file()
    headers = {"Authorization": f"Bearer {await bench.token('ka_manager', [ACCOUNT])}", "Content-Type": "text/csv"}
    base = bench.stack.url("promotions")
    pid, postgres = bench.stack.pid("promotions"), bench.stack.pid("postgres")

    async def ours() -> Sample:
        await bench.admin.execute("TRUNCATE promotions.sell_out")
        before = cpu_seconds(pid), family_cpu_seconds(postgres)
        async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as client:
            started = perf_counter()
            answer = await client.post(
                "/v1/sell-out:import", params={"account_id": ACCOUNT}, content=file, timeout=FILE_SECONDS_MAX
            )
            seconds = perf_counter() - started
        if not answer.is_success or answer.json()["inserted_rows"] != ROWS:
            raise BenchError(f"import: {answer.status_code} {answer.text[:1000]}")
        return Sample(
            value=ROWS / seconds,
            server_us=(cpu_seconds(pid) - before[0]) / ROWS * 1e6,
            postgres_us=(family_cpu_seconds(postgres) - before[1]) / ROWS * 1e6,
        )

    async def limit() -> Sample:
        await bench.admin.execute("TRUNCATE bench.sell_out")
        before = family_cpu_seconds(postgres)
        started = perf_counter()
        await bench.admin.copy_to_table("sell_out", schema_name="bench", source=BytesIO(copied), format="csv")
        seconds = perf_counter() - started
        return Sample(value=ROWS / seconds, postgres_us=(family_cpu_seconds(postgres) - before) / ROWS * 1e6)

    return await measure(bench, Figure(name="sell_out_import", unit="rows/s", aim=0.5), "promotions", ours, limit)
