"""Sends the feed to webhook endpoints: in order per subject, at least once, nothing dropped.

There is no row per delivery. Each endpoint has a cursor, the position up to which everything was answered, delivered
or parked. One relay at a time serves an endpoint. It holds a session-level advisory lock, and it moves the cursor over
that very connection: lock and cursor die together. So after ``kill -9`` another relay takes over as soon as PostgreSQL
sees the connection end, with no lease to wait for; and a relay that has lost its lock without knowing can send
something twice, but cannot move the cursor.

A failing endpoint (unreachable, 401, 403, 404, 408, 425, 429, 501 and above) is tried again after a pause, from its
cursor. An event that a healthy endpoint refuses (400, 409, 413, 415, 422, 500) is parked with all later events of its
subject, tried on the schedule of the contract, and at the end dead: visible, and replayed by one call. 410 ends the
subscription.
"""

import asyncio
import hashlib
import logging
import random
import secrets
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import partial
from itertools import takewhile
from typing import Any
from uuid import UUID

import asyncpg

from shared.platform import outbox
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.ids import new_id
from shared.platform.inbox import BATCH, SINGLE
from shared.platform.outgoing import Answer, Outgoing
from shared.platform.platform_events import disabled_event, ping_envelope
from shared.platform.retries import PAUSES_SECONDS, is_outage, jittered
from shared.platform.signing import sign

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
BATCH_EVENTS_MAX = 100
BATCH_BYTES_MAX = (1 << 20) - 4096
WINDOW_EVENTS = 1000
WINDOW_BYTES = 8 << 20
WINDOW_POSITIONS = 20_000
LANES = 4
ENDPOINT_PAUSES_SECONDS = (1.0, 5.0, 15.0, 30.0)
DISABLE_AFTER = timedelta(days=5)

TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' relay ' || $1::text, 0))"
DUE = """
SELECT endpoint.*, feed.last_pos, EXISTS (
    SELECT FROM parked_deliveries WHERE endpoint_id = endpoint.id AND state = 'retrying' AND next_attempt_at <= $1
) AS has_parked
FROM webhook_endpoints AS endpoint, feed
WHERE (endpoint.next_attempt_at IS NULL OR endpoint.next_attempt_at <= $1) AND (
    endpoint.state = 'pending'
    OR endpoint.state = 'active' AND (endpoint.ping_due OR endpoint.cursor_pos < feed.last_pos OR EXISTS (
        SELECT FROM parked_deliveries WHERE endpoint_id = endpoint.id AND state = 'retrying' AND next_attempt_at <= $1
    ))
)
"""
WINDOW = """
SELECT pos, event_id, subject, blocked, CASE WHEN before < $5 THEN envelope END AS envelope
FROM (
    SELECT pos, event_id, subject, envelope,
           sum(octet_length(envelope)) OVER (ORDER BY pos) - octet_length(envelope) AS before,
           EXISTS (
               SELECT FROM parked_deliveries AS parked WHERE parked.endpoint_id = $1 AND parked.subject = outbox.subject
           ) AS blocked
    FROM outbox WHERE pos > $2 AND pos <= $3 AND ($4::text[] IS NULL OR noun = ANY ($4)) ORDER BY pos LIMIT $6
) AS found ORDER BY pos
"""
PARKED = """
SELECT parked.pos, event_id, parked.subject, envelope, parked.attempts
FROM parked_deliveries AS parked JOIN outbox USING (pos)
WHERE parked.endpoint_id = $1 AND parked.subject IN (
    SELECT subject FROM parked_deliveries WHERE endpoint_id = $1 AND state = 'retrying' AND next_attempt_at <= $2
    ORDER BY next_attempt_at LIMIT $3
)
ORDER BY parked.pos LIMIT $3
"""
PARK = """
INSERT INTO parked_deliveries
    (endpoint_id, pos, subject, state, attempts, next_attempt_at, last_status, last_error, parked_at)
SELECT $1, pos, subject, state, attempts, due, status, error, $2
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::integer[], $9::text[])
    AS event (pos, subject, state, attempts, due, status, error)
ON CONFLICT (endpoint_id, pos) DO UPDATE
SET state = excluded.state, attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at,
    last_status = excluded.last_status, last_error = excluded.last_error
"""
UNPARK = "DELETE FROM parked_deliveries WHERE endpoint_id = $1 AND pos = ANY ($2)"
NEXT_IN_LINE = """
UPDATE parked_deliveries SET state = 'retrying', attempts = 0, next_attempt_at = $3
WHERE endpoint_id = $1 AND state = 'waiting' AND pos IN (
    SELECT min(pos) FROM parked_deliveries WHERE endpoint_id = $1 AND subject = ANY ($2) GROUP BY subject
)
"""
MOVE = """
UPDATE webhook_endpoints SET cursor_pos = $3, failures = 0, failing_since = NULL, next_attempt_at = NULL,
       last_status = COALESCE($4, last_status), last_error = NULL, last_success_at = COALESCE($5, last_success_at)
WHERE id = $1 AND cursor_pos = $2
"""
FAIL = """
UPDATE webhook_endpoints
SET cursor_pos = $3, failures = failures + 1, failing_since = COALESCE(CASE WHEN $4 THEN $5 ELSE failing_since END, $5),
    next_attempt_at = $6, last_status = $7, last_error = $8, state = $9
WHERE id = $1 AND cursor_pos = $2
"""
CONFIRM = """
UPDATE webhook_endpoints SET state = 'active', ping_due = false, failures = 0, failing_since = NULL,
       next_attempt_at = NULL, last_status = $2, last_error = NULL, last_success_at = $3
WHERE id = $1 AND state IN ('pending', 'active')
"""


