"""Figures of events: how fast they are sent, how fast they are applied, and how long one takes from end to end."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from statistics import median
from uuid import uuid4

import httpx

from deploy.bench import seed
from deploy.bench.bench import Bench, BenchError, id_of
from deploy.bench.figure import Figure, Sample, alternate
from deploy.bench.figures_http import limit_port
from deploy.bench.limit_events import GAP_SECONDS
from deploy.bench.machine import cpu_seconds, family_cpu_seconds, forget_peak, peak_rss_mib
from shared.platform.signing import new_secret

WORKER = "store-ops-worker"
LIGHT_EVENTS = 60
INBOX_SUBJECTS, INBOX_VERSIONS = 20_000, 3
PROGRAM_SECONDS_MAX = 120

ENDPOINT = """
INSERT INTO store_ops.webhook_endpoints (id, url, owner, batches, state, secret, cursor_pos, ping_due, created_at)
SELECT $1, $2, 'bench', true, 'active', $3, last_pos, false, now() FROM store_ops.feed
"""
INBOX_MODEL = f"""
CREATE TABLE bench.inbox (LIKE store_ops.inbox INCLUDING ALL);
CREATE TABLE bench.products (LIKE store_ops.products INCLUDING ALL);
CREATE TABLE bench.inbox_model AS
SELECT bench.id_of({seed.EVENT}, version * {INBOX_SUBJECTS} + n) AS event_id, version, n,
       'product/' || bench.id_of({seed.EVENT}, n) AS subject,
       json_build_object('id', bench.id_of({seed.EVENT}, n), 'account_id', NULL, 'sku', 'NEW-' || n, 'gtin', NULL,
                         'name', 'Juice not from concentrate ' || n, 'brand', 'Gondola', 'category', 'juice',
                         'pack_quantity', 12, 'unit_size', '1.0000', 'unit_of_measure', 'l', 'role', 'profit',
                         'vat_rate', '0.130000', 'list_price', '12.5000', 'tax_basis', 'excl', 'currency', 'CNY',
                         'is_sensitive', false, 'is_private_label', false) AS data
FROM generate_series(1, {INBOX_VERSIONS}) version, generate_series(1, {INBOX_SUBJECTS}) n;
"""  # noqa: S608 - numbers of ours
FILL_INBOX = """
INSERT INTO {table} (event_id, source, type, subject, subject_version, occurred_at, received_at, data)
SELECT event_id, '/contracts', 'gondola.contracts.product_changed.v1', subject, version, now(), now(), data
FROM bench.inbox_model ORDER BY version, n
"""
EMPTY_INBOX = """
TRUNCATE store_ops.inbox, store_ops.inbox_subjects, bench.inbox, bench.products;
DELETE FROM store_ops.products WHERE sku LIKE 'NEW-%';
"""
APPLIED = """
SELECT (count(*) - count(*) FILTER (WHERE applied_at = first))
       / extract(epoch FROM max(applied_at) - min(applied_at))::float
FROM {table}, (SELECT min(applied_at) AS first FROM {table}) AS start WHERE state = 'done'
"""
QUIET = """
TRUNCATE store_ops.audits, store_ops.audit_photos;
DELETE FROM store_ops.outbox WHERE pos IS NULL OR pos > $1;
UPDATE store_ops.feed SET last_pos = least(last_pos, $1);
"""
"""What other figures have left for the worker to do is taken away."""
LATENCIES = """
SELECT extract(epoch FROM inbox.applied_at - outbox.recorded_at)::float * 1000
FROM {inbox} AS inbox JOIN {outbox} AS outbox USING (event_id) WHERE outbox.recorded_at > $1 ORDER BY 1
"""


async def _program(bench: Bench, *arguments: str) -> None:
    """Run a limit to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.bench.limit_events", *arguments,
        env=os.environ | {"BENCH_DATABASE_URL": bench.admin_url}, stderr=subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), PROGRAM_SECONDS_MAX)
    if process.returncode:
        raise BenchError(f"the limit {arguments[0]} failed:\n{said.decode(errors='replace')[-2000:]}")


