"""The AsyncAPI document is generated, complete, and right in itself."""

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from deploy import asyncapi
from tests.architecture.discovery import listed, services
from tests.contracts.pairs import published

Node = dict[str, Any]
KEY = re.compile(r"^[A-Za-z0-9._-]+$")
NOT_IN_DRAFT_7 = frozenset({"$defs", "prefixItems", "unevaluatedProperties", "dependentRequired", "$dynamicRef"})
REQUIRED = {
    "": ("asyncapi", "info", "channels", "operations", "components"),
    "info": ("title", "version"),
    "channel": ("address", "messages"),
    "operation": ("action", "channel", "messages"),
    "message": ("name", "title", "summary", "contentType", "payload", "examples", "tags"),
}


@cache
def generated() -> Node:
    return asyncapi.document(services())


def parts(node: Any, path: str = "#") -> Iterator[tuple[str, Any]]:
    """Yield every part of a document with its JSON pointer."""
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from parts(value, f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}")


def malformed(document: Node) -> list[str]:
    """Return what keeps the document from being AsyncAPI 3 as we write it."""
    found = [f"no {name}" for name in REQUIRED[""] if name not in document]
    found += [f"info: no {name}" for name in REQUIRED["info"] if name not in document["info"]]
    if document["asyncapi"] != "3.0.0":
        found.append(f"asyncapi is {document['asyncapi']}")
    groups = {
        "channel": document["channels"],
        "operation": document["operations"],
        "message": document["components"]["messages"],
    }
    for kind, group in groups.items():
        for key, each in group.items():
            found += [f"{key}: not a key"] if not KEY.match(key) else []
            found += [f"{kind} {key}: no {name}" for name in REQUIRED[kind] if name not in each]
    for key, operation in document["operations"].items():
        channel = operation["channel"]["$ref"]
        found += [] if operation["action"] in {"send", "receive"} else [f"{key}: {operation['action']}"]
        outside = [
            each["$ref"] for each in operation["messages"] if not each["$ref"].startswith(f"{channel}/messages/")
        ]
        found += [f"{key}: {each} is not of its channel" for each in outside]
    return found


def dangling(document: Node) -> list[str]:
    """Return references that lead nowhere."""
    known = {path for path, _ in parts(document)}
    return [
        f"{path}: {part['$ref']}"
        for path, part in parts(document)
        if isinstance(part, dict) and isinstance(part.get("$ref"), str) and part["$ref"] not in known
    ]


def wrong_examples(document: Node) -> list[str]:
    """Return messages whose payload is no JSON Schema (draft 7), and examples that do not fit it."""
    registry: Registry[Any] = Registry().with_resource("urn:asyncapi", DRAFT7.create_resource(document))
    found = []
    for kind, message in document["components"]["messages"].items():
        payload = f"urn:asyncapi#/components/messages/{kind}/payload"
        for example in message["examples"]:
            errors = Draft7Validator({"$ref": payload}, registry=registry).iter_errors(example["payload"])
            found += [f"{kind}: {error.json_path}: {error.message}" for error in errors]
    for name, schema in document["components"]["schemas"].items():
        found += [
            f"{name}: {error.message}" for error in Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(schema)
        ]
        found += [
            f"{path} of {name}: not in draft 7" for path, _ in parts(schema) if path.split("/")[-1] in NOT_IN_DRAFT_7
        ]
    return found


def test_the_file_is_what_the_catalogues_say():
    written = asyncapi.OUTPUT.read_text(encoding="utf-8") if asyncapi.OUTPUT.exists() else ""
    assert written == asyncapi.text(services()), "run: python -m deploy.asyncapi"


def test_the_document_is_well_formed():
    found = [*malformed(generated()), *dangling(generated()), *wrong_examples(generated())]
    assert not found, listed(found)


def test_every_event_is_sent_in_the_channel_of_its_noun_and_in_the_feed():
    document = generated()
    assert set(document["components"]["messages"]) == set(published())
    for kind, entry in published().items():
        service = kind.split(".")[1].replace("_", "-")
        for channel in (f"{service}.{entry['noun']}", f"{service}.feed"):
            assert kind in document["channels"][channel]["messages"]


def test_the_document_tells_who_reads_what():
    messages = generated()["components"]["messages"]
    for service in services():
        for kind in service.inbound.noun_of:
            assert service.name in messages[kind]["x-consumers"]


@pytest.fixture
def document() -> Node:
    return copy.deepcopy(generated())


def test_a_missing_part_is_found(document: Node):
    del document["info"]["title"]
    message = next(iter(document["components"]["messages"].values()))
    del message["payload"]
    assert len(malformed(document)) == 2


def test_a_message_of_another_channel_is_found(document: Node):
    first, second = list(document["operations"].values())[:2]
    second["messages"] = first["messages"]
    assert malformed(document)


def test_a_dangling_reference_is_found(document: Node):
    next(iter(document["operations"].values()))["channel"]["$ref"] = "#/channels/none"
    assert dangling(document)


def test_a_wrong_example_and_a_newer_keyword_are_found(document: Node):
    message = next(iter(document["components"]["messages"].values()))
    message["examples"][0]["payload"]["type"] = "another"
    document["components"]["schemas"]["Odd"] = {"type": "objekt"}
    document["components"]["schemas"]["New"] = {"prefixItems": []}
    assert len(wrong_examples(document)) == 3
