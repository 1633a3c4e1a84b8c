"""Figures of requests: taking an audit in, a list, a page of the feed, a command on an aggregate."""

import json
from uuid import UUID

import httpx

from deploy.bench import seed
from deploy.bench.bench import Bench, BenchError, id_of
from deploy.bench.figure import Figure, Sample, Side, alternate
from deploy.bench.load import NUMBER, Plan, request_of
from deploy.bench.machine import forget_peak, peak_rss_mib

PAGE = 100
COMMANDS_A_ROUND = 12_000
ACCOUNT = id_of(seed.ACCOUNT, 1)


async def limit_port(bench: Bench) -> int:
    """Return the port of the limit, started if need be."""
    return await bench.start("limit", "deploy.bench.limit")


async def measure(bench: Bench, figure: Figure, service: str, ours: Side, limit: Side) -> Figure:
    """Measure both sides in turn, and the peak memory of the service meanwhile."""
    pid = bench.stack.pid(service)
    forget_peak(pid)
    await alternate(figure, ours, limit, bench.rounds)
    figure.peak_rss_mib = peak_rss_mib(pid)
    return figure


def _audit(store: int) -> str:
    photo = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    finding = {"is_present": True, "on_deal": True, "photo_sha256s": [photo]}
    body = {
        "store_id": id_of(seed.STORE, store),
        "visited_at": "2026-03-10T10:00:00+08:00",
        "template_version": "2026.1",
        "findings": [
            finding | {"product_id": id_of(seed.PRODUCT, 1), "kind": "price", "price_found": "3.1900"},
            finding | {"product_id": id_of(seed.PRODUCT, 1), "kind": "endcap", "count_found": 2},
            {"product_id": id_of(seed.PRODUCT, 2), "kind": "on_shelf", "is_present": False},
        ],
        "photo_sha256s": [],
        "note": "End-cap beside the checkouts.",
    }
    return json.dumps(body)


async def audit_put(bench: Bench) -> Figure:
    """Take audits with three findings in, each with its event, from callers who see one account."""
    await seed.store_ops(bench)
    await seed.limit_tables(bench, "outbox", "audit")
    await limit_port(bench)
    token = await bench.token("field_rep", [ACCOUNT])
    stores = range(seed.ACCOUNTS, seed.STORES, seed.ACCOUNTS)  # Those of account 1.
    bearer = {"Authorization": f"Bearer {token}"}
    path = id_of(seed.AUDIT, NUMBER)
    ours = [request_of("PUT", f"/v1/audits/{path}", headers=bearer, body=_audit(store)) for store in stores]
    limit = [request_of("PUT", f"/audits/{path}", headers=bearer, body=_audit(store)) for store in stores]
    return await measure(
        bench,
        Figure(name="audit_put", unit="requests/s", aim=0.8),
        "store-ops",
        bench.http_side("store-ops", ours, statuses=["201"]),
        bench.http_side("limit", limit, statuses=["201"]),
    )


async def list_page(bench: Bench) -> Figure:
    """Read pages of 100 of 2,500 tasks of an account, 22 fields each, from callers who see that account."""
    await seed.store_ops(bench)
    await limit_port(bench)
    bearer = {"Authorization": f"Bearer {await bench.token('field_rep', [ACCOUNT])}"}
    query = f"account_id={ACCOUNT}&limit={PAGE}"
    return await measure(
        bench,
        Figure(name="list_page", unit="requests/s", aim=0.7),
        "store-ops",
        bench.http_side("store-ops", [request_of("GET", f"/v1/tasks?{query}", headers=bearer)], statuses=["200"]),
        bench.http_side("limit", [request_of("GET", f"/tasks?{query}", headers=bearer)], statuses=["200"]),
    )


