"""The endpoints around events that every service has: feed, catalogue, subscriptions, inbound, inbox."""

from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Query, Request
from pydantic import StringConstraints
from starlette.responses import Response

from shared.kernel.errors import Conflict, NotFound
from shared.platform.auth import Role
from shared.platform.clock import now
from shared.platform.events_models import (
    Challenge,
    Endpoint,
    EventTypes,
    FeedPage,
    InboxItem,
    InboxState,
    NewEndpoint,
    Parked,
    Replay,
    Replayed,
    Schema,
    Secret,
    Source,
    SourceShown,
    Subscribe,
    Waiting,
)
from shared.platform.http import SIGNED, Caller, Raw, Router, json_response, problem_answer
from shared.platform.ids import new_id
from shared.platform.inbox import BATCH, SINGLE, parse, store
from shared.platform.json import decode
from shared.platform.pagination import ListQuery, Page
from shared.platform.problems import HttpProblem
from shared.platform.signing import BadSignature, new_secret, verify

FEED_READERS = (Role.ADMIN, Role.AUDITOR, Role.ERP, Role.SERVICE)
SUBSCRIBERS = (Role.ADMIN, Role.ERP, Role.SERVICE)
ROTATION = timedelta(hours=24)
FEED_POSITIONS = 20_000
REPLAY_EVENTS_MAX = 100_000

events = Router(prefix="/v1/events", tags=["events"])
event_types = Router(prefix="/v1/event-types", tags=["events"])
endpoints = Router(prefix="/v1/webhook-endpoints", tags=["webhooks"])
inbound = Router(prefix="/v1/inbound-events", tags=["webhooks"])
sources = Router(prefix="/v1/event-sources", tags=["webhooks"])
inbox = Router(prefix="/v1/inbox", tags=["webhooks"])
routers = (events, event_types, endpoints, inbound, sources, inbox)

NOT_CLOUDEVENTS = problem_answer(f"Neither {SINGLE} nor {BATCH}.")
EVENT_BODY = {"schema": {"type": "object", "description": "A CloudEvent, with the extension `subjectversion`."}}
BATCH_BODY = {"schema": {"type": "array", "maxItems": 100, "items": EVENT_BODY["schema"]}}

FEED = """
SELECT pos, envelope, last_pos FROM feed LEFT JOIN LATERAL (
    SELECT pos, envelope FROM outbox
    WHERE pos > $1 AND pos <= $1 + $2 AND ($3::text[] IS NULL OR type = ANY ($3)) ORDER BY pos LIMIT $4
) AS found ON true ORDER BY pos
"""
OF_SUBJECT = """
SELECT subject_version, envelope FROM outbox
WHERE subject = $1 AND subject_version > $2 AND pos > 0 ORDER BY subject_version LIMIT $3
"""
SHOWN = """id, url, description, owner, nouns, batches, state, cursor_pos::text AS cursor,
(SELECT last_pos FROM feed) - cursor_pos AS lag, failures, failing_since, next_attempt_at, last_status, last_error,
last_success_at, created_at"""
ENDPOINTS = ListQuery(
    select=f"SELECT {SHOWN} FROM webhook_endpoints",  # noqa: S608
    order=("id",),
    filters={"state": "state = {}"},
)
PARKED = ListQuery(
    select="SELECT pos, event_id, type, parked.subject, state, attempts, next_attempt_at, last_status, last_error,"
    " parked_at FROM parked_deliveries AS parked JOIN outbox USING (pos)",
    order=("pos",),
    filters={"endpoint_id": "endpoint_id = {}", "state": "state = {}", "subject": "parked.subject = {}"},
)
INBOX = ListQuery(
    select="SELECT seq, event_id, source, type, subject, subject_version, occurred_at, received_at, state, attempts,"
    " next_attempt_at, error, applied_at FROM inbox",
    order=("seq",),
    filters={"state": "state = {}", "source": "source = {}", "subject": "subject = {}", "type": "type = {}"},
)
REPLAY = """
WITH wanted AS (
    SELECT pos, subject FROM outbox, webhook_endpoints AS endpoint
    WHERE endpoint.id = $1 AND pos <= endpoint.cursor_pos AND (endpoint.nouns IS NULL OR noun = ANY (endpoint.nouns))
      AND pos > $3 AND pos <= $4 AND ($5::uuid IS NULL OR event_id = $5)
      AND ($6::timestamptz IS NULL OR recorded_at >= $6) AND ($7::timestamptz IS NULL OR recorded_at < $7)
    ORDER BY pos LIMIT $8
), parked AS (
    INSERT INTO parked_deliveries (endpoint_id, pos, subject, state, next_attempt_at, parked_at)
    SELECT $1, pos, subject, 'retrying', $2, $2 FROM wanted
    ON CONFLICT (endpoint_id, pos) DO UPDATE SET state = 'retrying', attempts = 0, next_attempt_at = $2
), before AS (
    UPDATE parked_deliveries AS older SET state = 'retrying', attempts = 0, next_attempt_at = $2
    WHERE endpoint_id = $1 AND state = 'dead'
      AND EXISTS (SELECT FROM wanted WHERE wanted.subject = older.subject AND older.pos < wanted.pos)
      AND NOT EXISTS (SELECT FROM wanted WHERE wanted.pos = older.pos)
)
SELECT count(*) AS replayed, max(pos) AS last FROM wanted
"""


