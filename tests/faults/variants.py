"""Broken variants: a process is exchanged for one with a defect, the defect is provoked, and the checks must see it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from deploy.dev.stack import ROOT
from deploy.dev.table import TABLE
from tests.faults import ground
from tests.faults.crash import Run
from tests.faults.ledger import Finding
from tests.faults.load import Sender

SECONDS_MAX = 30.0
DROP_UNIQUENESS = "ALTER TABLE contracts.inbox DROP CONSTRAINT inbox_source_event_id_key"
IS_SENT = """
SELECT cursor_pos = last_pos AND NOT EXISTS (SELECT FROM {schema}.outbox WHERE pos IS NULL)
FROM {schema}.webhook_endpoints, {schema}.feed WHERE description = $1
"""
ONE_MORE = """
WITH subject AS (
    UPDATE store_ops.event_subjects SET version = version + 1 WHERE subject = $1 RETURNING version
)
INSERT INTO store_ops.outbox (event_id, type, noun, subject, subject_version, account_id, occurred_at, envelope)
SELECT $2::uuid, type, noun, before.subject, subject.version, account_id, occurred_at,
       replace(replace(envelope, event_id::text, $2::uuid::text),
               '"subjectversion":' || subject_version, '"subjectversion":' || subject.version)
FROM store_ops.outbox AS before, subject WHERE before.subject = $1 AND subject_version = subject.version - 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A defect, the process that has it, and what brings it to light."""

    defect: str
    process: str
    provoke: Callable[[Run], Awaitable[None]]
    kind: Literal["lost", "doubled"]
    """What the checks must find."""


@contextmanager
def _process(run: Run, variant: Variant) -> Iterator[None]:
    """Run the broken process in the place of the sound one, with its settings and port."""
    process = next(each for each in TABLE if each.name == variant.process)
    port = urlsplit(run.stack.url(variant.process)).port if process.port else 0
    arguments = [argument.format(python=sys.executable, port=port) for argument in process.argv[3:]]
    argv = [sys.executable, "-m", "tests.faults.broken", variant.defect, str(process.package), *arguments]
    run.stack.kill(variant.process)
    with (run.stack.folder / "logs" / f"{variant.defect}.log").open("wb") as log:
        child = subprocess.Popen(
            argv, cwd=ROOT, env=run.stack.environment(variant.process), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            child.kill()
            child.wait()
            run.stack.restart(variant.process)


async def caught(run: Run, variant: Variant) -> list[Finding]:
    """Provoke the defect and return what the checks find that they did not find before."""
    before = set((await run.examine()).findings)
    with _process(run, variant):
        await variant.provoke(run)
    await run.rest(SECONDS_MAX)
    found = [finding for finding in (await run.examine()).findings if finding not in before]
    run.say(f"{variant.defect}: {len(found)} findings")
    run.show(found, 3)
    return [finding for finding in found if finding.kind == variant.kind]


@asynccontextmanager
async def _sender(run: Run, number: int) -> AsyncIterator[Sender]:
    sender = Sender(number, run.callers, run.facts, number)
    try:
        yield sender
    finally:
        await sender.client.close()


async def _sent(run: Run, schema: str, consumer: str) -> None:
    """Wait until the relay believes that ``consumer`` has everything."""
    deadline = time.monotonic() + SECONDS_MAX
    async with run.admin() as admin:
        while not await admin.fetchval(IS_SENT.format(schema=schema), consumer):
            assert time.monotonic() < deadline, f"{schema} has not sent everything to {consumer}"
            await asyncio.sleep(0.05)


async def _post_while_contracts_is_down(run: Run) -> None:
    """Post invoices while nobody takes their events."""
    run.stack.kill("contracts")
    async with _sender(run, 101) as sender:
        for _ in range(5):
            await sender.invoices()
    await _sent(run, "receivables", "contracts")
    run.stack.restart("contracts")


async def _send_all_again(run: Run) -> None:
    """Send every invoice to contracts a second time."""
    async with run.admin() as admin:
        await admin.execute(DROP_UNIQUENESS)
    await run.send_again("receivables", "contracts")
    await _sent(run, "receivables", "contracts")


async def _commit_late(run: Run) -> None:
    """Take a number, let somebody else take the next and commit, and commit once that one was sent."""
    async with run.admin() as late, _sender(run, 102) as sender:
        async with late.transaction():
            await late.execute(ONE_MORE, f"store/{ground.STORES[0]}", sender.new_id())
            await sender.store()
            await _sent(run, "store_ops", "promotions")
        await _sent(run, "store_ops", "promotions")


VARIANTS = (
    Variant(defect="deaf-relay", process="receivables-worker", provoke=_post_while_contracts_is_down, kind="lost"),
    Variant(defect="greedy-inbox", process="contracts", provoke=_send_all_again, kind="doubled"),
    Variant(defect="hasty-sequencer", process="store-ops-worker", provoke=_commit_late, kind="lost"),
)
