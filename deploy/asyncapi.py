"""One AsyncAPI 3 document of all published events, from the four catalogues: `python -m deploy.asyncapi` writes it."""

import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.dev.table import SERVICES
from shared.platform.inbox import BATCH, BATCH_EVENTS_MAX, SINGLE
from shared.platform.service import Service

OUTPUT = Path(__file__).resolve().parents[1] / "docs" / "asyncapi.json"
EXAMPLE_ID = "01900000-0000-7000-8000-0000000000e1"
EXAMPLE_TIME = "2026-03-10T02:00:00.000Z"

Node = dict[str, Any]

ENVELOPE: Node = {
    "type": "object",
    "description": "CloudEvents 1.0 in JSON.",
    "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "subjectversion", "data"],
    "properties": {
        "specversion": {"const": "1.0", "description": "Version of CloudEvents."},
        "id": {"type": "string", "format": "uuid", "description": "UUIDv7; the same event always has the same."},
        "source": {"type": "string", "description": "The service that publishes it."},
        "type": {"type": "string", "description": "What happened."},
        "subject": {"type": "string", "description": "Whom it happened to: `<noun>/<uuid>`."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened: UTC, milliseconds."},
        "datacontenttype": {"const": "application/json", "description": "Form of `data`."},
        "dataschema": {"type": "string", "format": "uri", "description": "JSON Schema of `data` at the producer."},
        "subjectversion": {
            "type": "integer",
            "minimum": 1,
            "description": "Version of the subject: 1, 2, 3 … without holes.",
        },
        "traceparent": {"type": "string", "description": "W3C trace context of the request that caused it."},
        "data": {"type": "object", "description": "Full public state of the subject after the event."},
    },
}
HEADERS: Node = {
    "type": "object",
    "description": "Standard Webhooks.",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The same for every attempt to deliver the same events."},
        "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$", "description": "Seconds since 1970, UTC."},
        "webhook-signature": {
            "type": "string",
            "description": "`v1,<base64>` (HMAC-SHA256) or `v1a,<base64>` (Ed25519) over `<id>.<timestamp>.<body>`; "
            "several, with a blank between them, while a secret rotates.",
        },
    },
}
DESCRIPTION = f"""\
All events of the Gondola services. A subscriber chooses nouns and gets every event of a noun, by signed webhook
(`POST /v1/webhook-endpoints`), one at a time (`{SINGLE}`) or in batches of at most {BATCH_EVENTS_MAX} (`{BATCH}`).
The same events are read from the feed (`GET /v1/events?after=<cursor>`). Delivery is at least once; `id` tells a
repetition, `subjectversion` an event that is missing or too old."""


def all_services() -> tuple[Service, ...]:
    """Return the four services."""
    return tuple(importlib.import_module(f"{package}.main").service for _, package, _ in SERVICES)


def document(services: Sequence[Service]) -> Node:
    """Return the AsyncAPI 3 document of ``services``."""
    services = sorted(services, key=lambda service: service.name)
    schemas: Node = {"Envelope": ENVELOPE, "WebhookHeaders": HEADERS}
    messages: Node = {}
    channels: Node = {}
    operations: Node = {}
    for service in services:
        for kind, entry in sorted(service.catalogue.entries().items()):
            messages[kind] = _message(service, entry, schemas) | _consumers(kind, services)
            channel = f"{service.name}.{entry['noun']}"
            known = channels.setdefault(channel, _channel(service, entry["noun"]))
            known["messages"][kind] = {"$ref": f"#/components/messages/{kind}"}
        feed = f"{service.name}.feed"
        channels[feed] = _feed(service)
        operations[f"{feed}.read"] = _operation(channels, feed, f"Answer a page of the feed of {service.title}.", "GET")
    for channel in [name for name in channels if not name.endswith(".feed")]:
        operations[f"{channel}.send"] = _operation(channels, channel, f"Send the events of {channel}.", "POST")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gondola events",
            "version": "1.0.0",
            "description": DESCRIPTION,
            "tags": [{"name": service.name, "description": service.description} for service in services],
        },
        "defaultContentType": SINGLE,
        "channels": dict(sorted(channels.items())),
        "operations": dict(sorted(operations.items())),
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def text(services: Sequence[Service]) -> str:
    """Return the document as it stands in the file."""
    return json.dumps(document(services), indent=1, ensure_ascii=False) + "\n"


