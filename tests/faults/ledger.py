"""Facts against effects: what was accepted, what was announced, what arrived, and what became of it, counted in SQL.

The checks read all four schemas as the database's superuser. Each finding is something that was lost (accepted or
announced, but without its effect) or doubled (an effect without its own cause).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import asyncpg

from tests.faults import ground
from tests.faults.ground import Facts
from tests.faults.plan import SERVICES

SCHEMAS = {service: service.replace("-", "_") for service in SERVICES}
Connection = Any  # asyncpg's connection classes are generic over a record type that is of no use here.

FEED = """
SELECT count(*) AS events, count(*) FILTER (WHERE pos IS NULL) AS unstamped, count(DISTINCT pos) AS positions,
       COALESCE(max(pos), 0) AS highest, (SELECT last_pos FROM {schema}.feed) AS last_pos
FROM {schema}.outbox
"""
SUBJECTS = """
SELECT subject, count(*) AS events, max(subject_version) AS highest, known.version,
       bool_and(rising) AS in_order
FROM (SELECT *, pos > lag(pos, 1, 0::bigint) OVER (PARTITION BY subject ORDER BY subject_version) AS rising
      FROM {schema}.outbox) AS event
LEFT JOIN {schema}.event_subjects AS known USING (subject)
GROUP BY subject, known.version
HAVING count(*) <> max(subject_version) OR known.version IS DISTINCT FROM max(subject_version) OR NOT bool_and(rising)
"""
SUBSCRIPTIONS = "SELECT description, nouns, state FROM {schema}.webhook_endpoints ORDER BY description"
ARRIVED = """
SELECT event.type, event.subject, event.subject_version, count(held.seq) AS times, max(held.state) AS state
FROM {producer}.outbox AS event
LEFT JOIN {consumer}.inbox AS held ON held.source = $1 AND held.event_id = event.event_id
WHERE event.noun = ANY ($2)
GROUP BY event.event_id
HAVING count(held.seq) <> 1 OR max(held.state) NOT IN ('done', 'ignored')
"""
INVENTED = """
SELECT held.type, held.subject, held.subject_version FROM {consumer}.inbox AS held
WHERE held.source = $1 AND NOT EXISTS (SELECT FROM {producer}.outbox AS event WHERE event.event_id = held.event_id)
"""
REACHED = """
SELECT known.subject, known.version, reached.version AS reached
FROM {producer}.event_subjects AS known
LEFT JOIN {consumer}.inbox_subjects AS reached ON reached.source = $1 AND reached.subject = known.subject
WHERE split_part(known.subject, '/', 1) = ANY ($2) AND reached.version IS DISTINCT FROM known.version
"""
COPY = """
SELECT id, copy.id IS NULL AS is_missing, master.id IS NULL AS is_extra
FROM (SELECT {master_columns}, subject.version AS version FROM {master_table} AS row
      JOIN {producer}.event_subjects AS subject ON subject.subject = '{noun}/' || row.id::text) AS master
FULL JOIN (SELECT {copy_columns}, version FROM {copy_table}) AS copy USING (id)
WHERE to_jsonb(master) IS DISTINCT FROM to_jsonb(copy)
"""
BOOKED_TWICE = """
SELECT invoice.id, count(entry.id) AS entries FROM receivables.invoices AS invoice
LEFT JOIN receivables.journal_entries AS entry ON entry.source_id = invoice.id AND entry.kind = 'invoice_posted'
GROUP BY invoice.id HAVING count(entry.id) <> 1
"""
SUMS = """
SELECT (SELECT COALESCE(sum(net_amount), 0) FROM receivables.invoices) AS invoiced,
       (SELECT COALESCE(sum(net_amount), 0) FROM receivables.invoice_lines) AS lines,
       (SELECT COALESCE(sum(net_amount), 0) FROM contracts.purchases) AS purchased,
       (SELECT COALESCE(sum(credit - debit), 0) FROM receivables.journal_lines WHERE ledger = 'revenue') AS revenue
