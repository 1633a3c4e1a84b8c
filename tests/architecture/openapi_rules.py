"""Rules over an OpenAPI document; each returns what breaks it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]
METHODS = frozenset({"get", "put", "post", "patch", "delete", "head"})
VERB_NOUN = re.compile(r"^[a-z]+(_[a-z0-9]+)+$")
PATH = re.compile(r"^/v1(/([a-z0-9]+(-[a-z0-9]+)*|\{[a-z0-9_]+\}))+(:[a-z]+(-[a-z]+)*)?$")
ALWAYS_DOCUMENTED = frozenset({"400", "401", "403", "404", "422", "429", "503"})
LIMIT_MAX = 1000


def operations(document: Node) -> Iterator[tuple[str, Node]]:
    """Yield each operation with its place, like ``PUT /v1/stores/{store_id}``."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def undocumented(document: Node) -> list[str]:
    """Return operations without summary, description, tag, ``verb_noun`` or stated policy."""
    found = []
    for place, operation in operations(document):
        found += [f"{place}: no {part}" for part in ("summary", "description", "tags") if not operation.get(part)]
        if not VERB_NOUN.match(operation.get("operationId", "")):
            found.append(f"{place}: operationId {operation.get('operationId')!r} is not verb_noun")
        if operation.get("x-roles") is None:
            found.append(f"{place}: no policy")
    names = [operation.get("operationId") for _, operation in operations(document)]
    return found + [f"operationId {name!r} is not unique" for name in {each for each in names if names.count(each) > 1}]


def undocumented_errors(document: Node) -> list[str]:
    """Return operations that do not name the errors that they may answer, each as a problem document."""
    found = []
    for place, operation in operations(document):
        answers = operation["responses"]
        expected = set(ALWAYS_DOCUMENTED)
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        if "If-Match" in names:
            expected |= {"412"}
        if "Idempotency-Key" in names or place.startswith("PUT"):
            expected |= {"409"}
        if operation.get("requestBody"):
            expected |= {"413"}
        found += [f"{place}: {status} is not documented" for status in sorted(expected - answers.keys())]
        found += [
            f"{place}: {status} is not a problem document"
            for status, answer in answers.items()
            if status >= "4" and "application/problem+json" not in answer.get("content", {})
        ]
    return found


def undescribed_answers(document: Node) -> list[str]:
    """Return operations whose successful answer has no schema."""
    found = []
    for place, operation in operations(document):
        for status, answer in operation["responses"].items():
            contents = answer.get("content", {})
            if not status.startswith("2") or status == "204" or place.startswith("HEAD"):
                continue
            bodies = [body.get("schema") for kind, body in contents.items() if kind == "application/json"]
            if not contents or any(not schema for schema in bodies):
                found.append(f"{place}: {status} has no schema")
    return found


def undescribed_fields(document: Node) -> list[str]:
    """Return fields of requests and answers that nothing describes."""
    found = []
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if not name.endswith("Page"):
            found += _undescribed(schema, name, document)
    for place, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            found += _undescribed(content.get("schema", {}), place, document)
    return found


def unbounded_lists(document: Node) -> list[str]:
    """Return reads that answer a list without a limit on its length."""
    found = []
    for place, operation in operations(document):
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        schema = resolve(answer.get("schema", {}), document)
        items = schema.get("properties", {}).get("items")
        is_list = operation.get("operationId", "").startswith("list_") or (items and not place.endswith("}"))
        if place.startswith("GET") and is_list and not _has_limit(operation) and "maxItems" not in (items or {}):
            found.append(f"{place}: a list with neither the parameter limit (at most {LIMIT_MAX}) nor maxItems")
        if schema.get("type") == "array" and "maxItems" not in schema:
            found.append(f"{place}: answers a bare list")
    return found


def unbounded_inputs(document: Node) -> list[str]:
    """Return lists in requests that may be of any length."""
    found = []
    for place, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for path, part in _parts(content.get("schema", {}), place, document, frozenset()):
                if part.get("type") == "array" and "maxItems" not in part:
                    found.append(f"{path}: a list without maxItems")
    return sorted(set(found))


def floats(document: Node) -> list[str]:
    """Return fields that are JSON numbers with a fraction: money, prices, rates and quantities are decimal strings."""
    return [
        f"{path}: a number"
        for name, schema in document.get("components", {}).get("schemas", {}).items()
        for path, part in _parts(schema, name, document, frozenset())
        if part.get("type") == "number"
    ]


def resolve(schema: Node, document: Node) -> Node:
    """Return the schema that a reference stands for."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _has_limit(operation: Node) -> bool:
    limits = [each["schema"] for each in operation.get("parameters", ()) if each["name"] == "limit"]
    return any(limit.get("maximum", LIMIT_MAX + 1) <= LIMIT_MAX for limit in limits)


def _undescribed(schema: Node, where: str, document: Node) -> list[str]:
    """Return the fields right below ``schema``, and below objects written inside it, without a description.

    A field described by its type is described: a reference whose target has a description.
    """
    found = []
    for name, field in schema.get("properties", {}).items():
        targets = [field, *(resolve(each, document) for each in field.get("anyOf", ()) if "$ref" in each)]
        if not any(target.get("description") for target in (*targets, resolve(field, document))):
            found.append(f"{where}.{name}: no description")
        for inner in (field, field.get("items", {})):
            if "properties" in inner:
                found += _undescribed(inner, f"{where}.{name}", document)
    return found


def _parts(schema: Node, path: str, document: Node, seen: frozenset[str]) -> Iterator[tuple[str, Node]]:
    """Yield ``schema`` and all that it is made of, with their paths; recursive types once."""
    reference = schema.get("$ref", "")
    if reference in seen:
        return
    schema, seen = resolve(schema, document), seen | {reference} if reference else seen
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from _parts(field, f"{path}.{name}", document, seen)
    for key in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(key, ()):
            yield from _parts(option, path, document, seen)
    if isinstance(schema.get("items"), Mapping):
        yield from _parts(schema["items"], f"{path}[]", document, seen)