class Verdict(Enum):
    """What an answer means."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILING = "failing"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outbound:
    """An event on its way to an endpoint."""

    pos: int
    event_id: UUID
    subject: str
    envelope: str
    attempts: int = 0


@dataclass(slots=True)
class Outcome:
    """What became of the events of one pass."""

    delivered: list[Outbound] = field(default_factory=list)
    refused: dict[Outbound, Answer] = field(default_factory=dict)
    behind: list[Outbound] = field(default_factory=list)
    """Not sent, because an earlier event of their subject was refused."""
    failure: Answer | None = None
    """Why the endpoint as a whole is failing."""
    is_well: bool | None = None
    """Whether the endpoint takes anything at all, once an event was refused."""

    @property
    def settled(self) -> set[int]:
        """Positions that need not be looked at again in this pass."""
        return {event.pos for event in (*self.delivered, *self.refused, *self.behind)}


def judge(status: int | None) -> Verdict:
    """Say what a status (None: no answer) means for the events sent and for the endpoint."""
    if status is None:
        return Verdict.FAILING
    if 200 <= status < 300:  # noqa: PLR2004 - 2xx
        return Verdict.DELIVERED
    if status == 410:  # noqa: PLR2004 - Gone
        return Verdict.GONE
    if status in {400, 409, 413, 415, 422, 500}:
        return Verdict.REFUSED
    return Verdict.FAILING


def lane_of(subject: str) -> int:
    """Say which lane a subject's events take; one subject must always take the same, or its order is lost."""
    return zlib.crc32(subject.encode()) % LANES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the relay decides by; a fault test puts a wrong rule in, to prove that the test sees it."""

    judge: Callable[[int | None], Verdict] = judge
    lane_of: Callable[[str], int] = lane_of
    event_pauses_seconds: Sequence[float] = PAUSES_SECONDS
    endpoint_pauses_seconds: Sequence[float] = ENDPOINT_PAUSES_SECONDS
    """A failing endpoint gets one request per pause, so these stay short; the last one repeats."""
    chance: Callable[[], float] = random.random


class Session:
    """The relay's own connection: it holds the locks of endpoints, and moves their cursors."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.busy = asyncio.Lock()
        self._held: set[UUID] = set()

    async def lock(self, endpoint_id: UUID) -> bool:
        """Take the endpoint's lock, if nobody else has it."""
        async with self.busy:
            if endpoint_id not in self._held and await self.connection.fetchval(TRY_LOCK, str(endpoint_id)):
                self._held.add(endpoint_id)
        return endpoint_id in self._held

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Run one query."""
        async with self.busy:
            return await self.connection.fetch(statement, *arguments)


@dataclass(slots=True, kw_only=True)
class Relay:
    """Serves the endpoints of one service."""

    service: str
    connect: Callable[[], Awaitable[Connection]]
    """Opens a connection that sees all accounts; the relay keeps it."""
    outgoing: Outgoing
    rules: Rules = field(default_factory=Rules)
    _session: Session | None = None
    _tasks: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _stopping: bool = False

    async def step(self) -> float:
        """Start serving each endpoint that has something due; return the seconds to wait before looking again."""
        if self._session is None or self._session.connection.is_closed():
            self._session = Session(await self.connect())
        for row in await self._session.fetch(DUE, now()):
            if row["id"] not in self._tasks and await self._session.lock(row["id"]):
                self._tasks[row["id"]] = task = asyncio.create_task(self._serve(self._session, row["id"]))
                task.add_done_callback(partial(self._ended, row["id"]))
        return POLL_SECONDS

    async def close(self) -> None:
        """Let what is under way end, then give the locks back."""
        self._stopping = True
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._session is not None:
            await self._session.connection.close()

    def _ended(self, endpoint_id: UUID, task: asyncio.Task[None]) -> None:
        del self._tasks[endpoint_id]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.warning(
                "endpoint %s: %s", endpoint_id, type(error).__name__, exc_info=None if is_outage(error) else error
            )

    async def _serve(self, session: Session, endpoint_id: UUID) -> None:
        """Work for one endpoint until nothing is due."""
        while not self._stopping:
            found = await session.fetch(f"{DUE} AND endpoint.id = $2", now(), endpoint_id)
            if not found:
                return
            endpoint = found[0]
            if endpoint["ping_due"]:
                await self._confirm(session, endpoint)
                continue
            if endpoint["has_parked"]:
                await self._retry_parked(session, endpoint)
            if endpoint["cursor_pos"] < endpoint["last_pos"]:
                await self._advance(session, endpoint)

    async def _confirm(self, session: Session, endpoint: asyncpg.Record) -> None:
        """Ping the endpoint; a new one becomes active when it answers with the challenge of the ping."""
        challenge = secrets.token_urlsafe(24)
        answer = await self._ping(endpoint, challenge)
        delivered = self.rules.judge(answer.status) is Verdict.DELIVERED
        if delivered and endpoint["state"] == "pending" and challenge.encode() not in answer.body:
            delivered, answer = False, Answer(answer.status, "the answer to the ping did not hold its challenge")
        if delivered:
            await session.fetch(CONFIRM, endpoint["id"], answer.status, now())
        else:
            await self._fail(session, endpoint, answer, endpoint["cursor_pos"], progress=False)

    async def _advance(self, session: Session, endpoint: asyncpg.Record) -> None:
        """Send the next window and move the cursor over what was answered."""
        start = endpoint["cursor_pos"]
        end = min(start + WINDOW_POSITIONS, endpoint["last_pos"])
        rows = await session.fetch(WINDOW, endpoint["id"], start, end, endpoint["nouns"], WINDOW_BYTES, WINDOW_EVENTS)
        taken = list(takewhile(lambda row: row["envelope"] is not None, rows))
        if len(taken) < len(rows) or len(rows) == WINDOW_EVENTS:
            end = taken[-1]["pos"]
        outcome = Outcome(behind=[_outbound(row) for row in taken if row["blocked"]])
        await self._deliver(endpoint, [_outbound(row) for row in taken if not row["blocked"]], outcome)
        if outcome.failure is not None:
            settled = outcome.settled
            end = min(row["pos"] for row in taken if row["pos"] not in settled) - 1
        await self._park(session, endpoint, outcome, end)
        if outcome.failure is not None:
            await self._fail(session, endpoint, outcome.failure, end, progress=bool(outcome.delivered))
        else:
            status, at = (200, now()) if outcome.delivered else (None, None)
            await session.fetch(MOVE, endpoint["id"], start, end, status, at)

    async def _retry_parked(self, session: Session, endpoint: asyncpg.Record) -> None:
        """Send what is parked and due, each with what waits behind it."""
        rows = await session.fetch(PARKED, endpoint["id"], now(), WINDOW_EVENTS)
        outcome = Outcome()
        await self._deliver(endpoint, [_outbound(row) for row in rows], outcome)
        await session.fetch(UNPARK, endpoint["id"], [event.pos for event in outcome.delivered])
        outcome.behind.clear()  # They are parked already.
        await self._park(session, endpoint, outcome, None)
        subjects = {event.subject for event in outcome.delivered} - {event.subject for event in outcome.refused}
        await session.fetch(NEXT_IN_LINE, endpoint["id"], sorted(subjects), now())
        if outcome.failure is not None:
            at = endpoint["cursor_pos"]
            await self._fail(session, endpoint, outcome.failure, at, progress=bool(outcome.delivered))

    async def _deliver(self, endpoint: asyncpg.Record, events: Sequence[Outbound], outcome: Outcome) -> None:
        """Send events, subjects in parallel lanes, a lane in order."""
        lanes: dict[int, list[Outbound]] = {}
        events_max = BATCH_EVENTS_MAX if endpoint["batches"] else 1
        for event in events:
            lanes.setdefault(self.rules.lane_of(event.subject), []).append(event)
        async with asyncio.TaskGroup() as group:
            for lane in lanes.values():
                group.create_task(self._deliver_lane(endpoint, lane, outcome, events_max))

    async def _deliver_lane(
        self, endpoint: asyncpg.Record, lane: Sequence[Outbound], outcome: Outcome, events_max: int
    ) -> None:
        """Send a lane in batches; a refused batch is sent again one by one, to find which events are refused."""
        for batch in batches(lane, events_max):
            blocked = {event.subject for event in outcome.refused}
            outcome.behind += [event for event in batch if event.subject in blocked]
            sendable = [event for event in batch if event.subject not in blocked]
            if not sendable:
                continue
            answer = await self._send(endpoint, sendable)
            verdict = self.rules.judge(answer.status)
            if verdict is Verdict.DELIVERED:
                outcome.delivered += sendable
            elif verdict is Verdict.REFUSED and len(sendable) > 1:
                await self._deliver_lane(endpoint, sendable, outcome, 1)
            elif verdict is Verdict.REFUSED and await self._is_well(endpoint, outcome):
                outcome.refused[sendable[0]] = answer
            else:
                outcome.failure = answer
            if outcome.failure is not None:
                return

    async def _is_well(self, endpoint: asyncpg.Record, outcome: Outcome) -> bool:
        """Say whether the endpoint takes anything at all; if nothing was delivered yet, a ping tells."""
        if outcome.is_well is None:
            ping = None if outcome.delivered else await self._ping(endpoint, "")
            outcome.is_well = ping is None or self.rules.judge(ping.status) is Verdict.DELIVERED
        return outcome.is_well

    async def _park(self, session: Session, endpoint: asyncpg.Record, outcome: Outcome, end: int | None) -> None:
        """Park refused events, and those behind them, up to position ``end``."""
        pauses = self.rules.event_pauses_seconds
        rows: list[tuple[Any, ...]] = []
        for event, answer in outcome.refused.items():
            dead = event.attempts >= len(pauses)
            pause = 0.0 if dead else jittered(pauses[event.attempts], self.rules.chance)
            due = None if dead else now() + timedelta(seconds=max(pause, answer.retry_after_seconds or 0))
            text = answer.body.decode("utf-8", "replace").replace("\x00", "")[:1000] or answer.error
            state = "dead" if dead else "retrying"
            rows.append((event.pos, event.subject, state, event.attempts + 1, due, answer.status, text))
        rows += [(event.pos, event.subject, "waiting", 0, None, None, None) for event in outcome.behind]
        rows = [row for row in rows if end is None or row[0] <= end]
        if rows:
            await session.fetch(PARK, endpoint["id"], now(), *map(list, zip(*rows, strict=True)))

    async def _fail(
        self, session: Session, endpoint: asyncpg.Record, answer: Answer, cursor: int, *, progress: bool
    ) -> None:
        """Note that the endpoint fails and when it is tried again; after five days of it, disable it."""
        at, state = now(), endpoint["state"]
        pauses = self.rules.endpoint_pauses_seconds
        pause = jittered(pauses[min(endpoint["failures"], len(pauses) - 1)], self.rules.chance)
        due = at + timedelta(seconds=max(pause, answer.retry_after_seconds or 0))
        if self.rules.judge(answer.status) is Verdict.GONE:
            state = "ended"
        elif not progress and endpoint["failing_since"] and at - endpoint["failing_since"] >= DISABLE_AFTER:
            state = "disabled"
        error = answer.error or f"answered {answer.status}"
        async with session.busy, session.connection.transaction():
            await session.connection.execute(
                FAIL, endpoint["id"], endpoint["cursor_pos"], cursor, progress, at, due, answer.status, error, state
            )
            if state == "disabled":
                await outbox.emit(session.connection, disabled_event(self.service, endpoint, error), at=at)
        log.warning("endpoint %s is %s, attempt %s: %s", endpoint["id"], state, endpoint["failures"] + 1, error)

    async def _send(self, endpoint: asyncpg.Record, events: Sequence[Outbound]) -> Answer:
        """Send events in one request; the same events always go under the same ``webhook-id``."""
        if endpoint["batches"]:
            body = f"[{','.join(event.envelope for event in events)}]"
            digest = hashlib.sha256(b"".join(event.event_id.bytes for event in events)).hexdigest()
            return await self._post(endpoint, f"{events[0].event_id}.{digest[:16]}", BATCH, body)
        return await self._post(endpoint, str(events[0].event_id), SINGLE, events[0].envelope)

    async def _ping(self, endpoint: asyncpg.Record, challenge: str) -> Answer:
        ping_id = new_id()
        return await self._post(
            endpoint, str(ping_id), SINGLE, ping_envelope(self.service, endpoint["id"], ping_id, challenge, now())
        )

    async def _post(self, endpoint: asyncpg.Record, message_id: str, content_type: str, body: str) -> Answer:
        at = now()
        keys = [endpoint["secret"]]
        if endpoint["old_secret"] and endpoint["old_secret_until"] > at:
            keys.append(endpoint["old_secret"])
        headers = {"content-type": content_type, "user-agent": "gondola", **sign(keys, message_id, at, body)}
        return await self.outgoing.call("POST", endpoint["url"], headers=headers, body=body.encode())


def batches(events: Iterable[Outbound], events_max: int) -> Iterator[list[Outbound]]:
    """Cut a lane into bodies of at most ``events_max`` events and 1 MiB."""
    batch: list[Outbound] = []
    size = 0
    for event in events:
        length = len(event.envelope.encode()) + 1
        if batch and (len(batch) == events_max or size + length > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def _outbound(row: asyncpg.Record) -> Outbound:
    return Outbound(row["pos"], row["event_id"], row["subject"], row["envelope"], row.get("attempts", 0))
