"""The four OpenAPI documents say what a caller needs to know."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from shared.platform.auth import Role
from shared.platform.events_api import routers as platform_routers
from shared.platform.service import Service
from tests.architecture import openapi_rules as rules
from tests.architecture.discovery import listed, name_of, openapi, services

Rule = Callable[[dict[str, Any]], list[str]]
RULES: tuple[Rule, ...] = (
    rules.undocumented,
    rules.undocumented_errors,
    rules.undescribed_answers,
    rules.undescribed_fields,
    rules.unbounded_lists,
    rules.unbounded_inputs,
    rules.floats,
)

PROBLEM = {"description": "No.", "content": {"application/problem+json": {"schema": {"type": "object"}}}}
GOOD: dict[str, Any] = {
    "paths": {
        "/v1/things/{thing_id}": {
            "put": {
                "summary": "Put thing",
                "description": "Put a thing.",
                "operationId": "put_thing",
                "tags": ["things"],
                "x-roles": ["admin"],
                "parameters": [{"name": "If-Match", "in": "header", "schema": {}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    **{str(status): PROBLEM for status in (400, 401, 403, 404, 409, 412, 413, 422, 429, 503)},
                },
            }
        },
        "/v1/things": {
            "get": {
                "summary": "List things",
                "description": "List things.",
                "operationId": "list_things",
                "tags": ["things"],
                "x-roles": [],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 500}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingPage"}}}},
                    **{str(status): PROBLEM for status in (400, 401, 403, 404, 422, 429, 503)},
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Thing": {
                "properties": {
                    "name": {"type": "string", "description": "What it is called."},
                    "part": {"$ref": "#/components/schemas/Part"},
                    "tags": {"type": "array", "maxItems": 5, "items": {"type": "string"}, "description": "Marks."},
                }
            },
            "Part": {"description": "A part.", "properties": {"no": {"type": "integer", "description": "Number."}}},
            "ThingPage": {"properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}},
        }
    },
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("service", services(), ids=name_of)
def test_the_document_obeys(service: Service, rule: Rule):
    found = rule(openapi(service))
    assert not found, listed(found)


@pytest.mark.parametrize("service", services(), ids=name_of)
def test_policies_name_roles_and_only_the_platform_lets_anybody_in(service: Service):
    platform = {route.operation_id for router in platform_routers for route in router.routes}  # type: ignore[attr-defined]
    found = []
    for place, operation in rules.operations(openapi(service)):
        policy = operation["x-roles"]
        if policy == "signed" or not policy:
            found += [f"{place}: {policy!r}"] if operation["operationId"] not in platform else []
        elif not set(policy) <= set(Role):
            found.append(f"{place}: {policy}")
    assert not found, listed(found)


def test_an_operation_id_means_one_thing_in_all_four_documents():
    paths = defaultdict(set)
    for service in services():
        for place, operation in rules.operations(openapi(service)):
            paths[operation["operationId"]].add(place)
    found = [f"{name}: {sorted(places)}" for name, places in paths.items() if len(places) > 1]
    assert not found, listed(found)


@pytest.mark.parametrize("service", services(), ids=name_of)
def test_paths_are_plural_nouns_in_kebab_case(service: Service):
    found = [path for path in openapi(service)["paths"] if not rules.PATH.match(path)]
    assert not found, listed(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_document_passes(rule: Rule):
    assert not rule(GOOD)


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return GOOD with the part at ``path`` replaced, or removed for None."""
    import copy  # noqa: PLC0415
    from functools import reduce  # noqa: PLC0415

    document = copy.deepcopy(GOOD)
    *parents, last = path.split(" ")
    parent = reduce(lambda node, key: node[key], parents, document)
    if value is None:
        del parent[last]
    else:
        parent[last] = value
    return document


PUT = "paths /v1/things/{thing_id} put"
LIST = "paths /v1/things get"


@pytest.mark.parametrize(
    ("rule", "path", "value"),
    [
        (rules.undocumented, f"{PUT} summary", None),
        (rules.undocumented, f"{PUT} description", ""),
        (rules.undocumented, f"{PUT} tags", []),
        (rules.undocumented, f"{PUT} operationId", "putThing"),
        (rules.undocumented, f"{PUT} operationId", "list_things"),
        (rules.undocumented, f"{PUT} x-roles", None),
        (rules.undocumented_errors, f"{PUT} responses 412", None),
        (rules.undocumented_errors, f"{PUT} responses 413", None),
        (rules.undocumented_errors, f"{LIST} responses 429", None),
        (rules.undocumented_errors, f"{LIST} responses 404", {"description": "No."}),
        (rules.undescribed_answers, f"{PUT} responses 200", {"description": "Done."}),
        (rules.undescribed_answers, f"{PUT} responses 200 content application/json schema", {}),
        (rules.undescribed_fields, "components schemas Thing properties name", {"type": "string"}),
        (rules.undescribed_fields, "components schemas Part description", None),
        (rules.unbounded_lists, f"{LIST} parameters", []),
        (rules.unbounded_lists, f"{LIST} parameters 0 schema", {"type": "integer"}),
        (rules.unbounded_inputs, "components schemas Thing properties tags maxItems", None),
        (rules.floats, "components schemas Part properties no", {"type": "number"}),
    ],
)
def test_a_bad_document_is_found(rule: Rule, path: str, value: Any):
    keys = path.split(" ")
    if "parameters" in keys[:-1]:
        document = changed(f"{LIST} parameters", [{"name": "limit", "in": "query", "schema": value}])
    else:
        document = changed(path, value)
    assert rule(document)


@pytest.mark.parametrize("path", ["/v1/things/{thingId}", "/things", "/v1/Things", "/v1/thing_kinds", "/v1/things/"])
def test_a_path_in_another_style_is_found(path: str):
    assert not rules.PATH.match(path)
