"""Published schemas are those of the code, their examples fit, and they change only by additions."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal
from uuid import UUID

import pytest
from sample.main import service

from shared.kernel.events import Event
from shared.platform.auth import Role
from shared.platform.catalogue import BreakingChange, Catalogue, incompatibilities, invalid_examples


class Kind(StrEnum):
    A = "a"
    B = "b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True}
    kind: Literal["percent"] = "percent"
    rate: Decimal
    """Fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    kind: Literal["fixed"] = "fixed"
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPacked(Event):
    """A box was packed."""

    event_type: ClassVar[str] = "gondola.store_ops.box_packed.v1"
    noun: ClassVar[str] = "box"
    name: str
    """Name of the box 箱名."""
    kind: Kind
    on: date
    at: datetime
    terms: tuple[Percent | Fixed, ...]
    note: str | None = None


BOX = BoxPacked(
    id=UUID(int=1), name="箱", kind=Kind.A, on=date(2026, 1, 2), at=datetime.fromisoformat("2026-01-02T03:04:05.600Z"),
    terms=(Percent(rate=Decimal("0.1")), Fixed(amount=Decimal("1.00"))),
)  # fmt: skip


def catalogue(folder: Path) -> Catalogue:
    return Catalogue(service="store_ops", examples=[BOX], folder=folder)


def test_files_hold_schema_descriptions_and_an_example_that_fits(tmp_path: Path) -> None:
    boxes = catalogue(tmp_path)
    boxes.write()
    entry = json.loads((tmp_path / "store_ops.box_packed.v1.json").read_text(encoding="utf-8"))
    assert entry["description"] == "A box was packed."
    assert entry["schema"]["properties"]["name"]["description"] == "Name of the box 箱名."
    assert entry["schema"]["properties"]["id"]["description"] == "Identifier of the subject."
    assert entry["schema"]["required"] == list(entry["schema"]["properties"])
    assert entry["example"]["at"] == "2026-01-02T03:04:05.600Z"
    assert entry["example"]["terms"][0]["rate"] == "0.1"
    assert (tmp_path / "store_ops.webhook_endpoint_disabled.v1.json").exists()
    assert invalid_examples(boxes.published()) == []
    assert boxes.drift() == []


def test_drift_is_seen_in_every_direction(tmp_path: Path) -> None:
    boxes = catalogue(tmp_path)
    assert boxes.drift()[0] == "gondola.store_ops.box_packed.v1: not published"
    boxes.write()
    path = tmp_path / "store_ops.box_packed.v1.json"
    entry = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(entry | {"noun": "crate"}), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps(entry | {"type": "gondola.store_ops.other.v1"}), encoding="utf-8")
    assert boxes.drift() == [
        "gondola.store_ops.box_packed.v1: differs",
        "gondola.store_ops.other.v1: published, but not in the code",
    ]
    with pytest.raises(BreakingChange, match="noun changed"):
        boxes.write()


def test_an_example_that_does_not_fit_is_named(tmp_path: Path) -> None:
    entries = catalogue(tmp_path).entries()
    entries[BOX.event_type]["example"]["name"] = 1
    assert "$.name" in invalid_examples(entries)[0]


NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
BREAKS: dict[str, Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], Any]] = {
    "a field is removed": lambda _, fields, __: fields.pop("name"),
    "a field changes its type": lambda _, fields, __: fields.update(name={"type": "integer"}),
    "a field may be absent": lambda schema, _, __: schema["required"].remove("name"),
    "a field may be null": lambda _, fields, __: fields.update(name=NULLABLE),
    "a value is removed": lambda _, __, parts: parts["Kind"].update(enum=["a", "c"]),
    "a format changes": lambda _, fields, __: fields.update(on={"type": "string", "format": "date-time"}),
    "a field of a part is removed": lambda _, __, parts: parts["Percent"]["properties"].pop("rate"),
    "a kind of part is removed": lambda _, fields, __: fields["terms"].update(items={"$ref": "#/$defs/Percent"}),
    "parts become something else": lambda _, fields, __: fields["terms"].update(items={"type": "string"}),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_could_break_a_reader_is_refused(tmp_path: Path, what: str) -> None:
    old = catalogue(tmp_path).entries()
    new = copy.deepcopy(old)
    schema = new[BOX.event_type]["schema"]
    BREAKS[what](schema, schema["properties"], schema["$defs"])
    assert incompatibilities(old, new)


def test_additions_are_compatible(tmp_path: Path) -> None:
    old = catalogue(tmp_path).entries()
    new = copy.deepcopy(old)
    schema = new[BOX.event_type]["schema"]
    schema["properties"]["more"] = {"type": "string"}
    schema["required"].append("more")
    schema["$defs"]["Kind"]["enum"].append("c")
    schema["$defs"]["Free"] = {"type": "object", "title": "Free", "properties": {}}
    schema["properties"]["terms"]["items"]["anyOf"].append({"$ref": "#/$defs/Free"})
    new["gondola.store_ops.box_opened.v1"] = new[BOX.event_type]
    assert incompatibilities(old, new) == []
    assert incompatibilities(new, old)


def test_a_type_of_another_service_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Catalogue(service="contracts", examples=[BOX], folder=tmp_path).entries()


async def test_the_catalogue_is_served(api: Any) -> None:
    caller = api.as_(Role.ERP)
    shown = (await caller.get("/v1/event-types")).json()["items"]
    assert {each["type"] for each in shown} == set(service.catalogue.entries())
    schema = (await caller.get("/v1/event-types/gondola.contracts.thing_made.v1")).json()
    assert schema["properties"]["price"]["type"] == "string"
    assert (await caller.get("/v1/event-types/gondola.contracts.nothing.v1")).status_code == 404
