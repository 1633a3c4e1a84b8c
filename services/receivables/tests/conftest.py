"""Fixtures of the receivables tests: the service, callers, and a world of accounts, contracts and promotions."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from receivables.main import service as receivables
from services.receivables.tests.examples import (
    ACCOUNT,
    BOOKING,
    ENTITY,
    OTHER_ACCOUNT,
    OTHER_ENTITY,
    PROMOTION,
    SKU,
    SLOT,
    STORES,
    TACTIC,
    Books,
    a_promotion,
    an_earned_fee,
    an_execution,
)  # fmt: skip
from shared.platform.auth import Role
from shared.platform.clock import now
from shared.platform.jobs import JobContext
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings
from shared.testing import Api, Clock

Deliver = Callable[..., Awaitable[None]]


@pytest.fixture(scope="session")
def service() -> Service:
    return receivables


@pytest.fixture
def erp(api: Api) -> Api:
    return api.as_(Role.ERP, subject="erp")


@pytest.fixture
def finance(api: Api) -> Api:
    return api.as_(Role.FINANCE, subject="finance")


@pytest.fixture
def controller(api: Api) -> Api:
    return api.as_(Role.FINANCE_CONTROLLER, subject="controller")


@pytest.fixture
def stranger(api: Api) -> Api:
    return api.as_(Role.FINANCE, accounts=[OTHER_ACCOUNT], subject="stranger")


@pytest.fixture
def auditor(api: Api) -> Api:
    return api.as_(Role.AUDITOR, subject="auditor")


@pytest.fixture
def manager(api: Api) -> Api:
    return api.as_(Role.KA_MANAGER, accounts=[ACCOUNT], subject="manager")


@pytest.fixture
def callers(erp: Api, finance: Api, controller: Api, stranger: Api, auditor: Api, manager: Api) -> None:
    """Everybody has a token; tokens are checked against the real time, so they are made before the clock is set."""


@pytest.fixture
def may(clock: Clock, callers: None) -> Clock:
    """It is noon of 6 May 2026 in Shanghai."""
    clock.set(datetime(2026, 5, 6, 4, tzinfo=UTC))
    return clock


@pytest.fixture
async def world(api: Api, deliver: Deliver) -> None:
    """One account with a payer, a product and three stores; another account with a payer."""
    for account, entity, code in ((ACCOUNT, ENTITY, "RT"), (OTHER_ACCOUNT, OTHER_ENTITY, "WM")):
        await deliver(
            "gondola.contracts.account_changed.v1",
            {"id": account, "code": code, "name": code, "region": "east", "ka_class": "NKA", "currency": "CNY",
             "status": "active"},
        )  # fmt: skip
        await deliver(
            "gondola.contracts.settlement_entity_changed.v1",
            {"id": entity, "account_id": account, "code": f"{code}-SH", "name": f"{code} Shanghai",
             "tax_id": "91310000", "payment_terms": {"term_type": "monthly_close", "days": 30, "pay_days": []}},
        )  # fmt: skip
    await deliver(
        "gondola.contracts.product_changed.v1",
        {"id": SKU, "sku": "SKU1", "name": "Green tea 500 ml", "brand": "Gon", "category": "tea"},
    )
    for index, store in enumerate(STORES):
        await deliver(
            "gondola.store_ops.store_changed.v1",
            {"id": store, "account_id": ACCOUNT, "code": f"01{index}", "name": f"Store {index}", "grade": "A",
             "opened_on": "2019-05-01" if index < 2 else "2026-03-15", "closed_on": None, "status": "active"},
        )  # fmt: skip


@pytest.fixture
async def promotion(world: None, deliver: Deliver) -> None:
    """A promotion with a DM place in three stores: executed in two of them, and a fee earned by it."""
    await deliver("gondola.promotions.promotion_ended.v1", a_promotion())
    await deliver(
        "gondola.promotions.dm_slot_booked.v1",
        {"id": BOOKING, "account_id": ACCOUNT, "dm_slot_id": SLOT, "calendar_year": 2026, "slot_no": 5, "position": 2,
         "product_id": SKU, "promotion_id": PROMOTION, "tactic_id": TACTIC, "starts_on": "2026-03-01",
         "ends_on": "2026-03-14", "buy_in_starts_on": "2026-02-20", "buy_in_ends_on": "2026-03-14"},
    )  # fmt: skip
    for index, verdict in enumerate(("executed", "executed", "not_executed")):
        await deliver("gondola.store_ops.execution_verified.v1", an_execution(index, verdict))
    await deliver("gondola.promotions.promotion_fee_earned.v1", an_earned_fee())


@pytest.fixture
def books(erp: Api, finance: Api, may: Clock) -> Books:
    return Books(erp, finance)


@pytest.fixture
def run_job(app: FastAPI, service: Service, settings: ServiceSettings) -> Callable[[str], Awaitable[bool | None]]:
    """A function that runs one of the service's jobs, as the worker would."""

    async def run(name: str) -> bool | None:
        job = next(each for each in service.jobs if each.name == name)
        return await job.run(JobContext(database=app.state.database, settings=settings, now=now()))

    return run
