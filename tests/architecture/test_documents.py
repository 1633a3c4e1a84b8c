"""What the documents say is there is there."""

import re
from pathlib import Path

import pytest

from tests.architecture import document_rules as rules
from tests.architecture import openapi_rules
from tests.architecture.discovery import ROOT, listed, openapi, place, services, text_of

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "services").glob("*/README.md")])
DECISIONS = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_what_exists(document: Path):
    text, targets = text_of(document), set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    found = [f"link {each}" for each in rules.dead_links(document, text)]
    found += [f"path {each}" for each in rules.missing_paths(document, ROOT, text)]
    found += [f"target {each}" for each in rules.unknown_targets(text, targets)]
    operations = {operation for service in services() for operation, _ in openapi_rules.operations(openapi(service))}
    found += [f"call {each}" for each in rules.unknown_calls(text, operations)]
    assert not found, listed(f"{place(document)}: {each}" for each in found)


def test_decisions_are_records_of_one_page():
    found = [each for path in DECISIONS for each in rules.malformed_decision(path.name, text_of(path))]
    assert DECISIONS
    assert not found, listed(found)


def test_the_index_lists_every_decision():
    found = rules.unlisted({path.name for path in DECISIONS}, text_of(ROOT / "docs" / "adr" / "README.md"))
    assert not found, listed(found)


def test_a_dead_link_a_missing_path_and_an_unknown_target_are_found(tmp_path: Path):
    (tmp_path / "there.md").touch()
    assert rules.dead_links(tmp_path / "a.md", "[a](there.md) [b](gone.md#x) [c](https://example.com)") == ["gone.md"]
    assert rules.missing_paths(tmp_path / "a.md", tmp_path, "`docs/gone.md` `docs/<name>.md` `x/y`") == ["docs/gone.md"]
    assert rules.unknown_targets("`make tea` and make sense\n```\nmake test\n```", {"test"}) == ["tea"]


def test_an_unknown_call_is_found():
    known = {"GET /v1/things/{thing_id}", "POST /v1/things/{thing_id}:move"}
    text = "`GET /v1/things/{id}?x=1`, then POST /v1/things/{id}:move. Not `POST /v1/things/{id}:drop`, `PUT /v1/<x>`."
    assert rules.unknown_calls(text, known) == ["POST /v1/things/{id}:drop"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("1-a.md", "# 1. A\n## Context\n## Decision\n## Consequences\n"),
        ("0001-a.md", "# A\n## Context\n## Decision\n## Consequences\n"),
        ("0001-a.md", "# 1. A\n## Context\n## Decision\n"),
        ("0001-a.md", "# 1. A\n## Context\n## Decision\n## Consequences\n" + "\n" * 100),
    ],
)
def test_a_malformed_decision_is_found(name: str, text: str):
    assert rules.malformed_decision(name, text)


@pytest.mark.parametrize(
    ("names", "index"),
    [
        ({"0001-a.md", "0002-b.md"}, "[a](0001-a.md)"),
        ({"0001-a.md", "0003-b.md"}, "[a](0001-a.md) [b](0003-b.md)"),
        ({"0001-a.md", "0002-b.md"}, "[b](0002-b.md) [a](0001-a.md)"),
    ],
)
def test_an_incomplete_index_is_found(names: set[str], index: str):
    assert rules.unlisted(names, index)
    assert not rules.unlisted({"0001-a.md", "0002-b.md"}, "[a](0001-a.md) [b](0002-b.md)")
