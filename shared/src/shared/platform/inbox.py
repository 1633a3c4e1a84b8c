"""The inbox: store what arrives, apply it once and in order per subject, park what fails with what comes after it.

Receiving only stores. Applying happens in the worker, one transaction for a batch: handlers' writes and the marks
commit together, so an event has its effect exactly once. A subject's events are applied by rising version without a
hole: an older one is ignored, one that is too early waits. A failing batch is halved until the failing event stands
alone; that one is parked, and because its subject's version does not move, all that follows it waits as well. Nothing
else is held up.
"""

import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from shared.platform.auth import EVERYTHING
from shared.platform.clock import now
from shared.platform.db import Connection, Database, is_gone
from shared.platform.json import Unreadable, decode
from shared.platform.retries import PAUSES_SECONDS, jittered

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH_EVENTS_MAX = 100
APPLY_EVENTS_MAX = 500
POLL_SECONDS = 0.1
NOT_YET_SECONDS = 5
NOT_YET_PATIENCE = timedelta(hours=1)
GAP_PATIENCE = timedelta(seconds=3)
ERROR_LENGTH_MAX = 1000
SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || ' inbox', 0))"
CANDIDATES = """
(SELECT seq FROM inbox WHERE state = 'pending' ORDER BY seq LIMIT $2)
UNION ALL
(SELECT seq FROM inbox WHERE state = 'retrying' AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2)
"""
LOAD = """
SELECT seq, event_id, source, type, subject, subject_version, occurred_at, data,
       COALESCE(known.version, 0) AS known_version, known.gap_since IS NOT NULL AS has_gap
FROM inbox LEFT JOIN inbox_subjects AS known USING (source, subject)
WHERE seq = ANY ($1) AND state IN ('pending', 'retrying') ORDER BY seq
"""
MARK = """
UPDATE inbox SET state = mark.state, applied_at = $3, next_attempt_at = NULL, error = NULL
FROM unnest($1::bigint[], $2::text[]) AS mark (seq, state) WHERE inbox.seq = mark.seq
"""
ADVANCE = """
INSERT INTO inbox_subjects (source, subject, version)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT (source, subject) DO UPDATE SET version = excluded.version, gap_since = NULL, pull_at = NULL
"""
RELEASE = """
UPDATE inbox SET state = 'pending'
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS reached (source, subject, version)
WHERE inbox.source = reached.source AND inbox.subject = reached.subject AND inbox.state = 'waiting'
  AND inbox.subject_version <= reached.version + $4
"""
STILL_WAITING = """
UPDATE inbox_subjects AS known SET gap_since = $4, pull_at = $5
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS reached (source, subject, version)
WHERE known.source = reached.source AND known.subject = reached.subject AND EXISTS (
    SELECT FROM inbox AS held
    WHERE held.source = known.source AND held.subject = known.subject AND held.state = 'waiting'
)
"""
NOTE_GAP = """
INSERT INTO inbox_subjects AS known (source, subject, version, gap_since, pull_at)
SELECT source, subject, 0, $3, $4 FROM unnest($1::text[], $2::text[]) AS gap (source, subject)
ON CONFLICT (source, subject) DO UPDATE
SET gap_since = COALESCE(known.gap_since, excluded.gap_since), pull_at = COALESCE(known.pull_at, excluded.pull_at)
"""
PARK = """
UPDATE inbox SET state = $2, attempts = $3, next_attempt_at = $4, error = $5
WHERE seq = $1 AND state IN ('pending', 'retrying')
"""
STORE = """
WITH new AS (
    INSERT INTO inbox (event_id, source, type, subject, subject_version, occurred_at, received_at, data)
    SELECT event_id, source, type, subject, version, occurred_at, $8, data
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::json[])
        AS event (event_id, source, type, subject, version, occurred_at, data)
    ORDER BY event_id
    ON CONFLICT (source, event_id) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM new
"""
COUNT_DUPLICATES = "UPDATE event_sources SET duplicates = duplicates + $2 WHERE source = $1"


class NotYet(Exception):
    """Something that the event refers to has not arrived; it is tried again every few seconds for an hour."""


