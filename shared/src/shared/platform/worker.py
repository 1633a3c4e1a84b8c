"""The worker: sequencer, relay, inbox and jobs as loops that survive the loss of the database and stop in order."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import asyncpg

from shared.platform import idempotency
from shared.platform.auth import EVERYTHING
from shared.platform.clock import now
from shared.platform.db import Connection, Database
from shared.platform.feeds import Puller
from shared.platform.inbox import Applier, Handlers
from shared.platform.jobs import Job, JobContext
from shared.platform.outgoing import Outgoing
from shared.platform.relay import Relay, Rules
from shared.platform.retries import is_outage
from shared.platform.sequencer import Sequencer
from shared.platform.settings import ServiceSettings

log = logging.getLogger(__name__)

Step = Callable[[], Awaitable[float]]
FIRST_BACKOFF_SECONDS = 0.2
LAST_BACKOFF_SECONDS = 5.0
GRACE_SECONDS = 15.0
JOB_LEASE_SECONDS = 60
JOB_RETRY_SECONDS = 60
KEEP_DAYS = 90
PRUNE_ROWS = 5000

CLAIM_JOB = """
INSERT INTO job_runs AS job (name, next_due_at, started_at) VALUES ($1, $2::timestamptz + make_interval(secs => $3), $2)
ON CONFLICT (name) DO UPDATE SET next_due_at = excluded.next_due_at, started_at = $2, finished_at = NULL
WHERE job.next_due_at <= $2
RETURNING true
"""
END_JOB = "UPDATE job_runs SET next_due_at = $2, finished_at = $3, error = $4 WHERE name = $1"
PRUNE_OUTBOX = """
DELETE FROM outbox WHERE event_id IN (
    SELECT event_id FROM (SELECT event_id, pos, recorded_at FROM outbox WHERE pos > 0 ORDER BY pos LIMIT $2) AS oldest
    WHERE recorded_at < $1 AND NOT EXISTS (SELECT FROM parked_deliveries AS parked WHERE parked.pos = oldest.pos)
      AND pos <= ALL (SELECT cursor_pos FROM webhook_endpoints WHERE state IN ('pending', 'active'))
)
"""
PRUNE_INBOX = """
DELETE FROM inbox WHERE seq IN (
    SELECT seq FROM (SELECT seq, received_at, state FROM inbox ORDER BY seq LIMIT $2) AS oldest
    WHERE received_at < $1 AND state IN ('done', 'ignored')
)
"""


@dataclass(slots=True, kw_only=True)
class Worker:
    """Does the work of one service that no request waits for. Any number of replicas may run."""

    service: str
    database: Database
    settings: ServiceSettings
    handlers: Handlers
    jobs: Sequence[Job] = ()
    rules: Rules = field(default_factory=Rules)
    _wakes: list[asyncio.Event] = field(default_factory=list)

    async def run_until_signal(self) -> None:
        """Work until SIGTERM or SIGINT, then finish what is under way."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await self.run(stop)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is under way within a few seconds."""
        local = self.settings.environment != "production"
        outgoing = Outgoing(networks=self.settings.outgoing_networks, local=local)
        relay_wake = asyncio.Event()
        relay = Relay(service=self.service, connect=self._connect, outgoing=outgoing, rules=self.rules)
        sequencer = Sequencer(database=self.database, stamped=relay_wake.set)
        applier = Applier(
            database=self.database, handlers=self.handlers, pauses_seconds=self.rules.event_pauses_seconds
        )
        puller = Puller(database=self.database, settings=self.settings, outgoing=outgoing)
        steps: list[tuple[str, Step, asyncio.Event]] = [
            ("sequencer", sequencer.step, asyncio.Event()),
            ("relay", relay.step, relay_wake),
            ("inbox", applier.step, asyncio.Event()),
            ("puller", puller.step, asyncio.Event()),
        ]
        prune = Job(name="prune", every_seconds=3600, run=prune_old)
        steps += [(job.name, partial(self._run_job, job), asyncio.Event()) for job in (prune, *self.jobs)]
        loops = [asyncio.create_task(loop(*each, stop)) for each in steps]
        await stop.wait()
        for _, _, wake in steps:
            wake.set()
        _, late = await asyncio.wait(loops, timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await relay.close()
        await outgoing.close()

    async def _connect(self) -> Connection:
        """Open the relay's own connection: it is kept, so it is not of the pool, and its session sees everything."""
        return await asyncpg.connect(
            self.settings.database_url.get_secret_value(),
            timeout=10,
            command_timeout=60,
            server_settings={"application_name": f"{self.service} relay", "gondola.scope": "all"},
        )

    async def _run_job(self, job: Job) -> float:
        """Run a job if it is due and no other worker has it; a killed worker's run is taken over after a minute."""
        started = now()
        async with self.database.raw(EVERYTHING) as connection:
            if not await connection.fetchval(CLAIM_JOB, job.name, started, JOB_LEASE_SECONDS):
                return min(job.every_seconds, 1.0)
        pause, failure = job.every_seconds, None
        try:
            more = await job.run(JobContext(database=self.database, settings=self.settings, now=started))
            pause = 0.0 if more else pause
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("job %s failed", job.name)
            pause, failure = min(pause, JOB_RETRY_SECONDS), f"{type(error).__name__}: {error}"[:1000]
        async with self.database.raw(EVERYTHING) as connection:
            await connection.execute(END_JOB, job.name, started + timedelta(seconds=pause), now(), failure)
        return min(pause, 1.0)


async def loop(name: str, step: Step, wake: asyncio.Event, stop: asyncio.Event) -> None:
    """Call ``step`` again and again, at the pace that it asks for, or at once when woken; back off while it fails."""
    backoff = FIRST_BACKOFF_SECONDS
    while not stop.is_set():
        wake.clear()
        try:
            pause = await step()
            backoff = FIRST_BACKOFF_SECONDS
        except Exception as error:
            log.warning("%s: %s", name, type(error).__name__, exc_info=None if is_outage(error) else error)
            pause = backoff
            backoff = min(backoff * 2, LAST_BACKOFF_SECONDS)
        try:
            async with asyncio.timeout(pause):
                await wake.wait()
        except TimeoutError:
            continue


async def prune_old(context: JobContext) -> bool:
    """Delete what is older than 90 days and needed no more, and old idempotency keys; say whether there is more."""
    cutoff = context.now - timedelta(days=KEEP_DAYS)
    async with context.database.raw(EVERYTHING) as connection:
        await idempotency.forget(connection)
        tags = [await connection.execute(statement, cutoff, PRUNE_ROWS) for statement in (PRUNE_OUTBOX, PRUNE_INBOX)]
    return any(int(tag.rpartition(" ")[2]) == PRUNE_ROWS for tag in tags)