"""
DUPLICATES = "SELECT COALESCE(sum(duplicates), 0)::bigint FROM {schema}.event_sources"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is not as it must be."""

    kind: Literal["lost", "doubled"]
    what: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What the checks found."""

    events: int = 0
    absorbed: int = 0
    """Events that arrived more than once and were stored once."""
    findings: list[Finding] = field(default_factory=list)

    def note(self, kind: Literal["lost", "doubled"], what: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind, what))

    def count(self, kind: str) -> int:
        """Return how many things were lost or doubled."""
        return sum(finding.kind == kind for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A read copy and its master: the same columns, and the version of the subject's last event."""

    producer: str
    noun: str
    master: str
    consumer: str
    table: str
    columns: Sequence[str]
    master_names: Mapping[str, str] = field(default_factory=dict)
    """Columns that the master calls differently."""

    def statement(self) -> str:
        """Return the query that yields every row in which the two differ."""
        named = ", ".join(f"row.{self.master_names.get(name, name)} AS {name}" for name in ("id", *self.columns))
        master = f"{SCHEMAS[self.producer]}.{self.master}"
        if self.noun == "execution":  # A task that nobody has looked at has no verdict to copy.
            master = f"(SELECT * FROM {master} WHERE verdict IS NOT NULL)"
        return COPY.format(
            master_columns=named,
            master_table=master,
            producer=SCHEMAS[self.producer],
            noun=self.noun,
            copy_columns=", ".join(("id", *self.columns)),
            copy_table=f"{SCHEMAS[self.consumer]}.{self.table}",
        )


STORE: dict[str, Any] = {"producer": "store-ops", "noun": "store", "master": "stores", "table": "stores"}
ACCOUNT: dict[str, Any] = {"producer": "contracts", "noun": "account", "master": "accounts", "table": "accounts"}
PRODUCT: dict[str, Any] = {"producer": "contracts", "noun": "product", "master": "products", "table": "products"}
VERDICT: dict[str, Any] = {"producer": "store-ops", "noun": "execution", "master": "tasks", "table": "executions"}
PROMOTION: dict[str, Any] = {
    "producer": "promotions",
    "noun": "promotion",
    "master": "promotions",
    "table": "promotions",
}
_VERDICT = ("account_id", "promotion_id", "tactic_id", "store_id", "verdict")
_SEEN = ("tactic_kind", "audit_id", "found_count", "found_price", "found_on", "photo_sha256s")

COPIES = (
    Copy(**ACCOUNT, consumer="promotions", columns=("code", "name", "region", "currency", "status")),
    Copy(**ACCOUNT, consumer="store-ops", columns=("code", "name", "region", "status")),
    Copy(**ACCOUNT, consumer="receivables", columns=("code", "name", "region", "ka_class", "currency", "status")),
    Copy(**PRODUCT, consumer="promotions", columns=("sku", "name", "brand", "category")),
    Copy(**PRODUCT, consumer="store-ops", columns=("sku", "name", "brand")),
    Copy(**PRODUCT, consumer="receivables", columns=("sku", "name", "brand", "category")),
    Copy(
        producer="contracts", noun="settlement-entity", master="settlement_entities", consumer="receivables",
        table="settlement_entities", columns=("account_id", "code", "name", "tax_id", "payment_terms"),
    ),
    Copy(**STORE, consumer="promotions", columns=("account_id", "code", "name", "grade", "status")),
    Copy(
        **STORE, consumer="receivables",
        columns=("account_id", "code", "name", "grade", "opened_on", "closed_on", "status"),
    ),
    Copy(**VERDICT, consumer="promotions", columns=_VERDICT),
    Copy(
        **VERDICT, consumer="receivables", columns=(*_VERDICT, *_SEEN, "contracted_count", "agreed_price"),
        master_names={"contracted_count": "expected_count", "agreed_price": "expected_price"},
    ),
    Copy(**PROMOTION, consumer="store-ops", columns=("account_id", "number")),
    Copy(
        **PROMOTION, consumer="receivables",
        columns=("account_id", "number", "name", "settlement_entity_id", "status", "starts_on", "ends_on", "store_ids"),
    ),
    Copy(
        producer="receivables", noun="invoice", master="invoices", consumer="contracts", table="purchases",
        columns=("account_id", "invoiced_on", "currency", "net_amount"),
    ),
)  # fmt: skip


