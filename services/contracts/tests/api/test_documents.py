"""The documents say what the service does."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from contracts.api import examples
from services.contracts.tests import bodies
from services.contracts.tests.bodies import ACCOUNT, ENTITY, PRODUCT
from shared.testing import Api

OURS = ("accounts", "settlement entities", "products", "contracts", "fee kinds")


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


async def test_the_documented_examples_are_accepted(manager: Api, payer: None) -> None:
    assert (await manager.put(f"/v1/products/{PRODUCT}", json=examples.PRODUCT)).status_code == 201
    contract = examples.CONTRACT | {"account_id": str(ACCOUNT), "settlement_entity_id": str(ENTITY)}
    path = (await manager.post("/v1/contracts", json=contract)).headers["location"]
    assert (await manager.post(f"{path}:sign", json=examples.SIGNATURE)).status_code == 200
    assert (await manager.post(f"{path}:amend", json=examples.AMENDMENT)).status_code == 200
    assert (await manager.post(f"{path}:terminate", json=examples.TERMINATION)).status_code == 200


async def test_answers_are_as_documented(
    manager: Api, document: dict[str, Any], signed: Callable[..., Awaitable[str]]
) -> None:
    await manager.put(f"/v1/products/{PRODUCT}", json=bodies.product())
    contract = await signed(terms=[examples.REBATE, examples.DC_DISCOUNT, examples.DISPLAY, examples.LUMP])
    await manager.post(f"{contract}:amend", json=bodies.amendment())
    ids = {
        "account_id": ACCOUNT,
        "entity_id": ENTITY,
        "product_id": PRODUCT,
        "contract_id": contract.rpartition("/")[2],
    }
    values = {"net_purchases": "100000000", "stores": "59", "as_of": "2026-01-31", "year": "2026"}
    seen = 0
    for path, operations in document["paths"].items():
        operation = operations.get("get", {})
        if operation.get("tags", [""])[0] not in OURS:
            continue
        names = {each["name"] for each in operation.get("parameters", ())}
        query = {name: value for name, value in values.items() if name in names}
        answer = await manager.get(path.format(**ids), params=query)
        assert answer.status_code == 200, answer.text
        model = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        Draft202012Validator({"components": document["components"], "$ref": model}).validate(answer.json())
        fields = document["components"]["schemas"][model.rpartition("/")[2]]["properties"]
        assert fields.keys() == answer.json().keys()
        seen += 1
    assert seen == 12


def test_every_body_shows_an_example_and_takes_decimals_as_strings_only(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("AccountIn", "SettlementEntityIn", "ProductIn", "ContractIn", "DraftIn", "SignIn", "AmendIn"):
        assert schemas[name]["examples"], name
        assert schemas[name]["additionalProperties"] is False
    numbers = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        if name.endswith(("In", "-Input"))
        for field, about in schema.get("properties", {}).items()
        if {"type": "number"} in about.get("anyOf", [about])
    ]
    assert numbers == []


def test_every_operation_says_who_may_call_it_and_what_it_does(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if operation["tags"][0] in OURS:
                assert operation["x-roles"], path
                assert operation["description"], path
