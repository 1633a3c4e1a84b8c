"""The outbox numbers events per subject, the sequencer gives positions that miss nothing."""

import asyncio
import contextlib
import json
import random
from typing import Any

import pytest
from sample.main import ThingMade

from shared.platform import trace
from shared.platform.auth import EVERYTHING, Scope
from shared.platform.clock import now
from shared.platform.ids import new_id
from shared.platform.outbox import announce, arguments_of, emit, emit_many, emit_new
from shared.platform.sequencer import Sequencer

ORDERED = "SELECT subject, subject_version FROM outbox ORDER BY seq"


async def test_an_event_is_a_cloudevent_with_its_schema_and_trace(outside: Any, thing: Any) -> None:
    announce("contracts", "https://contracts.example.com/")
    token = trace.current.set("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    event = thing(name='quotes " and 中文')
    async with outside.database.raw(EVERYTHING) as connection:
        await emit(connection, event, at=now())
    trace.current.reset(token)
    envelope = json.loads(await outside.value("SELECT envelope FROM outbox"))
    assert envelope["specversion"] == "1.0"
    assert envelope["source"] == "/contracts"
    assert envelope["type"] == "gondola.contracts.thing_made.v1"
    assert envelope["subject"] == f"thing/{event.id}"
    assert envelope["subjectversion"] == 1
    assert envelope["dataschema"] == "https://contracts.example.com/v1/event-types/gondola.contracts.thing_made.v1"
    assert envelope["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c")
    assert envelope["time"].endswith("Z")
    assert len(envelope["time"]) == len("2026-01-01T00:00:00.000Z")
    assert envelope["data"] == {"id": str(event.id), "account_id": None, "name": 'quotes " and 中文', "price": "1.50"}


async def test_concurrent_writers_of_one_subject_get_versions_without_holes(outside: Any, thing: Any) -> None:
    ids = [new_id() for _ in range(3)]

    async def record(turn: int) -> None:
        async with outside.database.raw(EVERYTHING) as connection:
            await emit(connection, thing(ids[turn % 3]), at=now())
            await asyncio.sleep(random.random() / 500)
            if turn % 5 == 4:
                raise InterruptedError

    async def write(number: int) -> None:
        for turn in range(20):
            with contextlib.suppress(InterruptedError):
                await record(number * 5 + turn)

    await asyncio.gather(*(write(number) for number in range(8)))
    by_subject: dict[str, list[int]] = {}
    for row in await outside.rows(ORDERED):
        by_subject.setdefault(row["subject"], []).append(row["subject_version"])
    assert sum(map(len, by_subject.values())) == 8 * 16
    assert all(versions == list(range(1, len(versions) + 1)) for versions in by_subject.values())


async def test_many_events_at_once_keep_their_order_per_subject(outside: Any, thing: Any) -> None:
    ids = [new_id() for _ in range(10)]

    async def write() -> None:
        for _ in range(5):
            events = [thing(random.choice(ids), str(number)) for number in range(50)]
            async with outside.database.raw(EVERYTHING) as connection:
                await emit_many(connection, events, at=now())

    await asyncio.gather(*(write() for _ in range(4)))
    rows = await outside.rows("SELECT subject, subject_version, envelope FROM outbox ORDER BY seq")
    assert len(rows) == 1000
    versions: dict[str, int] = {}
    for row in rows:
        versions[row["subject"]] = versions.get(row["subject"], 0) + 1
        assert row["subject_version"] == versions[row["subject"]]
        assert json.loads(row["envelope"])["subjectversion"] == versions[row["subject"]]


async def test_no_events_are_no_statement(outside: Any) -> None:
    async with outside.database.raw(EVERYTHING) as connection:
        await emit_many(connection, [], at=now())
    assert await outside.value("SELECT count(*) FROM outbox") == 0


async def test_a_hot_path_records_row_and_event_in_one_statement(outside: Any, thing: Any) -> None:
    event = thing(name="hot")
    statement = (
        "WITH new AS (INSERT INTO things (id, account_id, name, price, version) VALUES ($1, $2, $3, 1.5, 1)"
        f" ON CONFLICT DO NOTHING RETURNING id), {emit_new('new', 4)} SELECT id FROM new"
    )
    for _ in range(2):
        async with outside.database.raw(EVERYTHING) as connection:
            await connection.fetch(statement, event.id, new_id(), event.name, *arguments_of(event, now()))
    assert await outside.value("SELECT count(*) FROM outbox") == 1
    async with outside.database.raw(EVERYTHING) as connection:
        await emit(connection, event, at=now())
    assert await outside.value("SELECT max(subject_version) FROM outbox") == 2


async def test_an_event_too_large_to_send_is_refused(thing: Any) -> None:
    with pytest.raises(ValueError, match="bytes"):
        arguments_of(thing(name="中" * 400_000), now())


async def test_a_caller_records_events_of_any_account_and_reads_those_of_its_own(outside: Any) -> None:
    mine, other = new_id(), new_id()
    scope = Scope(accounts=frozenset({mine}))
    async with outside.database.raw(scope) as connection:
        for account in (mine, other, None):
            await emit(connection, ThingMade(id=new_id(), account_id=account, name="n", price=1), at=now())  # type: ignore[arg-type]
        seen = {row["account_id"] for row in await connection.fetch("SELECT account_id FROM outbox")}
        assert seen == {mine, None}
        assert await connection.execute("UPDATE outbox SET pos = 7") == "UPDATE 0"


async def test_positions_have_no_holes_and_miss_nothing_behind_a_long_transaction(outside: Any, thing: Any) -> None:
    ids = [new_id() for _ in range(5)]
    start = await outside.value("SELECT last_pos FROM feed")
    seen = [start]
    done = asyncio.Event()
    sequencer = Sequencer(database=outside.database, stamped=lambda: None)

    async def write(number: int, turns: int, pause: float) -> None:
        connection = await outside.connect()
        for turn in range(turns):
            async with connection.transaction():
                await emit(connection, thing(ids[(number * turn) % 5] if number else None), at=now())
                await asyncio.sleep(pause)
        await connection.close()

    async def stamp() -> None:
        while not done.is_set():
            await sequencer.step()

    async def read() -> None:
        while seen[-1] < start + 181:
            rows = await outside.rows("SELECT pos FROM outbox WHERE pos > $1 ORDER BY pos", seen[-1])
            seen.extend(row["pos"] for row in rows)

    background = [asyncio.create_task(each) for each in (stamp(), stamp(), read())]
    await asyncio.gather(write(0, 1, 0.5), *(write(number, 30, random.random() / 300) for number in range(1, 7)))
    await background.pop()
    done.set()
    await asyncio.gather(*background)
    assert seen == list(range(start, start + 182))
    versions: dict[str, int] = {}
    for row in await outside.rows("SELECT subject, subject_version FROM outbox ORDER BY pos"):
        assert row["subject_version"] == versions.get(row["subject"], 0) + 1
        versions[row["subject"]] = row["subject_version"]