FeedLimit = Annotated[int, Query(ge=1, le=1000)]


@events.get("", operation_id="list_events", policy=FEED_READERS, answers=FeedPage)
async def list_events(
    raw: Raw,
    after: Annotated[str, Query(pattern=r"^\d{1,18}$", description="`next` of the call before.")] = "0",
    type: Annotated[list[str] | None, Query(max_length=50, description="Event types; all when absent.")] = None,  # noqa: A002
    subject: Annotated[str | None, Query(max_length=120, description="One subject, in order of its versions.")] = None,
    after_version: Annotated[int, Query(ge=0, description="With `subject`: only later versions.")] = 0,
    limit: FeedLimit = 100,
) -> Response:
    """Read the feed: all events, in the order of their positions, from a cursor on.

    `next` is always there: ask with it again, at once while `more` is true. A page may be empty with more behind it.
    """
    if subject is not None:
        rows = await raw.fetch(OF_SUBJECT, subject, after_version, limit)
        return _feed([row["envelope"] for row in rows], after, more=len(rows) == limit)
    start = int(after)
    rows = await raw.fetch(FEED, start, FEED_POSITIONS, type, limit)
    last_pos = rows[0]["last_pos"]
    found = [row for row in rows if row["pos"] is not None]
    end = found[-1]["pos"] if len(found) == limit else max(start, min(start + FEED_POSITIONS, last_pos))
    return _feed([row["envelope"] for row in found], str(end), more=end < last_pos)


def _feed(envelopes: list[str], following: str, *, more: bool) -> Response:
    body = f'{{"items":[{",".join(envelopes)}],"next":"{following}","more":{"true" if more else "false"}}}'
    return Response(body, media_type="application/json")


def _published(request: Request) -> dict[str, dict[str, Any]]:
    """Return the entries of the catalogue; making their schemas takes 40 ms, so it is done once."""
    state = request.app.state
    if not hasattr(state, "published_events"):
        state.published_events = state.service.catalogue.entries()
    return cast("dict[str, dict[str, Any]]", state.published_events)


@event_types.get("", operation_id="list_event_types", policy=(), answers=EventTypes)
async def list_event_types(request: Request) -> Response:
    """List the events that this service publishes, each with schema and example."""
    return json_response({"items": list(_published(request).values()), "next": None})


@event_types.get("/{event_type}", operation_id="get_event_type", policy=(), answers=Schema)
async def get_event_type(request: Request, event_type: str) -> Response:
    """Return the JSON Schema of an event's `data`; this is what `dataschema` points to."""
    entry = _published(request).get(event_type)
    if entry is None:
        raise NotFound(f"This service does not publish {event_type}.")
    return json_response(entry["schema"])


@endpoints.post("", operation_id="create_webhook_endpoint", policy=SUBSCRIBERS, status_code=201, answers=NewEndpoint)
async def create_webhook_endpoint(body: Subscribe, raw: Raw, principal: Caller) -> Response:
    """Subscribe to events; a ping must be answered with its challenge before the first event is sent."""
    secret, endpoint_id = body.secret or new_secret(), new_id()
    last = await raw.fetchval("SELECT last_pos FROM feed")
    cursor = last if body.after is None else min(int(body.after), last)
    inserted = await raw.fetchval(
        "INSERT INTO webhook_endpoints (id, url, description, owner, nouns, batches, secret, cursor_pos, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (url) DO NOTHING RETURNING id",
        endpoint_id, body.url, body.description, principal.subject, body.nouns, body.batches, secret, cursor, now(),
    )  # fmt: skip
    if inserted is None:
        raise Conflict("There is a subscription with this URL already.")
    return json_response(await _shown(raw, endpoint_id) | {"secret": secret}, status=201)


