"""What the services publish is what the code sends, says what it is, and carries nothing confidential."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest

from shared.kernel.events import Event
from shared.platform.catalogue import Catalogue, incompatibilities, invalid_examples
from shared.platform.service import Service
from tests.architecture import event_rules as rules
from tests.architecture.discovery import listed, name_of, services

Entries = Mapping[str, Mapping[str, Any]]


@pytest.mark.parametrize("service", services(), ids=name_of)
class TestTheEventsOf:
    def test_are_published_as_they_are_in_the_code(self, service: Service):
        found = service.catalogue.drift()
        assert not found, listed([*found, "run: make events"])

    def test_have_valid_schemas_and_examples(self, service: Service):
        found = invalid_examples(service.catalogue.entries())
        assert not found, listed(found)

    def test_are_named_by_service_noun_and_past_verb(self, service: Service):
        found = rules.misnamed(service.package, service.catalogue.entries())
        assert not found, listed(found)

    def test_carry_nothing_confidential(self, service: Service):
        found = rules.confidential(service.catalogue.entries())
        assert not found, listed(found)

    def test_carry_exact_numbers_and_named_fields(self, service: Service):
        found = rules.inexact(service.catalogue.entries())
        assert not found, listed(found)

    def test_describe_every_field(self, service: Service):
        found = rules.undescribed(service.catalogue.entries())
        assert not found, listed(found)

    def test_are_all_published(self, service: Service):
        found = rules.unpublished(service.package, service.catalogue.entries())
        assert not found, listed(found)


def test_a_type_is_published_by_one_service_only():
    kinds = [kind for service in services() for kind in service.catalogue.entries()]
    assert len(kinds) == len(set(kinds))


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingMoved(Event):
    """A thing was moved."""

    event_type: ClassVar[str] = "gondola.things.thing_moved.v1"
    noun: ClassVar[str] = "thing"
    place: str
    """Where it is now."""
    weight: Decimal
    """In kilograms."""


EXAMPLE = ThingMoved(id=UUID(int=1), place="here", weight=Decimal("1.5"))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    found = Catalogue(service="things", examples=(EXAMPLE,), folder=tmp_path)
    found.write()
    return found


@pytest.fixture
def entries(catalogue: Catalogue) -> dict[str, Any]:
    return copy.deepcopy(catalogue.entries())


def test_a_good_event_passes(entries: Entries):
    checks: list[Callable[[Entries], list[str]]] = [rules.confidential, rules.inexact, rules.undescribed]
    assert not [check(entries) for check in checks if check(entries)]
    assert not rules.misnamed("things", entries)
    assert not invalid_examples(entries)


def test_a_file_that_differs_from_the_code_is_found(catalogue: Catalogue):
    assert not catalogue.drift()
    path = next(catalogue.folder.glob("*thing_moved*"))
    published = json.loads(path.read_text())
    path.write_text(json.dumps(published | {"description": "Another."}))
    assert catalogue.drift() == ["gondola.things.thing_moved.v1: differs"]
    path.unlink()
    assert catalogue.drift() == ["gondola.things.thing_moved.v1: not published"]


def test_an_example_that_does_not_fit_is_found(entries: dict[str, Any]):
    entries[ThingMoved.event_type]["example"]["place"] = 3
    assert invalid_examples(entries)


def test_a_removed_field_is_a_breaking_change(catalogue: Catalogue, entries: dict[str, Any]):
    del entries[ThingMoved.event_type]["schema"]["properties"]["place"]
    assert incompatibilities(catalogue.entries(), entries)
    assert not incompatibilities(entries, catalogue.entries())


@pytest.mark.parametrize("kind", ["gondola.things.move_thing.v1", "gondola.other.thing_moved.v1", "things.moved.v1"])
def test_a_wrong_name_is_found(kind: str):
    assert rules.misnamed("things", {kind: {"noun": "thing"}})


def test_a_wrong_noun_is_found():
    assert rules.misnamed("things", {"gondola.things.thing_moved.v1": {"noun": "Thing_x"}})


@pytest.mark.parametrize("name", ["mobile_phone", "birthday", "bottom_line", "client_secret", "AccessToken"])
def test_a_confidential_field_is_found_also_in_a_nested_type(name: str):
    schema = {"properties": {}, "$defs": {"Inner": {"properties": {name: {"type": "string"}}}}}
    assert rules.confidential({"a": {"schema": schema}})


@pytest.mark.parametrize("field", [{"type": "number"}, {"anyOf": [{"type": "number"}]}, {"type": "object"}])
def test_an_inexact_or_shapeless_field_is_found(field: dict[str, Any]):
    assert rules.inexact({"a": {"schema": {"properties": {"b": field}}}})


def test_a_field_without_description_is_found():
    assert rules.undescribed({"a": {"schema": {"properties": {"b": {"type": "string"}}}}})


def test_an_event_class_without_example_is_found(catalogue: Catalogue):
    package = __name__.rpartition(".")[0]
    assert rules.unpublished(package, replace(catalogue, examples=()).entries())
    assert not rules.unpublished(package, catalogue.entries())