def _message(service: Service, entry: Mapping[str, Any], schemas: Node) -> Node:
    """Return the message of an event; its schema and those it is made of are added to ``schemas``."""
    kind = entry["type"]
    schemas[kind] = _moved(entry["schema"], kind, service.package, schemas)
    name = kind.split(".")[2]
    return {
        "name": kind,
        "title": " ".join(name.split("_")).capitalize(),
        "summary": " ".join(entry["description"].split()),
        "contentType": SINGLE,
        "headers": {"$ref": "#/components/schemas/WebhookHeaders"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {
                    "properties": {
                        "source": {"const": f"/{service.name}"},
                        "type": {"const": kind},
                        "subject": {"type": "string", "pattern": f"^{re.escape(entry['noun'])}/[0-9a-f-]{{36}}$"},
                        "data": {"$ref": f"#/components/schemas/{kind}"},
                    }
                },
            ]
        },
        "bindings": {"http": {"headers": {"$ref": "#/components/schemas/WebhookHeaders"}, "bindingVersion": "0.3.0"}},
        "tags": [{"name": service.name}, {"name": entry["noun"]}],
        "examples": [{"name": name, "payload": _envelope(service, entry)}],
    }


def _envelope(service: Service, entry: Mapping[str, Any]) -> Node:
    return {
        "specversion": "1.0",
        "id": EXAMPLE_ID,
        "source": f"/{service.name}",
        "type": entry["type"],
        "subject": f"{entry['noun']}/{entry['example']['id']}",
        "time": EXAMPLE_TIME,
        "datacontenttype": "application/json",
        "dataschema": f"https://{service.name}.example.com/v1/event-types/{entry['type']}",
        "subjectversion": 1,
        "data": entry["example"],
    }


def _consumers(kind: str, services: Sequence[Service]) -> Node:
    """Return who of us reads the event, as an extension of the message."""
    return {"x-consumers": [service.name for service in services if kind in service.inbound.noun_of]}


def _channel(service: Service, noun: str) -> Node:
    return {
        "address": None,  # Wherever the subscriber wants them.
        "title": f"{service.title}: {noun}",
        "description": f"Every event of the noun `{noun}`, to the URL that a subscriber gave, in order per subject.",
        "messages": {},
        "tags": [{"name": service.name}],
    }


def _feed(service: Service) -> Node:
    kinds = sorted(service.catalogue.entries())
    return {
        "address": "/v1/events",
        "title": f"{service.title}: feed",
        "description": "All events of the service in the order of their positions, by pages.",
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds},
        "tags": [{"name": service.name}],
    }


def _operation(channels: Node, channel: str, summary: str, method: str) -> Node:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{kind}"} for kind in channels[channel]["messages"]],
        "bindings": {"http": {"method": method, "bindingVersion": "0.3.0"}},
    }


def _moved(schema: Mapping[str, Any], kind: str, package: str, schemas: Node) -> Node:
    """Return ``schema`` with its definitions moved to ``schemas``, under the package's name."""
    definitions = schema.get("$defs", {})
    names = {name: f"{package}.{name}" for name in definitions}
    for name, definition in definitions.items():
        moved = _renamed(definition, names)
        if schemas.setdefault(names[name], moved) != moved:  # Another type of the same name.
            names[name] = f"{kind}.{name}"
    for name, definition in definitions.items():
        schemas[names[name]] = _renamed(definition, names)
    found: Node = _renamed({key: value for key, value in schema.items() if key != "$defs"}, names)
    return found


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    if isinstance(part, Mapping):
        return dict(_renamed_items(part, names))
    return [_renamed(each, names) for each in part] if isinstance(part, list) else part


def _renamed_items(part: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        if key == "$ref":
            yield key, f"#/components/schemas/{names[value.rpartition('/')[2]]}"
        else:
            yield key, _renamed(value, names)


if __name__ == "__main__":
    OUTPUT.write_text(text(all_services()), encoding="utf-8")
