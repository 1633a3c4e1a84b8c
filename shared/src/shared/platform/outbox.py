"""The outbox: an event is recorded in the transaction that caused it, finished down to its last byte but the version.

Order. The subject's row in ``event_subjects`` is locked before the outbox row takes its number from the sequence, and
stays locked until the commit. So the events of one subject have rising ``seq`` in the order of their commits, and
versions without holes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.events import Event
from shared.platform import trace
from shared.platform.db import Connection, raw_of
from shared.platform.ids import new_id
from shared.platform.json import encode

ENVELOPE_BYTES_MAX = 900_000
"""An event must fit a webhook body of 1 MiB."""

EMIT = """
WITH subject AS (
    INSERT INTO event_subjects AS known (subject, version) VALUES ($4, 1)
    ON CONFLICT (subject) DO UPDATE SET version = known.version + 1
    RETURNING version
)
INSERT INTO outbox (event_id, type, noun, subject, subject_version, account_id, occurred_at, envelope)
SELECT $1, $2, $3, $4, version, $5, $6, $7 || version::text || $8 FROM subject
"""
EMIT_MANY = """
WITH event AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[],
                         $7::text[], $8::text[])
    WITH ORDINALITY AS event (event_id, type, noun, subject, account_id, occurred_at, head, tail, place)
), wanted AS (
    SELECT subject, count(*) AS events FROM event GROUP BY subject
), subject AS (
    INSERT INTO event_subjects AS known (subject, version) SELECT subject, events FROM wanted ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET version = known.version + excluded.version
    RETURNING known.subject, known.version
), numbered AS (
    SELECT event.*, subject.version - wanted.events
           + row_number() OVER (PARTITION BY event.subject ORDER BY event.place) AS number
    FROM event JOIN wanted USING (subject) JOIN subject USING (subject)
)
INSERT INTO outbox (event_id, type, noun, subject, subject_version, account_id, occurred_at, envelope)
SELECT event_id, type, noun, subject, number, account_id, occurred_at, head || number::text || tail
FROM numbered ORDER BY place
"""

_public_urls: dict[str, str] = {}

Arguments = tuple[UUID, str, str, str, UUID | None, datetime, str, str]


def announce(service: str, public_url: str) -> None:
    """Say under which URL the schemas of ``service`` (as in its event types: ``store_ops``) are found."""
    _public_urls[service] = public_url.rstrip("/")


async def emit(transaction: AsyncSession | Connection, event: Event, *, at: datetime) -> None:
    """Record ``event``, which happened ``at``; it is published if and only if the transaction commits.

    Lock the aggregate's row first: what the event carries must be the subject's state at its version.
    """
    await (await _connection(transaction)).execute(EMIT, *arguments_of(event, at))


async def emit_many(transaction: AsyncSession | Connection, events: Sequence[Event], *, at: datetime) -> None:
    """Record ``events`` by one statement; several of one subject keep their order.

    Subjects are locked in sorted order, so that two of these do not wait for each other.
    """
    if events:
        rows = [arguments_of(event, at) for event in events]
        await (await _connection(transaction)).execute(EMIT_MANY, *map(list, zip(*rows, strict=True)))


def emit_new(source: str, first: int) -> str:
    """Return two CTEs that record the first event of a new subject, for a hot path that is one statement.

    The event is recorded if the CTE ``source`` returns a row; ``arguments_of(event, at)`` gives the eight parameters
    from ``$first`` on::

        WITH new AS (INSERT INTO audits ... ON CONFLICT DO NOTHING RETURNING id),
        {emit_new("new", 9)}
        SELECT id FROM new
    """
    event_id, kind, noun, subject, account, at, head, tail = (f"${first + index}" for index in range(8))
    return f"""subject_row AS (
    INSERT INTO event_subjects (subject, version) SELECT {subject}::text, 1 FROM {source} RETURNING version
), outbox_row AS (
    INSERT INTO outbox (event_id, type, noun, subject, subject_version, account_id, occurred_at, envelope)
    SELECT {event_id}::uuid, {kind}::text, {noun}::text, {subject}::text, version, {account}::uuid,
           {at}::timestamptz, {head}::text || version::text || {tail}::text
    FROM subject_row
)"""  # noqa: S608 - parameter numbers and a name from our own source


def arguments_of(event: Event, at: datetime) -> Arguments:
    """Return the parameters of ``EMIT``: the envelope comes in two parts, between which SQL puts the version.

    Raises:
        ValueError: the event is too large to be sent.
    """
    event_id, kind, subject = new_id(), event.event_type, f"{event.noun}/{event.id}"
    service = kind.split(".")[1]
    traceparent = trace.current.get()
    trace_part = f'"traceparent":"{traceparent}",' if traceparent else ""
    time = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    base = _public_urls.get(service) or f"http://{service.replace('_', '-')}"
    data = encode(event).decode()
    head = (
        f'{{"specversion":"1.0","id":"{event_id}","source":"/{service.replace("_", "-")}","type":"{kind}",'
        f'"subject":"{subject}","time":"{time}","datacontenttype":"application/json",'
        f'"dataschema":"{base}/v1/event-types/{kind}",{trace_part}"subjectversion":'
    )
    tail = f',"data":{data}}}'
    if len(data) * 3 > ENVELOPE_BYTES_MAX and len(tail.encode()) > ENVELOPE_BYTES_MAX:
        raise ValueError(f"{kind} of {subject} has more than {ENVELOPE_BYTES_MAX} bytes")
    return event_id, kind, event.noun, subject, event.account_id, at, head, tail


async def _connection(transaction: AsyncSession | Connection) -> Connection:
    return await raw_of(transaction) if isinstance(transaction, AsyncSession) else transaction
