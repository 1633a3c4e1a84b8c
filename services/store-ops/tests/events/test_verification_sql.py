"""The SQL that chooses the deciding finding says what the domain says, and takes many audits in one go."""

import hashlib
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest

from shared.kernel.periods import Span
from store_ops.app.verify import Verified
from store_ops.db import tasks as task_queries
from store_ops.db.verification import DECIDE, LOCK
from store_ops.domain.audit import Finding, FindingKind
from store_ops.domain.task import TacticKind, Task
from store_ops.domain.verification import Sighting, Thresholds, deciding, judge

Verify = Callable[[], Awaitable[Verified]]
SHANGHAI = ZoneInfo("Asia/Shanghai")
ACCOUNT = UUID(int=1)
PHOTOS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(6)]
INSERT = """
INSERT INTO audits (id, store_id, account_id, visited_at, received_at, submitted_by, template_version, findings,
                    photo_sha256s, content_sha256)
VALUES ($1, $2, $3, $4, now(), 'rep', '1', $5, $6, '')
"""
PHOTO = """
INSERT INTO photos (sha256, media_type, size_bytes, uploaded_by, received_at) VALUES ($1, 'image/png', 1, 'rep', now())
"""


def some_tasks(chance: random.Random, count: int, stores: int, products: int) -> list[Task]:
    tasks = []
    for number in range(count):
        start = date(2026, 3, 1) + timedelta(days=chance.randrange(20))
        kind = chance.choice(list(TacticKind))
        tasks.append(
            Task(
                id=UUID(int=1000 + number),
                account_id=ACCOUNT,
                promotion_id=UUID(int=2),
                tactic_id=UUID(int=3),
                tactic_kind=kind,
                store_id=UUID(int=100 + chance.randrange(stores)),
                product_id=UUID(int=50 + chance.randrange(products)),
                expected_price=Decimal("3.1900"),
                expected_count=chance.choice((1, 2)),
                window=Span(start=start, end=start + timedelta(days=chance.randrange(14))),
            )
        )
    return tasks


def a_finding(chance: random.Random, products: int, task_ids: list[UUID]) -> Finding:
    return Finding(
        kind=chance.choice(list(FindingKind)),
        product_id=UUID(int=50 + chance.randrange(products)),
        task_id=chance.choice(task_ids) if chance.random() < 0.2 else None,
        is_present=chance.random() < 0.8,
        price_found=chance.choice((None, Decimal("2.9900"), Decimal("3.1950"), Decimal("3.1951"))),
        count_found=chance.choice((None, 0, 1, 2, 3)),
        photo_sha256s=tuple(chance.sample(PHOTOS, chance.randrange(3))),
    )