class Envelope(msgspec.Struct, frozen=True):
    """What we read of a CloudEvents 1.0 envelope; the rest is ignored."""

    specversion: Literal["1.0"]
    id: UUID
    source: Annotated[str, msgspec.Meta(max_length=200)]
    type: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$", max_length=200)]
    subject: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,60}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    subjectversion: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    data: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Received(Generic[T]):
    """An event as a handler gets it."""

    id: UUID
    """The event's own identifier."""
    type: str
    subject_id: UUID
    version: int
    """Version of the subject: 1, 2, 3 … without holes."""
    time: datetime
    """When it happened."""
    data: T


Handle: TypeAlias = Callable[[Connection, Sequence[Received[Any]]], Awaitable[None]]


class Handlers:
    """What a service does with events of others, by event type.

    A service subscribes to whole nouns: it gets every event of a noun's subjects, and can tell by the version whether
    one is missing. Types without a handler only move the version.
    """

    def __init__(self) -> None:
        self._by_type: dict[str, tuple[Handle, Callable[[str], Any]]] = {}
        self.models: dict[str, Any] = {}
        self.nouns: dict[str, set[str]] = {}
        """Nouns to subscribe to, by source (``/contracts``)."""
        self.noun_of: dict[str, str] = {}
        """The noun of each event type that has a handler."""

    def on(
        self, event_type: str, model: type[T], *, noun: str
    ) -> Callable[
        [Callable[[Connection, Sequence[Received[T]]], Awaitable[None]]],
        Callable[[Connection, Sequence[Received[T]]], Awaitable[None]],
    ]:
        """Register a handler; ``model`` is a dataclass that names only the fields of ``data`` that are read.

        The handler gets a list in order (one event or hundreds, also several versions of one subject) and the
        connection of the transaction that marks them as applied.
        """

        def register(
            handle: Callable[[Connection, Sequence[Received[T]]], Awaitable[None]],
        ) -> Callable[[Connection, Sequence[Received[T]]], Awaitable[None]]:
            self._add(event_type, noun, handle, msgspec.json.Decoder(model).decode)
            self.models[event_type] = model
            return handle

        return register

    def copy(self, event_type: str, *, noun: str, table: str, columns: Sequence[str]) -> None:
        """Keep a read copy: upsert ``id``, ``version`` and ``columns``, fields of the same names in ``data``."""
        statement = copy_statement(table, columns)

        async def handle(connection: Connection, events: Sequence[Received[str]]) -> None:
            last = {event.subject_id: event for event in events}.values()
            await connection.execute(
                statement, [e.subject_id for e in last], [e.version for e in last], [e.data for e in last]
            )

        self._add(event_type, noun, handle, str)

    def find(self, event_type: str) -> tuple[Handle, Callable[[str], Any]] | None:
        """Return the handler of ``event_type`` and the reader of its data."""
        return self._by_type.get(event_type)

    def _add(self, event_type: str, noun: str, handle: Handle, read: Callable[[str], Any]) -> None:
        assert event_type not in self._by_type, f"{event_type} has two handlers"
        self._by_type[event_type] = handle, read
        self.noun_of[event_type] = noun
        self.nouns.setdefault(f"/{event_type.split('.')[1].replace('_', '-')}", set()).add(noun)


def copy_statement(table: str, columns: Sequence[str]) -> str:
    """Return the upsert of a read copy: ids, versions and JSON texts in, typed by the table itself."""
    names, values = ", ".join(columns), ", ".join(f"row.{column}" for column in columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in (*columns, "version"))
    return (
        f"INSERT INTO {table} AS copy (id, version, {names}) SELECT event.id, event.version, {values}"  # noqa: S608
        " FROM unnest($1::uuid[], $2::bigint[], $3::json[]) AS event (id, version, data),"
        f" json_populate_record(NULL::{table}, event.data) AS row"
        f" ON CONFLICT (id) DO UPDATE SET {changes} WHERE copy.version < excluded.version"
    )


