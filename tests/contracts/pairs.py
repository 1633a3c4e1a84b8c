"""Who reads what of whom, and the examples that are fed to them."""

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from shared.platform.inbox import Handlers, Received
from shared.platform.service import Service
from tests.architecture.discovery import services

Entry = Mapping[str, Any]
NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)


@cache
def published() -> dict[str, Entry]:
    """Return all published events, by type."""
    return {kind: entry for service in services() for kind, entry in service.catalogue.entries().items()}


def reads() -> list[tuple[Service, str]]:
    """Return each consumer with each type that it has a handler for."""
    return [(service, kind) for service in services() for kind in service.inbound.noun_of]


def read_name(value: object) -> str:
    """Return the name of a parametrised case."""
    return value.name if isinstance(value, Service) else str(value)


def received(handlers: Handlers, kind: str, data: Entry, *, version: int = 1) -> Received[Any]:
    """Return an event as the consumer's handler gets it."""
    found = handlers.find(kind)
    assert found is not None
    return Received(
        id=UUID(int=version),
        type=kind,
        subject_id=UUID(data["id"]),
        version=version,
        time=NOON,
        data=found[1](json.dumps(data)),
    )


def with_nulls(entry: Entry) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the example once for each field that may be null, with null in that field.

    ``account_id`` is left alone: whether a noun belongs to an account is the same in all events of the noun.
    """
    definitions = entry["schema"].get("$defs", {})
    for path in _nullable(entry["schema"], definitions, ()):
        data = copy.deepcopy(dict(entry["example"]))
        if path != ("account_id",) and _put_null(data, path):
            yield ".".join(path), data


def _nullable(schema: Entry, definitions: Mapping[str, Entry], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in schema.get("properties", {}).items():
        options = field.get("anyOf", (field,))
        if any(option.get("type") == "null" for option in options):
            yield (*path, name)
        for option in options:
            inner = option.get("items", option)
            if "$ref" in inner:
                yield from _nullable(definitions[inner["$ref"].rpartition("/")[2]], definitions, (*path, name))


def _put_null(data: Any, path: tuple[str, ...]) -> bool:
    """Put null at ``path``, in every element of a list on the way; say whether something was changed."""
    if isinstance(data, list):
        changes = [_put_null(each, path) for each in data]  # In all of them, not only up to the first.
        return any(changes)
    if not isinstance(data, dict) or path[0] not in data:
        return False
    if len(path) > 1:
        return _put_null(data[path[0]], path[1:])
    changed = data[path[0]] is not None
    data[path[0]] = None
    return changed