@endpoints.get("", operation_id="list_webhook_endpoints", policy=FEED_READERS, list_of=Endpoint)
async def list_webhook_endpoints(raw: Raw, page: Page, state: str | None = None) -> Response:
    """List the subscriptions."""
    return await ENDPOINTS.page(raw, page, state=state)


@endpoints.get("/{endpoint_id}", operation_id="get_webhook_endpoint", policy=FEED_READERS, answers=Endpoint)
async def get_webhook_endpoint(endpoint_id: UUID, raw: Raw) -> Response:
    """Return a subscription, and how its deliveries go."""
    return json_response(await _shown(raw, endpoint_id))


@endpoints.post(
    "/{endpoint_id}:rotate-secret", operation_id="rotate_webhook_secret", policy=SUBSCRIBERS, answers=Secret
)
async def rotate_webhook_secret(endpoint_id: UUID, raw: Raw) -> Response:
    """Replace the secret; for 24 hours requests are signed with both."""
    secret = new_secret()
    changed = "old_secret = secret, old_secret_until = $2, secret = $3"
    await _change(raw, endpoint_id, changed, now() + ROTATION, secret)
    return json_response({"secret": secret})


@endpoints.post(
    "/{endpoint_id}:test", operation_id="test_webhook_endpoint", policy=SUBSCRIBERS, status_code=202, answers=Endpoint
)
async def test_webhook_endpoint(endpoint_id: UUID, raw: Raw) -> Response:
    """Have a ping sent; `last_status` and `last_error` tell how it went."""
    await _change(raw, endpoint_id, "ping_due = true, next_attempt_at = NULL")
    return json_response(await _shown(raw, endpoint_id), status=202)


@endpoints.post("/{endpoint_id}:disable", operation_id="disable_webhook_endpoint", policy=SUBSCRIBERS, answers=Endpoint)
async def disable_webhook_endpoint(endpoint_id: UUID, raw: Raw) -> Response:
    """Send nothing more until it is enabled; the cursor stays."""
    await _change(raw, endpoint_id, "state = 'disabled'")
    return json_response(await _shown(raw, endpoint_id))


@endpoints.post("/{endpoint_id}:enable", operation_id="enable_webhook_endpoint", policy=SUBSCRIBERS, answers=Endpoint)
async def enable_webhook_endpoint(endpoint_id: UUID, raw: Raw) -> Response:
    """Go on from the cursor, once a ping has been answered with its challenge."""
    reset = "state = 'pending', ping_due = true, failures = 0, failing_since = NULL, next_attempt_at = NULL"
    await _change(raw, endpoint_id, reset)
    return json_response(await _shown(raw, endpoint_id))


@endpoints.delete("/{endpoint_id}", operation_id="delete_webhook_endpoint", policy=SUBSCRIBERS, status_code=204)
async def delete_webhook_endpoint(endpoint_id: UUID, raw: Raw) -> Response:
    """End the subscription and forget what was parked for it."""
    if await raw.fetchval("DELETE FROM webhook_endpoints WHERE id = $1 RETURNING id", endpoint_id) is None:
        raise NotFound("There is no such subscription.")
    return Response(status_code=204)


@endpoints.get("/{endpoint_id}/parked", operation_id="list_parked_deliveries", policy=FEED_READERS, list_of=Parked)
async def list_parked_deliveries(
    endpoint_id: UUID, raw: Raw, page: Page, state: str | None = None, subject: str | None = None
) -> Response:
    """List the events that the endpoint refused, and those behind them."""
    return await PARKED.page(raw, page, endpoint_id=endpoint_id, state=state, subject=subject)


@endpoints.post(
    "/{endpoint_id}:replay", operation_id="replay_deliveries", policy=SUBSCRIBERS, status_code=202, answers=Replayed
)
async def replay_deliveries(endpoint_id: UUID, body: Replay, raw: Raw) -> Response:
    """Send again, in order per subject: one event, or those of a range of cursors or times; at most 100,000 a call.

    The answer says how many, and `next` to go on with as `after` if there are more.
    """
    await _shown(raw, endpoint_id)
    row = await raw.fetchrow(
        REPLAY, endpoint_id, now(), int(body.after), int(body.until), body.event_id, body.recorded_from,
        body.recorded_until, REPLAY_EVENTS_MAX,
    )  # fmt: skip
    assert row is not None
    following = str(row["last"]) if row["replayed"] == REPLAY_EVENTS_MAX else None
    return json_response({"replayed": row["replayed"], "next": following}, status=202)