async def _received(bench: Bench) -> dict[str, float]:
    """Return what the receiver has counted since it was asked before."""
    port = await bench.start("receiver", "deploy.bench.receiver")
    async with httpx.AsyncClient(trust_env=False) as client:
        counted: dict[str, float] = (await client.get(f"http://127.0.0.1:{port}/")).json()
    return counted


async def _sent(bench: Bench, work: Callable[[], Awaitable[object]]) -> float:
    """Do ``work``, which sends the feed; return the events a second between the first batch and the last."""
    await _received(bench)
    await work()
    counted = await _received(bench)
    if counted["events"] != seed.FEED_EVENTS:
        raise BenchError(f"{counted['events']} events arrived, not {seed.FEED_EVENTS}")
    return (counted["events"] - counted["first_events"]) / (counted["last_at"] - counted["first_at"])


async def _with_worker(bench: Bench, figure: Figure, work: Callable[[], Awaitable[object]]) -> Figure:
    """Measure while the worker runs, and its peak memory."""
    await bench.admin.execute(QUIET.replace("$1", str(seed.FEED_EVENTS)))
    bench.stack.restart(WORKER)
    pid = bench.stack.pid(WORKER)
    try:
        forget_peak(pid)
        await work()
        figure.peak_rss_mib = peak_rss_mib(pid)
    finally:
        bench.stop_workers([WORKER])
    return figure


async def relay(bench: Bench) -> Figure:
    """Send 60,000 prepared events, signed, in batches of 100, to a receiver that only counts."""
    await seed.store_ops(bench)
    await seed.feed(bench)
    port = await bench.start("receiver", "deploy.bench.receiver")
    endpoint = uuid4()
    await bench.admin.execute(ENDPOINT, endpoint, f"http://127.0.0.1:{port}/", new_secret())
    await bench.admin.execute("CREATE TABLE bench.cursor AS SELECT 0::bigint AS pos")
    begin = "UPDATE store_ops.webhook_endpoints SET cursor_pos = 0 WHERE id = $1"
    done = "SELECT cursor_pos = $2 FROM store_ops.webhook_endpoints WHERE id = $1"

    async def run() -> None:
        await bench.admin.execute(begin, endpoint)
        await bench.until(done, endpoint, seed.FEED_EVENTS)

    async def ours() -> Sample:
        pid, postgres = bench.stack.pid(WORKER), bench.stack.pid("postgres")
        before = cpu_seconds(pid), family_cpu_seconds(postgres)
        rate = await _sent(bench, run)
        return Sample(
            value=rate,
            server_us=(cpu_seconds(pid) - before[0]) / seed.FEED_EVENTS * 1e6,
            postgres_us=(family_cpu_seconds(postgres) - before[1]) / seed.FEED_EVENTS * 1e6,
        )

    async def limit() -> Sample:
        return Sample(value=await _sent(bench, lambda: _program(bench, "send", str(port))))

    figure = Figure(name="relay", unit="events/s")
    await _with_worker(bench, figure, lambda: alternate(figure, ours, limit, bench.rounds))
    await bench.admin.execute("DELETE FROM store_ops.webhook_endpoints WHERE id = $1", endpoint)
    return figure


async def inbox(bench: Bench) -> Figure:
    """Apply 60,000 events of 20,000 products to a read copy."""
    await seed.store_ops(bench)
    await bench.once("inbox", lambda: bench.admin.execute(INBOX_MODEL))

    async def fill(table: str) -> None:
        await bench.admin.execute(EMPTY_INBOX)
        await bench.admin.execute("VACUUM ANALYZE store_ops.products")
        await bench.admin.execute(FILL_INBOX.format(table=table))

    async def ours() -> Sample:
        pid, postgres = bench.stack.pid(WORKER), bench.stack.pid("postgres")
        before = cpu_seconds(pid)
        await fill("store_ops.inbox")
        before_postgres = family_cpu_seconds(postgres)
        await bench.until("SELECT NOT EXISTS (SELECT FROM store_ops.inbox WHERE state = 'pending')", pause_seconds=0.1)
        events = INBOX_SUBJECTS * INBOX_VERSIONS
        return Sample(
            value=await bench.admin.fetchval(APPLIED.format(table="store_ops.inbox")),
            server_us=(cpu_seconds(pid) - before) / events * 1e6,
            postgres_us=(family_cpu_seconds(postgres) - before_postgres) / events * 1e6,
        )

    async def limit() -> Sample:
        await fill("bench.inbox")
        await _program(bench, "apply", "0")
        return Sample(value=await bench.admin.fetchval(APPLIED.format(table="bench.inbox")))

    figure = Figure(name="inbox", unit="events/s")
    return await _with_worker(bench, figure, lambda: alternate(figure, ours, limit, bench.rounds))


