"""The events about webhooks themselves, which every service publishes under its own name."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg

from shared.kernel.events import Event
from shared.platform.json import encode

DISABLED = "An endpoint failed for five days; nothing is sent to it until its owner enables it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpointDisabled(Event):
    """An endpoint failed for five days."""

    noun: ClassVar[str] = "webhook-endpoint"
    owner: str
    """Who subscribed: the subject of the token."""
    url: str
    """Where the events went."""
    reason: str
    """Why the last attempt failed."""


def disabled_class(service: str) -> type[WebhookEndpointDisabled]:
    """Return the event class of ``service`` (kebab-case)."""
    kind = f"gondola.{service.replace('-', '_')}.webhook_endpoint_disabled.v1"
    named = type("WebhookEndpointDisabled", (WebhookEndpointDisabled,), {"event_type": kind, "__doc__": DISABLED})
    return dataclass(frozen=True, slots=True, kw_only=True)(named)


def disabled_event(service: str, endpoint: asyncpg.Record, reason: str) -> WebhookEndpointDisabled:
    """Return the event that tells the owner."""
    return disabled_class(service)(id=endpoint["id"], owner=endpoint["owner"], url=endpoint["url"], reason=reason)


def ping_type(service: str) -> str:
    """Return the type of the pings of ``service``."""
    return f"gondola.{service.replace('-', '_')}.webhook_ping.v1"


def ping_envelope(service: str, endpoint_id: UUID, ping_id: UUID, challenge: str, at: datetime) -> str:
    """Return a ping: an event that asks for nothing but an answer that holds its challenge."""
    return encode({
        "specversion": "1.0", "id": ping_id, "source": f"/{service}", "type": ping_type(service),
        "subject": f"webhook-endpoint/{endpoint_id}", "time": at, "datacontenttype": "application/json",
        "subjectversion": 1, "data": {"challenge": challenge},
    }).decode()  # fmt: skip
