"""The worker carries events from commit to receiver, runs jobs once, survives the database, and stops in order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from shared.platform import worker as worker_module
from shared.platform.auth import EVERYTHING
from shared.platform.clock import now
from shared.platform.inbox import Handlers
from shared.platform.jobs import Job, JobContext
from shared.platform.outbox import emit
from shared.platform.worker import Worker

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()
"""


@pytest.fixture
async def run(app: FastAPI, settings: Any, clean: None) -> AsyncIterator[Any]:
    stops: list[tuple[asyncio.Event, asyncio.Task[None]]] = []

    def start(*jobs: Job) -> Worker:
        worker = Worker(
            service="contracts", database=app.state.database, settings=settings, handlers=Handlers(), jobs=jobs
        )
        stop = asyncio.Event()
        stops.append((stop, asyncio.create_task(worker.run(stop))))
        return worker

    yield start
    for stop, task in stops:
        stop.set()
        await asyncio.wait_for(task, 10)


async def until(condition: Any, seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - looks into the database
            await asyncio.sleep(0.02)


async def test_an_event_reaches_its_receiver_within_a_second_of_its_commit(
    outside: Any, receiver: Any, thing: Any, run: Any
) -> None:
    run()
    await outside.subscribe(receiver, state="pending", ping_due=True)
    started = now()
    for number in range(5):
        async with outside.database.raw(EVERYTHING) as connection:
            await emit(connection, thing(name=str(number)), at=now())

    async def arrived() -> bool:
        return len(receiver.taken) == 5

    await until(arrived)
    assert now() - started < timedelta(seconds=2)


async def test_two_workers_send_everything_though_connections_are_cut_again_and_again(
    outside: Any, receiver: Any, thing: Any, run: Any
) -> None:
    run()
    run()
    await outside.subscribe(receiver)
    for turn in range(10):
        own = await outside.connect()
        await emit(own, thing(name=str(turn)), at=now())
        await asyncio.sleep(0.1)
        await own.execute(CUT)
        await own.close()

    async def arrived() -> bool:
        return set(receiver.names()) == {str(turn) for turn in range(10)}

    await until(arrived, 20)


async def test_a_job_is_run_by_one_worker_at_a_time_and_again_when_it_has_more_to_do(outside: Any, run: Any) -> None:
    runs: list[str] = []

    async def work(context: JobContext) -> bool:
        runs.append("begin")
        await asyncio.sleep(0.05)
        runs.append("end")
        return len(runs) < 8

    for _ in range(2):
        run(Job(name="work", every_seconds=3600, run=work))

    async def done() -> bool:
        return len(runs) >= 8

    await until(done)
    await asyncio.sleep(0.3)
    assert runs == ["begin", "end"] * 4


async def test_a_failing_job_is_noted_and_tried_again(outside: Any, run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_module, "JOB_RETRY_SECONDS", 0.05)
    runs: list[int] = []

    async def work(context: JobContext) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("broken")

    run(Job(name="work", every_seconds=3600, run=work))

    async def noted() -> bool:
        error = await outside.value("SELECT error FROM job_runs WHERE name = 'work'")
        return bool(error == "ValueError: broken")

    await until(noted)

    async def again() -> bool:
        return len(runs) == 2

    await until(again)


async def test_a_killed_workers_job_is_taken_over(outside: Any, run: Any) -> None:
    runs: list[int] = []

    async def work(context: JobContext) -> None:
        runs.append(1)

    await outside.rows(
        "INSERT INTO job_runs (name, next_due_at, started_at) VALUES ('work', now() - interval '1 s', now())"
    )
    run(Job(name="work", every_seconds=3600, run=work))

    async def done() -> bool:
        return runs == [1]

    await until(done)
