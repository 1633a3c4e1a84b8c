"""The published events: schema and example of each, written to files, compared with code, guarded against breaking."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from shared.kernel.events import Event
from shared.platform.json import encode
from shared.platform.platform_events import disabled_class

Schema = Mapping[str, Any]


class BreakingChange(Exception):
    """A published schema changed so that readers of the old one would stumble: publish a ``.v2`` beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The events of one service: ``examples`` has one instance of each class."""

    service: str
    """Package name: ``store_ops``."""
    examples: Sequence[Event]
    folder: Path
    """``events/published``: one file a type."""

    def entries(self) -> dict[str, dict[str, Any]]:
        """Return type, noun, description, schema and example of each event, by type."""
        disabled = disabled_class(self.service)(
            id=UUID("01900000-0000-7000-8000-000000000001"),
            owner="erp",
            url="https://erp.example.com/gondola",
            reason="no answer in 10 s",
        )
        return {event.event_type: self._entry(event) for event in (*self.examples, disabled)}

    def write(self) -> None:
        """Write the files.

        Raises:
            BreakingChange: a file that is there already would change incompatibly. Delete it if it was never released.
        """
        entries = self.entries()
        broken = incompatibilities(self.published(), entries)
        if broken:
            raise BreakingChange("\n".join(broken))
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind, entry in entries.items():
            self._path(kind).write_text(_text(entry), encoding="utf-8")

    def drift(self) -> list[str]:
        """Return what differs between the code and the files; empty if nothing does."""
        entries, files = self.entries(), self.published()
        found = [f"{kind}: published, but not in the code" for kind in files.keys() - entries.keys()]
        found += [f"{kind}: not published" for kind in entries.keys() - files.keys()]
        found += [
            f"{kind}: differs" for kind in entries.keys() & files.keys() if _text(entries[kind]) != _text(files[kind])
        ]
        return sorted(found)

    def published(self) -> dict[str, dict[str, Any]]:
        """Return what the files say, by type."""
        return published(self.folder)

    def _entry(self, event: Event) -> dict[str, Any]:
        kind, cls = event.event_type, type(event)
        prefix = f"gondola.{self.service}."
        assert re.fullmatch(re.escape(prefix) + r"[a-z_]+\.v\d+", kind), f"{kind} is not {prefix}<event>.v<number>"
        schema = _schema_of(cls)
        return {
            "type": kind,
            "noun": event.noun,
            "description": schema.get("description", ""),
            "schema": schema,
            "example": json.loads(encode(event)),
        }

    def _path(self, kind: str) -> Path:
        return self.folder / f"{kind.removeprefix('gondola.')}.json"


def _schema_of(cls: type[Event]) -> dict[str, Any]:
    """Return the schema of an event's data: every field is always there, and described, inherited ones too."""
    schema = TypeAdapter(cls).json_schema(mode="serialization")
    for base in cls.__mro__[1:]:
        if is_dataclass(base):
            inherited = TypeAdapter(base).json_schema(mode="serialization").get("properties", {})
            for name, field in inherited.items():
                if "description" in field:
                    schema["properties"][name].setdefault("description", field["description"])
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            part["required"] = list(part["properties"])
    return schema


def published(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the published events of ``folder``, by type."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {entry["type"]: entry for entry in found}


def invalid_examples(entries: Mapping[str, Schema]) -> list[str]:
    """Return which examples do not fit their schema; for tests, it needs ``jsonschema``."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - a tool of development

    return [
        f"{kind}: {error.json_path}: {error.message}"
        for kind, entry in entries.items()
        for error in Draft202012Validator(entry["schema"]).iter_errors(entry["example"])
    ]


def incompatibilities(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Return what a reader of ``old`` could stumble over in ``new``: fields may be added, nothing else.

    New members of a union and new values of an enumeration are additions as well: a new kind of fee is no new version.
    """
    found = [f"{kind}: no longer published" for kind in old.keys() - new.keys()]
    for kind in old.keys() & new.keys():
        was, now_is = old[kind], new[kind]
        if was["noun"] != now_is["noun"]:
            found.append(f"{kind}: noun changed")
        found += [
            f"{kind}: {each}"
            for each in _differences(was["schema"], now_is["schema"], was["schema"], now_is["schema"], "$")
        ]
    return sorted(found)


def _differences(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    for name, was in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{path}.{name} was removed"
            continue
        if name in old.get("required", ()) and name not in new.get("required", ()):
            yield f"{path}.{name} is no longer always there"
        yield from _differences(was, new["properties"][name], old_root, new_root, f"{path}.{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(old.get(inner), dict) and isinstance(new.get(inner), dict):
            yield from _differences(old[inner], new[inner], old_root, new_root, f"{path}[]")
    options = {_resolve(each, new_root).get("title"): each for each in _options(new)}
    for was in _options(old):
        title = _resolve(was, old_root).get("title")
        if title is not None and title in options:
            yield from _differences(was, options[title], old_root, new_root, f"{path}({title})")
    yield from _changes_of_form(set(_alternatives(old, old_root)), set(_alternatives(new, new_root)), path)


def _changes_of_form(was: set[str], now_is: set[str], path: str) -> Iterator[str]:
    if was - now_is:
        yield f"{path} no longer is {', '.join(sorted(was - now_is))}"
    if "null" in now_is - was:
        yield f"{path} can now be null"
    types = {each.partition(" ")[0] for each in was}
    if any(each.partition(" ")[0] not in types for each in now_is - was - {"null"}):
        yield f"{path} can now be of another type"


def _options(schema: Schema) -> Sequence[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or ()


def _alternatives(schema: Schema, root: Schema) -> Iterator[str]:
    """Yield a short name of every form that a value may take."""
    schema = _resolve(schema, root)
    if _options(schema):
        for option in _options(schema):
            yield from _alternatives(option, root)
    elif "enum" in schema or "const" in schema:
        for value in schema.get("enum", [schema.get("const")]):
            yield f"{type(value).__name__} {value!r}"
    else:
        shape = (
            schema.get("format") or schema.get("pattern") or schema.get("title" if "properties" in schema else "", "")
        )
        yield f"{schema.get('type', 'anything')} {shape}".strip()


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _text(entry: Schema) -> str:
    return json.dumps(entry, indent=2, ensure_ascii=False) + "\n"