@pytest.mark.parametrize("seed", range(8))
async def test_the_sql_chooses_what_the_domain_chooses(database: Any, verify_all: Verify, rep: Any, seed: int):
    chance = random.Random(seed)
    tasks = some_tasks(chance, count=40, stores=3, products=3)
    task_ids = [task.id for task in tasks]
    sightings: list[Sighting] = []
    arrived = frozenset(PHOTOS[:4])
    steps: list[Callable[[], Awaitable[Any]]] = [partial(task_queries.plan, database, tasks)]
    for _ in range(60):
        audit_id, store_id = UUID(int=chance.getrandbits(127)), UUID(int=100 + chance.randrange(3))
        visited_at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(24 * 34) // 8 * 8)
        findings = {(f.task_id, f.kind, f.product_id): f for f in (a_finding(chance, 3, task_ids) for _ in range(5))}
        whole = tuple(chance.sample(PHOTOS, chance.randrange(2)))
        sightings += [
            Sighting(
                audit_id=audit_id, store_id=store_id, visited_at=visited_at, finding=finding, audit_photo_sha256s=whole,
                arrived=arrived,
            )
            for finding in findings.values()
        ]  # fmt: skip
        row = (
            audit_id, store_id, ACCOUNT, visited_at, msgspec.json.encode(list(findings.values())).decode(), list(whole)
        )  # fmt: skip
        steps.append(partial(database.execute, INSERT, *row))
    steps += [partial(database.execute, PHOTO, photo) for photo in sorted(arrived)]
    chance.shuffle(steps)
    for step in steps:
        await step()
        if chance.random() < 0.1:
            await verify_all()
    await verify_all()
    rows = {row["id"]: row for row in await database.fetch("SELECT * FROM tasks")}
    seen = set()
    for task in tasks:
        found, row = deciding(task, sightings, Thresholds(), SHANGHAI), rows[task.id]
        outcome = judge(task, found, Thresholds(), SHANGHAI) if found else None
        seen.add(row["status"])
        assert row["status"] == (outcome.verdict.value if outcome else "open")
        if outcome:
            assert (row["audit_id"], row["found_count"], row["found_price"], row["found_on"]) == (
                outcome.audit_id, outcome.found_count, outcome.found_price, outcome.found_on,
            )  # fmt: skip
            assert tuple(row["photo_sha256s"]) == outcome.photo_sha256s
    assert seen == {"open", "executed", "not_executed", "unproven"}


async def test_one_verification_works_at_a_time(database: Any, verify_all: Verify, rep: Any):
    row: tuple[Any, ...] = (UUID(int=900), UUID(int=100), ACCOUNT, datetime(2026, 3, 2, tzinfo=UTC), "[]", [])
    await database.execute(INSERT, *row)
    async with database.transaction():
        assert await database.fetchval(LOCK)
        assert await verify_all() == Verified()
    assert (await verify_all()).audits == 1


@pytest.mark.slow
async def test_thousands_of_audits_are_verified_by_index(database: Any, verify_all: Verify, rep: Any, emitted: Any):
    chance = random.Random(1)
    stores, products = 100, 10
    tasks = [
        Task(
            id=UUID(int=(store << 40) + (product << 8) + number),
            account_id=ACCOUNT,
            promotion_id=UUID(int=2),
            tactic_id=UUID(int=3),
            tactic_kind=kind,
            store_id=UUID(int=100 + store),
            product_id=UUID(int=50 + product),
            expected_price=Decimal("3.1900"),
            expected_count=1,
            window=Span(start=date(2026, 3, 1), end=date(2026, 3, 31)),
        )
        for store in range(stores)
        for product in range(products)
        for number, kind in enumerate(TacticKind)
    ]
    await task_queries.plan(database, tasks)
    rows: list[tuple[Any, ...]] = []
    for _ in range(3_000):
        findings = [
            Finding(
                kind=chance.choice(list(FindingKind)[:3]), product_id=UUID(int=50 + chance.randrange(products)),
                is_present=True, price_found=Decimal("3.1900"), photo_sha256s=(PHOTOS[0],),
            )
            for _ in range(chance.choice((2, 3, 3)))
        ]  # fmt: skip
        visited_at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=chance.randrange(28 * 1440))
        store_id = UUID(int=100 + chance.randrange(stores))
        encoded = msgspec.json.encode(findings).decode()
        rows.append((UUID(int=chance.getrandbits(127)), store_id, ACCOUNT, visited_at, encoded, []))
    await database.executemany(INSERT, rows)
    await database.execute(PHOTO, PHOTOS[0])
    done = await verify_all()
    assert done.audits == 3_000
    assert len(await emitted("execution_verified")) == done.announced
    assert await database.fetchval("SELECT count(*) FROM tasks WHERE status = 'executed'") > 2_000

    explained = await database.fetch(f"EXPLAIN {DECIDE}", [task.id for task in tasks[:2000]], 0, "Asia/Shanghai")
    lines = "\n".join(row[0] for row in explained)
    assert "audits_pkey" in lines, lines
    assert "Seq Scan on audits" not in lines, lines