async def examine(admin: Connection, facts: Facts) -> Report:
    """Compare everything; the services must have come to rest."""
    report = Report()
    async with admin.transaction(isolation="repeatable_read", readonly=True):
        for schema in SCHEMAS.values():
            await _feed(admin, schema, report)
            report.absorbed += await admin.fetchval(DUPLICATES.format(schema=schema))
        for producer in SERVICES:
            await _deliveries(admin, producer, report)
        for copy in COPIES:
            await _copy(admin, copy, report)
        await _stores(admin, facts, report)
        await _invoices(admin, facts, report)
        await _audits(admin, facts, report)
        await _verdicts(admin, facts, report)
    report.findings.sort()
    return report


async def _feed(admin: Connection, schema: str, report: Report) -> None:
    """Positions without a hole, subjects' versions without a hole and in the order of positions."""
    feed = await admin.fetchrow(FEED.format(schema=schema))
    report.events += feed["events"]
    if feed["unstamped"]:
        report.note("lost", f"{schema}: {feed['unstamped']} events without a position")
    if not feed["events"] == feed["positions"] == feed["highest"] == feed["last_pos"]:
        report.note("lost", f"{schema}: positions have holes: {dict(feed)}")
    for row in await admin.fetch(SUBJECTS.format(schema=schema)):
        report.note("lost", f"{schema}: versions of {row['subject']} have holes or are out of order: {dict(row)}")


async def _deliveries(admin: Connection, producer: str, report: Report) -> None:
    """Each consumer's inbox has each event of its nouns once, applied; and none that was never announced."""
    source, of = f"/{producer}", SCHEMAS[producer]
    for endpoint in await admin.fetch(SUBSCRIPTIONS.format(schema=of)):
        consumer = SCHEMAS[endpoint["description"]]
        names = {"producer": of, "consumer": consumer}
        for row in await admin.fetch(ARRIVED.format(**names), source, endpoint["nouns"]):
            kind: Literal["lost", "doubled"] = "doubled" if row["times"] > 1 else "lost"
            report.note(kind, f"{of} -> {consumer}: {_event(row)} arrived {row['times']} times, is {row['state']}")
        for row in await admin.fetch(INVENTED.format(**names), source):
            report.note("doubled", f"{of} -> {consumer}: {_event(row)} was never announced")
        for row in await admin.fetch(REACHED.format(**names), source, endpoint["nouns"]):
            what = f"{row['subject']} is at {row['reached']} of {row['version']}"
            report.note("lost", f"{of} -> {consumer}: {what}")


def _event(row: Mapping[str, Any]) -> str:
    return f"{row['type']} of {row['subject']} version {row['subject_version']}"


async def _copy(admin: Connection, copy: Copy, report: Report) -> None:
    for row in await admin.fetch(copy.statement()):
        state = "is missing" if row["is_missing"] else "has no master" if row["is_extra"] else "differs"
        kind: Literal["lost", "doubled"] = "doubled" if row["is_extra"] else "lost"
        report.note(kind, f"{copy.consumer}.{copy.table} {row['id']} {state}")