def _product(number: int) -> dict[str, object]:
    return {
        "sku": f"L-{number}", "name": "Juice not from concentrate 1 l", "brand": "Gondola", "category": "juice",
        "pack_quantity": 12, "unit_size": "1.0000", "unit_of_measure": "l", "role": "profit", "vat_rate": "0.130000",
        "list_price": "12.5000", "tax_basis": "excl", "currency": "CNY",
    }  # fmt: skip


async def _subscribe(bench: Bench) -> None:
    """Let store operations get the products of contracts."""
    secret = new_secret()
    contracts, store_ops = bench.stack.url("contracts"), bench.stack.url("store-ops")
    headers = {"Authorization": f"Bearer {await bench.token('admin')}"}
    source = {"source": "/contracts", "secrets": [secret], "feed_url": f"{contracts}/v1/events"}
    endpoint = {"url": f"{store_ops}/v1/inbound-events", "nouns": ["product"], "secret": secret}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        for answer in (
            await client.put(f"{store_ops}/v1/event-sources/contracts", json=source),
            await client.post(f"{contracts}/v1/webhook-endpoints", json=endpoint),
        ):
            if not answer.is_success:
                raise BenchError(f"no subscription: {answer.status_code} {answer.text}")
    await bench.until("SELECT EXISTS (SELECT FROM contracts.webhook_endpoints WHERE state = 'active')")


async def _put_products(bench: Bench, headers: dict[str, str]) -> None:
    """Put new products at the pace of a light load."""
    first = bench.take_numbers(LIGHT_EVENTS)
    async with httpx.AsyncClient(base_url=bench.stack.url("contracts"), headers=headers, trust_env=False) as client:
        for number in range(first, first + LIGHT_EVENTS):
            answer = await client.put(f"/v1/products/{id_of(seed.EVENT, number)}", content=json.dumps(_product(number)))
            if not answer.is_success:
                raise BenchError(f"no product: {answer.status_code} {answer.text}")
            await asyncio.sleep(GAP_SECONDS)


async def latency(bench: Bench) -> Figure:
    """Follow single events from their commit at contracts to their effect at store operations, under light load."""
    await seed.store_ops(bench)
    await seed.limit_tables(bench, "outbox")
    await bench.once("inbox", lambda: bench.admin.execute(INBOX_MODEL))
    port = await limit_port(bench)
    headers = {"Authorization": f"Bearer {await bench.token('admin')}", "Content-Type": "application/json"}

    async def sample(inbox: str, outbox: str, work: Callable[[], Awaitable[object]]) -> Sample:
        started = await bench.admin.fetchval("SELECT clock_timestamp()")
        await work()
        await asyncio.sleep(1)
        found = [row[0] for row in await bench.admin.fetch(LATENCIES.format(inbox=inbox, outbox=outbox), started)]
        if len(found) != LIGHT_EVENTS or None in found:
            raise BenchError(f"{len(found)} events of {LIGHT_EVENTS} arrived")
        return Sample(value=median(found), p50_ms=median(found), p99_ms=found[int(len(found) * 0.99)])

    async def ours() -> Sample:
        return await sample("store_ops.inbox", "contracts.outbox", lambda: _put_products(bench, headers))

    async def limit() -> Sample:
        return await sample(
            "bench.inbox", "bench.outbox", lambda: _program(bench, "hand_on", str(port), str(LIGHT_EVENTS))
        )

    figure = Figure(name="event_latency", unit="ms")

    async def work() -> None:
        await _subscribe(bench)
        await alternate(figure, ours, limit, bench.rounds)

    bench.stack.restart("contracts-worker")
    try:
        return await _with_worker(bench, figure, work)
    finally:
        bench.stop_workers(["contracts-worker"])