@inbound.post(
    "",
    operation_id="receive_events",
    policy=SIGNED,
    status_code=204,
    responses={200: {"model": Challenge, "description": "The challenge of a ping."}, 415: NOT_CLOUDEVENTS},
    openapi_extra={"requestBody": {"required": True, "content": {SINGLE: EVENT_BODY, BATCH: BATCH_BODY}}},
)
async def receive_events(request: Request, raw: Raw) -> Response:
    """Take a signed webhook: store its events and answer; they are applied later.

    The signature is checked first, against the secrets of all known sources; the source that signed is the only one
    whose events the body may hold.
    """
    body, content_type = await request.body(), request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() not in {SINGLE, BATCH}:
        raise HttpProblem(415, "unsupported_media_type", f"Send {SINGLE} or {BATCH}.")
    signer = None
    for row in await raw.fetch("SELECT source, secrets FROM event_sources WHERE enabled"):
        try:
            verify(row["secrets"], request.headers, body)
        except BadSignature:
            continue
        signer = row["source"]
    if signer is None:
        raise HttpProblem(401, "bad_signature", "No known source has signed this, or its timestamp is not of now.")
    envelopes = parse(body, content_type)
    if any(envelope.source != signer for envelope in envelopes):
        raise HttpProblem(403, "foreign_source", f"This is signed by {signer}; events of others are not taken.")
    if len(envelopes) == 1 and envelopes[0].type.endswith(".webhook_ping.v1"):
        return json_response({"challenge": decode(bytes(envelopes[0].data)).get("challenge")})
    await store(raw, envelopes, at=now())
    return Response(status_code=204)


@sources.put("/{name}", operation_id="put_event_source", policy=(Role.ADMIN,), answers=SourceShown)
async def put_event_source(
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,60}$")], body: Source, raw: Raw
) -> Response:
    """Say who may send us events, and how its signature is checked."""
    row = await raw.fetchrow(
        "INSERT INTO event_sources (name, source, secrets, feed_url, enabled, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO UPDATE SET source = excluded.source,"
        " secrets = excluded.secrets, feed_url = excluded.feed_url, enabled = excluded.enabled, updated_at = $6"
        " RETURNING name, source, feed_url, enabled, duplicates",
        name, body.source, body.secrets, body.feed_url, body.enabled, now(),
    )  # fmt: skip
    return json_response(dict(row or {}))


@sources.get("", operation_id="list_event_sources", policy=(Role.ADMIN, Role.AUDITOR), list_of=SourceShown)
async def list_event_sources(raw: Raw, page: Page) -> Response:
    """List who may send us events."""
    shown = ListQuery(select="SELECT name, source, feed_url, enabled, duplicates FROM event_sources", order=("name",))
    return await shown.page(raw, page)


@inbox.get("", operation_id="list_inbox", policy=(Role.ADMIN, Role.AUDITOR), list_of=InboxItem)
async def list_inbox(
    raw: Raw,
    page: Page,
    state: InboxState = "dead",
    source: str | None = None,
    subject: str | None = None,
    type: str | None = None,  # noqa: A002
) -> Response:
    """List events that arrived, by what became of them."""
    return await INBOX.page(raw, page, state=state, source=source, subject=subject, type=type)


@inbox.post(
    "/{event_id}:replay", operation_id="replay_inbox_event", policy=(Role.ADMIN,), status_code=202, answers=Waiting
)
async def replay_inbox_event(event_id: UUID, raw: Raw) -> Response:
    """Apply an event again that failed; those that wait behind it follow."""
    changed = await raw.fetchval(
        "UPDATE inbox SET state = 'pending', attempts = 0, next_attempt_at = NULL"
        " WHERE event_id = $1 AND state IN ('dead', 'retrying') RETURNING seq",
        event_id,
    )
    if changed is None:
        raise NotFound("There is no such event that failed.")
    return json_response({"event_id": event_id, "state": "pending"}, status=202)


async def _shown(raw: Raw, endpoint_id: UUID) -> dict[str, Any]:
    row = await raw.fetchrow(f"SELECT {SHOWN} FROM webhook_endpoints WHERE id = $1", endpoint_id)  # noqa: S608
    if row is None:
        raise NotFound("There is no such subscription.")
    return dict(row)


async def _change(raw: Raw, endpoint_id: UUID, changes: str, *values: str | datetime) -> None:
    statement = f"UPDATE webhook_endpoints SET {changes} WHERE id = $1 RETURNING id"  # noqa: S608 - our own text
    if await raw.fetchval(statement, endpoint_id, *values) is None:
        raise NotFound("There is no such subscription.")