_one = msgspec.json.Decoder(Envelope)
_many = msgspec.json.Decoder(list[Envelope])


def parse(body: bytes, content_type: str) -> list[Envelope]:
    """Return the events of a webhook's body.

    Raises:
        Unreadable: not strict JSON, or not what ``content_type`` says.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {SINGLE, BATCH}:
        raise Unreadable(f"Send {SINGLE} or {BATCH}.")
    decode(body)
    try:
        envelopes = [_one.decode(body)] if kind == SINGLE else _many.decode(body)
    except msgspec.ValidationError as error:
        raise Unreadable(f"This is not an event that we can take: {error}.") from error
    if len(envelopes) > BATCH_EVENTS_MAX:
        raise Unreadable(f"A batch has at most {BATCH_EVENTS_MAX} events.")
    return envelopes


async def store(connection: Connection, envelopes: Sequence[Envelope], *, at: datetime) -> int:
    """Store events that have not been stored yet and return how many these were; all are of one source."""
    if not envelopes:
        return 0
    columns = zip(
        *((e.id, e.source, e.type, e.subject, e.subjectversion, e.time, bytes(e.data).decode()) for e in envelopes),
        strict=True,
    )
    new: int = await connection.fetchval(STORE, *map(list, columns), at)
    if new < len(envelopes):
        await connection.execute(COUNT_DUPLICATES, envelopes[0].source, len(envelopes) - new)
    return new


@dataclass(slots=True)
class Plan:
    """What is to be done with a batch of inbox rows."""

    ready: list[asyncpg.Record] = field(default_factory=list)
    stale: list[asyncpg.Record] = field(default_factory=list)
    early: list[asyncpg.Record] = field(default_factory=list)


def plan(rows: Iterable[asyncpg.Record]) -> Plan:
    """Sort a batch out: what is next for its subject, what is older, what must wait for one that has not come."""
    result = Plan()
    versions: dict[tuple[str, str], int] = {}
    for row in sorted(rows, key=lambda row: (row["subject_version"], row["seq"])):
        key = row["source"], row["subject"]
        version = versions.setdefault(key, row["known_version"])
        if row["subject_version"] <= version:
            result.stale.append(row)
        elif row["subject_version"] == version + 1:
            result.ready.append(row)
            versions[key] = version + 1
        else:
            result.early.append(row)
    return result


def runs(ready: Sequence[asyncpg.Record]) -> list[list[asyncpg.Record]]:
    """Group events into as few runs of one type as keep every subject's order.

    An event's stage is the number of changes of type before it among its subject's events; stages come one after
    another. Inside a stage all events of one type are one run, and types stand in the order of their first arrival.
    """
    last: dict[tuple[str, str], tuple[int, str]] = {}
    first_seq: dict[tuple[int, str], int] = {}
    staged = []
    for row in ready:
        key = row["source"], row["subject"]
        stage, kind = last.get(key, (0, row["type"]))
        stage += kind != row["type"]
        last[key] = stage, row["type"]
        run = stage, row["type"]
        first_seq[run] = min(first_seq.get(run, row["seq"]), row["seq"])
        staged.append((run, row))
    staged.sort(key=lambda each: (each[0][0], first_seq[each[0]], each[0][1]))  # Stable: a subject keeps its order.
    return [[row for _, row in group] for _, group in groupby(staged, key=lambda each: each[0])]


@dataclass(slots=True, kw_only=True)
class Applier:
    """Applies the inbox of one service; of several replicas one works at a time."""

    database: Database
    handlers: Handlers
    pauses_seconds: Sequence[float] = PAUSES_SECONDS
    chance: Callable[[], float] = random.random
    sort_out: Callable[[Iterable[asyncpg.Record]], Plan] = plan
    """The rule of versions; a fault test puts a wrong one in, to prove that the test sees it."""

    async def step(self) -> float:
        """Apply what is due; return the seconds to wait before looking again."""
        async with self.database.raw(EVERYTHING) as connection:
            seqs = [row["seq"] for row in await connection.fetch(CANDIDATES, now(), APPLY_EVENTS_MAX)]
        if seqs and await self._apply(seqs):
            return 0.0
        return POLL_SECONDS

    async def _apply(self, seqs: Sequence[int]) -> bool:
        """Apply these rows, halving on failure; say whether it was our turn."""
        at_work = False
        try:
            async with self.database.raw(EVERYTHING) as connection:
                if not await connection.fetchval(LOCK):
                    return False
                at_work = True  # What fails from here on fails because of these rows, unless the connection is gone.
                try:
                    await self._apply_all(connection, seqs)
                except BaseException:
                    at_work = not is_gone(connection)
                    raise
        except Exception as error:
            if not at_work:
                raise
            if len(seqs) == 1:
                await self._park(seqs[0], error)
                return True
            middle = len(seqs) // 2
            return await self._apply(seqs[:middle]) and await self._apply(seqs[middle:])
        return True

    async def _apply_all(self, connection: Connection, seqs: Sequence[int]) -> None:
        rows = await connection.fetch(LOAD, seqs)
        todo = self.sort_out(rows)
        handled: set[int] = set()
        for run in runs(todo.ready):
            found = self.handlers.find(run[0]["type"])
            if found is not None:
                handle, read = found
                await handle(connection, [_received(row, read) for row in run])
                handled.update(row["seq"] for row in run)
        states = [(row["seq"], "done" if row["seq"] in handled else "ignored") for row in (*todo.ready, *todo.stale)]
        states += [(row["seq"], "waiting") for row in todo.early]
        await connection.execute(MARK, [seq for seq, _ in states], [state for _, state in states], now())
        if todo.ready:
            await self._advance(connection, todo.ready)
        if todo.early:
            keys = sorted({(row["source"], row["subject"]) for row in todo.early})
            sources, subjects = [key[0] for key in keys], [key[1] for key in keys]
            await connection.execute(NOTE_GAP, sources, subjects, now(), now() + GAP_PATIENCE)

    @staticmethod
    async def _advance(connection: Connection, ready: Sequence[asyncpg.Record]) -> None:
        """Move the subjects' versions on and let those go on that waited for it."""
        reached = {(row["source"], row["subject"]): row for row in ready}
        keys = sorted(reached)
        arguments = (
            [key[0] for key in keys],
            [key[1] for key in keys],
            [reached[key]["subject_version"] for key in keys],
        )
        await connection.execute(ADVANCE, *arguments)
        if any(row["has_gap"] for row in ready):
            await connection.execute(RELEASE, *arguments, APPLY_EVENTS_MAX)
            await connection.execute(STILL_WAITING, *arguments, now(), now() + GAP_PATIENCE)

    async def _park(self, seq: int, error: Exception) -> None:
        """Note why the event failed and when it is tried again; after the last pause it is dead until replayed."""
        async with self.database.raw(EVERYTHING) as connection:
            row = await connection.fetchrow("SELECT attempts, received_at FROM inbox WHERE seq = $1", seq)
            assert row is not None
            attempts, state = row["attempts"], "retrying"
            if isinstance(error, NotYet) and now() - row["received_at"] < NOT_YET_PATIENCE:
                pause = jittered(NOT_YET_SECONDS, self.chance)
            else:
                state = "retrying" if attempts < len(self.pauses_seconds) else "dead"
                pause = jittered(self.pauses_seconds[min(attempts, len(self.pauses_seconds) - 1)], self.chance)
                attempts += 1
            due = now() + timedelta(seconds=pause) if state == "retrying" else None
            reason = f"{type(error).__name__}: {error}"[:ERROR_LENGTH_MAX].replace("\x00", "")
            await connection.execute(PARK, seq, state, attempts, due, reason)
        log.warning("inbox row %s is %s after %s attempts: %s", seq, state, attempts, type(error).__name__)


def _received(row: asyncpg.Record, read: Callable[[str], Any]) -> Received[Any]:
    return Received(
        id=row["event_id"],
        type=row["type"],
        subject_id=UUID(row["subject"].rpartition("/")[2]),
        version=row["subject_version"],
        time=row["occurred_at"],
        data=read(row["data"]),
    )
