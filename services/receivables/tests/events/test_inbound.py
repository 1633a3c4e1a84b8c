"""What other services say is kept, the latest version counts, and every published example can be read."""

from typing import Any

import msgspec
import pytest

from receivables.events.examples import EXAMPLES
from receivables.events.inbound import handlers
from services.receivables.tests.examples import (
    BOOKING,
    CONTRACT,
    OTHER_ENTITY,
    PROMOTION,
    SKU,
    STORES,
    TASKS,
    a_contract,
    a_promotion,
    a_term,
    a_version,
    an_execution,
)  # fmt: skip
from shared.platform.json import encode
from shared.platform.service import Service


async def test_contracts_are_kept_with_versions_and_terms(world: None, deliver: Any, database: Any):
    first = a_version(terms=[a_term("T1"), a_term("T2", minimum="200000.00", period="month", driver="periods")])
    await deliver("gondola.contracts.contract_signed.v1", a_contract(first, status="signed"))
    await deliver("gondola.contracts.contract_activated.v1", a_contract(first))
    contract = await database.fetchrow("SELECT * FROM contracts WHERE id = $1", CONTRACT)
    assert (contract["status"], contract["version"]) == ("active", 2)
    terms = await database.fetch("SELECT code, clause, minimum, tiers FROM contract_terms ORDER BY code")
    assert [(row["code"], row["clause"], str(row["minimum"])) for row in terms] == [
        ("T1", "§4.2", "None"),
        ("T2", "§4.2", "200000.00"),
    ]
    assert msgspec.json.decode(terms[0]["tiers"]) == [{"threshold": "0", "rate": "0.02"}]


async def test_a_version_that_holds_no_day_is_withdrawn_not_forgotten(world: None, deliver: Any, database: Any):
    await deliver("gondola.contracts.contract_signed.v1", a_contract(a_version(terms=[a_term("T1")])))
    await deliver("gondola.contracts.contract_amended.v1", a_contract(a_version(2, terms=[a_term("T1")])))
    rows = await database.fetch("SELECT number, is_withdrawn FROM contract_versions ORDER BY number")
    assert [tuple(row) for row in rows] == [(1, True), (2, False)]


async def test_an_older_version_of_an_event_changes_nothing(world: None, deliver: Any, database: Any):
    kind = "gondola.contracts.product_changed.v1"
    product = {"id": SKU, "sku": "SKU1", "name": "New name", "brand": None, "category": None}
    await deliver(kind, product)
    await deliver(kind, product | {"name": "Old name"}, version=1)
    assert await database.fetchval("SELECT name FROM products WHERE id = $1", SKU) == "New name"


async def test_promotions_follow_their_changes(world: None, deliver: Any, database: Any):
    await deliver("gondola.promotions.promotion_committed.v1", a_promotion(status="committed"))
    changed = a_promotion(status="committed", settlement_entity_id=OTHER_ENTITY)
    changed["tactics"] = [changed["tactics"][0] | {"planned_amount": "900.00"}]
    await deliver("gondola.promotions.promotion_changed.v1", changed)
    await deliver("gondola.promotions.promotion_started.v1", changed | {"status": "started"})
    row = await database.fetchrow("SELECT * FROM promotions WHERE id = $1", PROMOTION)
    assert (row["status"], row["settlement_entity_id"], row["store_ids"]) == ("started", OTHER_ENTITY, STORES)
    assert str(await database.fetchval("SELECT planned_amount FROM promotion_tactics")) == "900.00"


async def test_a_verdict_is_replaced_by_a_later_one(world: None, deliver: Any, database: Any):
    await deliver("gondola.store_ops.execution_verified.v1", an_execution(0, "unproven"))
    await deliver("gondola.store_ops.execution_verified.v1", an_execution(0))
    rows = await database.fetch("SELECT id, verdict, photo_sha256s FROM executions")
    assert [tuple(row) for row in rows] == [(TASKS[0], "executed", ["c" * 64])]


async def test_a_released_dm_slot_stays_on_record(promotion: None, deliver: Any, database: Any):
    await deliver("gondola.promotions.dm_slot_released.v1", {"id": BOOKING})
    row = await database.fetchrow("SELECT slot_no, is_released, version FROM dm_slot_bookings")
    assert tuple(row) == (5, True, 2)


@pytest.mark.parametrize("kind", sorted(handlers.models))
def test_handlers_read_frozen_dataclasses(kind: str):
    assert handlers.models[kind].__dataclass_params__.frozen


def test_the_published_schemas_are_those_of_the_code(service: Service):
    folder = service.catalogue.folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    service.catalogue.write()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.event_type)
def test_an_example_holds_no_float_and_no_gap(example: Any):
    data = msgspec.json.decode(encode(example))
    assert not any(isinstance(value, float) for value in data.values())
    assert data["account_id"] is not None
