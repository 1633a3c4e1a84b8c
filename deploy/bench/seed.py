"""Rows that the figures start from, made by set-based SQL in the services' own tables and by COPY."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from deploy.bench.bench import Bench, id_of
from deploy.bench.limit_sql import TABLES
from shared.platform.outbox import arguments_of
from store_ops.domain.audit import AuditCompleted

ACCOUNT, STORE, PRODUCT, PROMOTION, TACTIC, TASK, ENTITY, CONTRACT, AUDIT, INVOICE, EVENT = range(1, 12)
"""Kinds of identifiers."""
ACCOUNTS, STORES, PRODUCTS, PROMOTIONS, TASKS = 20, 2000, 200, 200, 50_000
FEED_EVENTS = 60_000
AT = datetime(2026, 3, 1, tzinfo=UTC)

STORE_OPS = f"""
INSERT INTO store_ops.accounts (id, code, name, region, status, version)
SELECT bench.id_of({ACCOUNT}, n), 'KA-' || n, 'Account ' || n, 'East', 'active', 1
FROM generate_series(1, {ACCOUNTS}) n;
INSERT INTO store_ops.products (id, sku, name, brand, version)
SELECT bench.id_of({PRODUCT}, n), 'SKU-' || n, 'Juice not from concentrate ' || n || ' ml', 'Gondola', 1
FROM generate_series(1, {PRODUCTS}) n;
INSERT INTO store_ops.stores (id, account_id, code, name, grade, store_format, province, city, opened_on, status,
                              version)
SELECT bench.id_of({STORE}, n), bench.id_of({ACCOUNT}, 1 + n % {ACCOUNTS}), 'S-' || n, 'Store ' || n, 'A',
       'hypermarket', 'Shanghai', 'Shanghai', '2020-01-01', 'active', 1 FROM generate_series(1, {STORES}) n;
INSERT INTO store_ops.promotions (id, account_id, number, version)
SELECT bench.id_of({PROMOTION}, n), bench.id_of({ACCOUNT}, 1 + n % {ACCOUNTS}), 'P-' || n, 1
FROM generate_series(1, {PROMOTIONS}) n;
INSERT INTO store_ops.tasks (id, store_id, account_id, promotion_id, tactic_id, tactic_kind, product_id, expected_price,
                             expected_count, starts_on, ends_on, status, is_stale, version)
SELECT bench.id_of({TASK}, n), bench.id_of({STORE}, 1 + n % {STORES}), bench.id_of({ACCOUNT}, 1 + (1 + n) % {ACCOUNTS}),
       bench.id_of({PROMOTION}, 1 + n % {PROMOTIONS}), bench.id_of({TACTIC}, 1 + n % {PROMOTIONS}), 'price',
       bench.id_of({PRODUCT}, 1 + n % {PRODUCTS}), 3.19 + n % 100 * 0.01, 1, date '2026-03-01' + (n % 180)::integer,
       date '2026-03-14' + (n % 180)::integer, 'open', false, 1 FROM generate_series(1, {TASKS}) n;
ANALYZE store_ops.accounts, store_ops.products, store_ops.stores, store_ops.promotions, store_ops.tasks;
"""  # noqa: S608 - numbers of ours

CONTRACTS = f"""
INSERT INTO contracts.accounts (id, code, name, ka_class, account_type, store_format, decision_structure, delivery_mode,
                                region, owner_id, performance_unit_id, cost_unit_id, currency, status, version)
SELECT bench.id_of({ACCOUNT}, n), 'KA-' || n, 'Account ' || n, 'NKA', 'hypermarket', 'hypermarket', 'centralised', 'dc',
       'East', 'manager', 'unit', 'unit', 'CNY', 'active', 1 FROM generate_series(1, {ACCOUNTS}) n;
"""  # noqa: S608 - numbers of ours

RECEIVABLES = f"""
INSERT INTO receivables.accounts (id, code, name, region, currency, status, version)
SELECT bench.id_of({ACCOUNT}, n), 'KA-' || n, 'Account ' || n, 'East', 'CNY', 'active', 1
FROM generate_series(1, {ACCOUNTS}) n;
INSERT INTO receivables.settlement_entities (id, account_id, code, name, tax_id, payment_terms, version)
SELECT bench.id_of({ENTITY}, n), bench.id_of({ACCOUNT}, n), 'E-' || n, 'Retail Ltd ' || n, '91310000000000000A',
       '{{"term_type": "monthly_close", "days": 30, "pay_days": []}}', 1 FROM generate_series(1, {ACCOUNTS}) n;
