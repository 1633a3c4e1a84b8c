"""What the endpoints around events take and answer."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, RootModel, StringConstraints

from shared.platform.fields import Answer, Body, Instant
from shared.platform.outgoing import check_url
from shared.platform.signing import check_secret

Cursor = Annotated[str, StringConstraints(pattern=r"^\d{1,18}$")]
Url = Annotated[str, AfterValidator(check_url)]
Key = Annotated[str, AfterValidator(check_secret)]
Noun = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
EndpointState = Literal["pending", "active", "disabled", "ended"]
InboxState = Literal["pending", "waiting", "retrying", "dead", "done", "ignored"]


class FeedPage(Answer):
    """A page of the feed."""

    items: list[dict[str, Any]]
    """CloudEvents, in the order of the feed."""
    next: str
    """Cursor to go on with, now or later."""
    more: bool
    """Whether there is more right now."""


class Schema(RootModel[dict[str, Any]]):
    """A JSON Schema."""


class EventType(Answer):
    """An event that this service publishes."""

    type: str
    """``gondola.<service>.<noun>_<past verb>.v1``."""
    noun: str
    """Noun of its subjects; one subscribes to nouns."""
    description: str
    """What has happened when it is published."""
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    """JSON Schema of ``data``."""
    example: dict[str, Any]
    """An example of ``data``."""


class EventTypes(Answer):
    """All events that this service publishes."""

    items: Annotated[list[EventType], Field(max_length=500)]
    """Each of them."""
    next: None
    """There is no further page."""


class Subscribe(Body):
    """A wish to get events."""

    url: Url
    """Where to send them: https, not redirected, answered within 10 s."""
    description: Annotated[str, StringConstraints(max_length=200)] = ""
    """What the endpoint is for."""
    nouns: Annotated[list[Noun], Field(min_length=1, max_length=100)] | None = None
    """Nouns whose events are wanted (``contract``); all when absent. One gets every event of a noun."""
    batches: bool = True
    """Whether the endpoint takes batches of up to 100 events and 1 MiB."""
    secret: Key | None = None
    """``whsec_…`` of your own, or ``whsk_…`` for Ed25519; generated when absent."""
    after: Cursor | None = None
    """Cursor after which to begin: ``0`` for everything that is kept; only what is new when absent."""


class Endpoint(Answer):
    """A subscription."""

    id: UUID
    """Identifier of the subscription."""
    url: str
    """Where its events are sent."""
    description: str
    """What it is for."""
    owner: str
    """Who subscribed."""
    nouns: list[str] | None
    """Nouns whose events are sent; null for all."""
    batches: bool
    """Whether events are sent in batches."""
    state: EndpointState
    """``pending`` until the first ping is answered with its challenge; ``ended`` by an answer of 410."""
    cursor: str
    """Everything up to here was delivered or parked."""
    lag: int
    """Events behind the feed."""
    failures: int
    """Failed attempts in a row."""
    failing_since: Instant | None
    """When the first of these was; after five days the endpoint is disabled."""
    next_attempt_at: Instant | None
    """When a failing endpoint is tried again."""
    last_status: int | None
    """HTTP status of the last answer; null if there was none."""
    last_error: str | None
    """Why the last attempt failed."""
    last_success_at: Instant | None
    """When something was delivered last."""
    created_at: Instant
    """When it was created."""


class NewEndpoint(Endpoint):
    """A subscription with its secret."""

    secret: str
    """What requests are signed with; shown this once."""


class Secret(Answer):
    """A new secret; the one before is used beside it for 24 hours."""

    secret: str
    """What requests are signed with; shown this once."""


class Replay(Body):
    """Which delivered, parked or dead events to send again: one, or a range."""

    event_id: UUID | None = None
    """One event."""
    after: Cursor = "0"
    """Cursor after which the range begins."""
    until: Cursor = "9" * 18
    """Cursor at which it ends."""
    recorded_from: Instant | None = None
    """Only events recorded at this instant or later."""
    recorded_until: Instant | None = None
    """Only events recorded before this instant."""


class Replayed(Answer):
    """What is sent again."""

    replayed: int
    """How many events."""
    next: str | None
    """If there are more than 100,000: ``after`` of the next call."""


class Parked(Answer):
    """An event that an endpoint refused, or that waits behind such a one of the same subject."""

    pos: int
    """Its position in the feed."""
    event_id: UUID
    """Its identifier."""
    type: str
    """Its type."""
    subject: str
    """Its subject: ``<noun>/<uuid>``."""
    state: Literal["retrying", "waiting", "dead"]
    """``dead`` after the last attempt: replay it when its cause is mended."""
    attempts: int
    """Attempts made."""
    next_attempt_at: Instant | None
    """When it is tried again."""
    last_status: int | None
    """HTTP status of the last refusal."""
    last_error: str | None
    """The beginning of its body."""
    parked_at: Instant
    """When it was parked."""


class Source(Body):
    """A producer whose webhooks we take."""

    source: Annotated[str, StringConstraints(pattern=r"^/[a-z][a-z0-9/-]*$", max_length=200)]
    """``source`` of its events: ``/contracts``."""
    secrets: Annotated[list[Key], Field(min_length=1, max_length=3)]
    """Secrets that its signatures may be made with (``whsec_…``, ``whpk_…``): two while one rotates."""
    feed_url: Url | None = None
    """Its ``/v1/events``, asked for events that are missing."""
    enabled: bool = True
    """Whether its webhooks are taken."""


class SourceShown(Answer):
    """A producer whose webhooks we take; its secrets are not shown."""

    name: str
    """Its name here."""
    source: str
    """``source`` of its events."""
    feed_url: str | None
    """Where missing events are asked for."""
    enabled: bool
    """Whether its webhooks are taken."""
    duplicates: int
    """Events that arrived more than once and were stored once."""


class Challenge(Answer):
    """The answer to a ping."""

    challenge: str | None
    """The ping's challenge."""


class InboxItem(Answer):
    """An event that arrived."""

    event_id: UUID
    """Its identifier."""
    source: str
    """Who published it."""
    type: str
    """Its type."""
    subject: str
    """Its subject: ``<noun>/<uuid>``."""
    subject_version: int
    """Version of the subject that it carries."""
    occurred_at: Instant
    """When it happened."""
    received_at: Instant
    """When it arrived."""
    state: InboxState
    """``waiting``: an earlier event of its subject is missing or failing. ``ignored``: too old, or not read here."""
    attempts: int
    """Attempts that failed."""
    next_attempt_at: Instant | None
    """When it is tried again."""
    error: str | None
    """Why it failed last."""
    applied_at: Instant | None
    """When it was applied."""


class Waiting(Answer):
    """An event that is applied again soon."""

    event_id: UUID
    """Its identifier."""
    state: InboxState
    """Its new state."""
