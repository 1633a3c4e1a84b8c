"""The worker begins and ends contracts by today's date."""

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI

from contracts.app.advance import advance_job
from services.contracts.tests import bodies
from services.contracts.tests.bodies import ACCOUNT, ENTITY
from shared.platform.auth import Role
from shared.platform.jobs import JobContext
from shared.platform.settings import ServiceSettings
from shared.testing import Api, Clock


async def test_a_contract_that_is_long_past_begins_and_ends_in_one_go(
    api: Api, app: FastAPI, settings: ServiceSettings, clock: Clock, emitted: Any
) -> None:
    manager = api.as_(Role.KA_MANAGER)
    await manager.put(f"/v1/accounts/{ACCOUNT}", json=bodies.account())
    await manager.put(f"/v1/settlement-entities/{ENTITY}", json=bodies.settlement_entity())
    path = (await manager.post("/v1/contracts", json=bodies.contract())).headers["location"]
    await manager.post(f"{path}:sign", json=bodies.signature())

    clock.set(datetime(2025, 12, 31, 15, 59, tzinfo=UTC))
    context = JobContext(database=app.state.database, settings=settings, now=clock.instant)
    assert await advance_job(context) is False
    clock.set(datetime(2026, 12, 31, 16, 0, tzinfo=UTC))  # New Year in Shanghai.
    assert await advance_job(context) is True
    assert await advance_job(context) is False

    told = [(each.type.split(".")[2], each.version) for each in await emitted() if each.subject.startswith("contract/")]
    assert told == [("contract_signed", 1), ("contract_activated", 2), ("contract_ended", 3)]
