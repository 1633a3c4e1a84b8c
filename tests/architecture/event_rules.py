"""Rules over the published events; each returns what breaks it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.kernel.events import Event
from tests.architecture.source_rules import words_of

Entry = Mapping[str, Any]
TYPE = re.compile(r"^gondola\.(?P<package>[a-z_]+)\.(?P<noun>[a-z]+(_[a-z]+)*)_(?P<verb>[a-z]+ed)\.v[1-9][0-9]*$")
NOUN = re.compile(r"^[a-z]+(-[a-z]+)*$")
CONFIDENTIAL = (
    "phone", "mobile", "wechat", "email", "mail", "fax", "birthday", "birth", "gender", "passport", "id_card", "salary",
    "home_address", "bottom_line", "walk_away", "floor_price", "secret", "secrets", "password", "passwd", "token",
    "tokens", "credential", "credentials", "api_key", "private_key", "bank_account", "iban", "signatory", "contact",
)  # fmt: skip
"""Personal data, the negotiation's limits and anything that opens a door: no event carries them."""


def misnamed(package: str, entries: Mapping[str, Entry]) -> list[str]:
    """Return types that are not ``gondola.<package>.<noun>_<past verb>.v1`` and nouns that are not kebab-case."""
    found = [f"{kind}: not gondola.{package}.<noun>_<past verb>.v1" for kind in entries if not _is_type(kind, package)]
    return found + [
        f"{kind}: noun {entry['noun']!r}" for kind, entry in entries.items() if not NOUN.match(entry["noun"])
    ]


def confidential(entries: Mapping[str, Entry]) -> list[str]:
    """Return fields whose names are those of confidential things."""
    return [
        f"{kind}: {path}"
        for kind, entry in entries.items()
        for path, name, _ in fields(entry["schema"])
        if any(set(each.split("_")) <= words_of(name) and each in name.lower() for each in CONFIDENTIAL)
    ]


def inexact(entries: Mapping[str, Entry]) -> list[str]:
    """Return fields that are JSON numbers with a fraction, or objects without named fields."""
    found = []
    for kind, entry in entries.items():
        for path, _, schema in fields(entry["schema"]):
            for option in (schema, *schema.get("anyOf", ()), schema.get("items", {})):
                if option.get("type") == "number":
                    found.append(f"{kind}: {path} is a number, not a decimal string")
                if option.get("type") == "object" and "properties" not in option:
                    found.append(f"{kind}: {path} has no named fields")
    return found


def undescribed(entries: Mapping[str, Entry]) -> list[str]:
    """Return fields without a description."""
    definitions = {kind: entry["schema"].get("$defs", {}) for kind, entry in entries.items()}
    return sorted(
        {
            f"{kind}: {path}"
            for kind, entry in entries.items()
            for path, _, schema in fields(entry["schema"])
            if not schema.get("description") and not _described_by_type(schema, definitions[kind])
        }
    )


def unpublished(package: str, entries: Mapping[str, Entry]) -> list[str]:
    """Return event classes of ``package`` that have no example, hence are not published."""
    return [
        f"{cls.__module__}.{cls.__name__}"
        for cls in _subclasses(Event)
        if cls.__module__.startswith(f"{package}.") and "event_type" in cls.__dict__ and cls.event_type not in entries
    ]


def fields(schema: Entry) -> Iterator[tuple[str, str, Entry]]:
    """Yield path, name and schema of each field, those of nested types under the type's name."""
    for owner, definition in {"": schema, **schema.get("$defs", {})}.items():
        for name, field in definition.get("properties", {}).items():
            yield f"{owner}.{name}" if owner else name, name, field


def _is_type(kind: str, package: str) -> bool:
    match = TYPE.match(kind)
    return match is not None and match["package"] == package


def _described_by_type(schema: Entry, definitions: Mapping[str, Entry]) -> bool:
    references = [schema, *schema.get("anyOf", ()), schema.get("items", {})]
    return any(definitions[each["$ref"].rpartition("/")[2]].get("description") for each in references if "$ref" in each)


def _subclasses(cls: type[Event]) -> Iterator[type[Event]]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)