"""  # noqa: S608 - numbers of ours
PROMOTIONS_SERVICE = f"""
INSERT INTO promotions.accounts (id, code, name, region, currency, status, version)
SELECT bench.id_of({ACCOUNT}, n), 'KA-' || n, 'Account ' || n, 'East', 'CNY', 'active', 1
FROM generate_series(1, {ACCOUNTS}) n;
INSERT INTO promotions.products (id, sku, name, brand, category, version)
SELECT bench.id_of({PRODUCT}, n), 'SKU-' || n, 'Juice not from concentrate ' || n || ' ml', 'Gondola', 'juice', 1
FROM generate_series(1, {PRODUCTS}) n;
INSERT INTO promotions.stores (id, account_id, code, name, grade, status, version)
SELECT bench.id_of({STORE}, n), bench.id_of({ACCOUNT}, 1 + n % {ACCOUNTS}), 'S-' || n, 'Store ' || n, 'A', 'active', 1
FROM generate_series(1, {STORES}) n;
ANALYZE promotions.accounts, promotions.products, promotions.stores;
"""  # noqa: S608 - numbers of ours

DRAFTS = """
INSERT INTO {schema}.contracts (id, account_id, settlement_entity_id, number, status, currency, valid_from, valid_to,
                                version)
SELECT bench.id_of({contract}, n), account_id, bench.id_of({entity}, n), 'C-' || n, 'draft', currency, valid_from,
       valid_to, 1
FROM contracts.contracts, generate_series($2::bigint, $3::bigint) n WHERE id = $1;
"""
DRAFT_VERSIONS = """
INSERT INTO {schema}.contract_versions (contract_id, number, account_id, valid_from, valid_to, tax_basis, payment_terms,
                                        terms)
SELECT bench.id_of({contract}, n), 1, account_id, valid_from, valid_to, tax_basis, payment_terms, terms
FROM contracts.contract_versions, generate_series($2::bigint, $3::bigint) n WHERE contract_id = $1
"""
ENTITIES = """
INSERT INTO contracts.settlement_entities (id, account_id, code, name, tax_id, payment_terms, version)
SELECT bench.id_of({entity}, n), account_id, 'E-' || n, name, tax_id, payment_terms, 1
FROM contracts.settlement_entities, generate_series($2::bigint, $3::bigint) n WHERE id = $1
"""


async def limit_tables(bench: Bench, *names: str) -> None:
    """Create tables of the limit that are not there yet."""
    for name in names:
        await bench.once(f"limit {name}", lambda name=name: bench.admin.execute(TABLES[name]))  # type: ignore[misc]


async def store_ops(bench: Bench) -> None:
    """Make accounts, stores, products, promotions and 50,000 tasks."""
    await bench.once("store_ops", lambda: bench.admin.execute(STORE_OPS))


async def contracts(bench: Bench) -> None:
    """Make accounts."""
    await bench.once("contracts", lambda: bench.admin.execute(CONTRACTS))


async def receivables(bench: Bench) -> None:
    """Make accounts and a settlement entity for each."""
    await bench.once("receivables", lambda: bench.admin.execute(RECEIVABLES))


async def promotions(bench: Bench) -> None:
    """Make accounts, products and stores."""
    await bench.once("promotions", lambda: bench.admin.execute(PROMOTIONS_SERVICE))


async def feed(bench: Bench) -> None:
    """Fill the outbox of store operations with stamped events of audits."""

    async def work() -> None:
        columns = (
            "event_id", "type", "noun", "subject", "account_id", "occurred_at", "envelope", "subject_version", "pos"
        )  # fmt: skip
        await bench.admin.copy_records_to_table(
            "outbox", schema_name="store_ops", columns=columns, records=list(_feed_rows())
        )
        await bench.admin.execute("UPDATE store_ops.feed SET last_pos = $1", FEED_EVENTS)
        await bench.admin.execute("ANALYZE store_ops.outbox")

    await bench.once("feed", work)


def _feed_rows() -> Iterable[tuple[object, ...]]:
    for number in range(1, FEED_EVENTS + 1):
        event = AuditCompleted(
            id=UUID(id_of(AUDIT, number)),
            account_id=UUID(id_of(ACCOUNT, 1 + number % ACCOUNTS)),
            store_id=UUID(id_of(STORE, 1 + number % STORES)),
            visited_at=AT,
            template_version="2026.1",
            finding_count=3,
            present_count=2,
            absent_count=1,
            photo_sha256s=(f"{number:064x}",),
        )
        event_id, kind, noun, subject, account_id, at, head, tail = arguments_of(event, AT)
        yield event_id, kind, noun, subject, account_id, at, f"{head}1{tail}", 1, number