async def _stores(admin: Connection, facts: Facts, report: Report) -> None:
    """Each description took effect once: the version counts them, the row is the last of them."""
    rows = {row["id"]: row for row in await admin.fetch("SELECT * FROM store_ops.stores")}
    _same_ids("store", rows, facts.stores, report)
    for store in rows.keys() & facts.stores.keys():
        row, bodies = rows[store], facts.stores[store]
        if row["version"] != len(bodies):
            kind: Literal["lost", "doubled"] = "lost" if row["version"] < len(bodies) else "doubled"
            report.note(kind, f"store {store}: version {row['version']} after {len(bodies)} descriptions")
        if any(str(row[name]) != value for name, value in bodies[-1].items()):
            report.note("lost", f"store {store} is not as it was described last")


async def _invoices(admin: Connection, facts: Facts, report: Report) -> None:
    """Each invoice once, booked once; four sums that are one to the cent."""
    rows = {
        row["id"]: row["net_amount"] for row in await admin.fetch("SELECT id, net_amount FROM receivables.invoices")
    }
    _same_ids("invoice", rows, facts.invoices, report)
    for row in await admin.fetch(BOOKED_TWICE):
        report.note("doubled" if row["entries"] else "lost", f"invoice {row['id']} is booked {row['entries']} times")
    sums = dict(await admin.fetchrow(SUMS))
    sums["accepted"] = sum(map(Decimal, facts.invoices.values()), Decimal(0))
    if len(set(sums.values())) != 1:
        kind: Literal["lost", "doubled"] = "lost" if sums["purchased"] < sums["accepted"] else "doubled"
        report.note(kind, f"sums differ: {', '.join(f'{name} {value}' for name, value in sums.items())}")


async def _audits(admin: Connection, facts: Facts, report: Report) -> None:
    """Each audit once, announced once."""
    rows = {row["id"]: row for row in await admin.fetch("SELECT id FROM store_ops.audits")}
    _same_ids("audit", rows, facts.audits, report)
    announced = await admin.fetch("SELECT subject, count(*) AS times FROM store_ops.outbox GROUP BY subject")
    times = {row["subject"]: row["times"] for row in announced}
    for audit in facts.audits:
        if times.get(f"audit/{audit}", 0) != 1:
            what = f"audit {audit} was announced {times.get(f'audit/{audit}', 0)} times"
            report.note("doubled" if f"audit/{audit}" in times else "lost", what)


async def _verdicts(admin: Connection, facts: Facts, report: Report) -> None:
    """The verdict on each task is that of the latest visit, whatever the order in which visits came."""
    latest: dict[str, tuple[str, Any, Any]] = {}
    for audit, body in facts.audits.items():
        seen = body["visited_at"], audit, body["findings"]
        latest[body["store_id"]] = max(latest.get(body["store_id"], ("", audit, None)), seen, key=lambda each: each[:2])
    tasks = await admin.fetch("SELECT store_id, tactic_kind, verdict FROM store_ops.tasks")
    for task in tasks:
        visit = latest.get(str(task["store_id"]))
        expected = _expected(task["tactic_kind"], visit[2]) if visit else None
        if task["verdict"] != expected:
            what = f"{task['tactic_kind']} in {task['store_id']} is {task['verdict']}, the last visit says {expected}"
            report.note("lost", what)


def _expected(kind: str, findings: Iterable[Mapping[str, Any]]) -> str:
    (finding,) = (each for each in findings if each["kind"] == kind)
    if kind == "price":
        is_met = Decimal(finding["price_found"]) <= Decimal(ground.PRICE)
    else:
        is_met = finding["count_found"] >= ground.ENDCAPS
    return "executed" if is_met else "not_executed"


def _same_ids(what: str, rows: Mapping[Any, Any], facts: Mapping[Any, Any], report: Report) -> None:
    for missing in facts.keys() - rows.keys():
        report.note("lost", f"{what} {missing} was accepted and is not there")
    for extra in rows.keys() - facts.keys():
        report.note("doubled", f"{what} {extra} is there and nobody was told so")


async def connect(admin_url: str, database: str) -> Connection:
    """Open a connection of the superuser to the database of the services."""
    return await asyncpg.connect(admin_url, database=database)