async def feed_page(bench: Bench) -> Figure:
    """Read pages of 100 events from all over the feed."""
    await seed.store_ops(bench)
    await seed.feed(bench)
    await limit_port(bench)
    bearer = {"Authorization": f"Bearer {await bench.token('erp')}"}
    places = range(0, seed.FEED_EVENTS - PAGE, 997)
    queries = [f"after={place}&limit={PAGE}" for place in places]
    ours = [request_of("GET", f"/v1/events?{query}", headers=bearer) for query in queries]
    limit = [request_of("GET", f"/events?{query}", headers=bearer) for query in queries]
    return await measure(
        bench,
        Figure(name="feed_page", unit="requests/s", aim=0.7),
        "store-ops",
        bench.http_side("store-ops", ours, statuses=["200"]),
        bench.http_side("limit", limit, statuses=["200"]),
    )


def _contract() -> dict[str, object]:
    term = {
        "clause": "§4.2", "fee_kind": "rebate_cycle", "calculation": {"method": "pct", "rate": "0.030000"},
        "tax_basis": "excl", "cycle": "month", "settlement_method": "offset",
    }  # fmt: skip
    terms_of_payment = {"term_type": "monthly_close", "days": 30, "pay_days": []}
    return {
        "account_id": ACCOUNT, "settlement_entity_id": id_of(seed.ENTITY, 0), "number": "C-MODEL",
        "valid_from": "2026-01-01", "valid_to": "2026-12-31", "currency": "CNY", "tax_basis": "excl",
        "payment_terms": terms_of_payment, "terms": [term | {"code": f"T{number}"} for number in range(1, 4)],
    }  # fmt: skip


async def _model(bench: Bench, token: str) -> UUID:
    """Draft the contract that all others are copies of, through the API."""
    await seed.contracts(bench)
    entity = {
        "account_id": ACCOUNT, "code": "E-MODEL", "name": "Retail Ltd", "tax_id": "91310000000000000A",
        "payment_terms": {"term_type": "monthly_close", "days": 30, "pay_days": []},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=bench.stack.url("contracts"), headers=headers, trust_env=False) as client:
        put = await client.put(f"/v1/settlement-entities/{id_of(seed.ENTITY, 0)}", json=entity)
        posted = await client.post("/v1/contracts", json=_contract())
    for answer in (put, posted):
        if not answer.is_success:
            raise BenchError(f"no contract to start from: {answer.status_code} {answer.text}")
    return UUID(posted.json()["id"])


async def command(bench: Bench) -> Figure:
    """Sign contracts of three terms: lock, load, decide, two updates and an event, one transaction."""
    await limit_port(bench)
    await seed.limit_tables(bench, "outbox", "contracts")
    token = await bench.token("ka_manager", [ACCOUNT])
    model = await _model(bench, token)
    body = json.dumps({"signed_on": "2025-12-20", "signatory": "Li Wei", "document_sha256": "ab" * 32})
    path = f"/contracts/{id_of(seed.CONTRACT, NUMBER)}:sign"
    headers = {"Authorization": f"Bearer {token}"}

    def side(name: str, schema: str, prefix: str) -> Side:
        template = request_of("POST", prefix + path, headers=headers, body=body)

        async def run() -> Sample:
            first = bench.take_numbers(COMMANDS_A_ROUND)
            await _drafts(bench, schema, model, first)
            plan = Plan(
                port=bench.port(name) if name == "contracts" else await limit_port(bench),
                templates=[template], connections=bench.connections, seconds=bench.seconds, first=first,
                requests_max=COMMANDS_A_ROUND,
            )  # fmt: skip
            return await bench.measured(name, plan, statuses=["200"])

        return run

    figure = Figure(name="command", unit="requests/s")
    return await measure(bench, figure, "contracts", side("contracts", "contracts", "/v1"), side("limit", "bench", ""))


async def _drafts(bench: Bench, schema: str, model: UUID, first: int) -> None:
    names = {"schema": schema, "contract": seed.CONTRACT, "entity": seed.ENTITY}
    last = first + COMMANDS_A_ROUND - 1
    if schema == "contracts":
        entity = UUID(id_of(seed.ENTITY, 0))
        await bench.admin.execute(seed.ENTITIES.format(**names), entity, first, last)
    for statement in (seed.DRAFTS, seed.DRAFT_VERSIONS):
        await bench.admin.execute(statement.format(**names).strip().rstrip(";"), model, first, last)
    await bench.admin.execute(f"ANALYZE {schema}.contracts, {schema}.contract_versions")
