"""Fixtures of the store-ops tests: the service, callers, a store, a committed promotion, and the verification."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from shared.platform.auth import EVERYTHING, Role
from shared.platform.clock import now
from shared.platform.jobs import JobContext
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings
from shared.testing import Api
from store_ops.app.verify import Verified, verify
from store_ops.domain.task import task_id
from store_ops.main import service as store_ops

ACCOUNT, OTHER_ACCOUNT, STORE, PRODUCT, PROMOTION, PRICE, ENDCAP, DM = (UUID(int=(7 << 76) + n) for n in range(1, 9))
PICTURE = b"\xff\xd8\xff a picture of an end-cap"
PHOTO = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture(scope="session")
def service() -> Service:
    return store_ops


@pytest.fixture
def manager(api: Api) -> Api:
    return api.as_(Role.KA_MANAGER, accounts=[ACCOUNT])


@pytest.fixture
def rep(api: Api) -> Api:
    return api.as_(Role.FIELD_REP, accounts=[ACCOUNT], subject="rep-1")


@pytest.fixture
def stranger(api: Api) -> Api:
    return api.as_(Role.KA_MANAGER, accounts=[OTHER_ACCOUNT], subject="stranger")


@pytest.fixture
def store_body() -> dict[str, Any]:
    return {
        "account_id": str(ACCOUNT),
        "code": "0126",
        "name": "Hongqiao",
        "grade": "A",
        "store_format": "hypermarket",
        "province": "Shanghai",
        "city": "Shanghai",
        "area_sqm": "8500",
        "latitude": "31.2047",
        "longitude": "121.4019",
        "opened_on": "2019-05-01",
    }


@pytest.fixture
async def store(manager: Api, store_body: dict[str, Any]) -> UUID:
    """A store of the account."""
    assert (await manager.put(f"/v1/stores/{STORE}", json=store_body)).status_code == 201
    return STORE


@pytest.fixture
def promotion() -> dict[str, Any]:
    """The public state of a committed promotion, as promotions publishes it (and more fields than are read)."""
    tactics = [
        {"id": PRICE, "kind": "price", "count_per_store": 1},
        {"id": ENDCAP, "kind": "endcap", "count_per_store": 2},
        {"id": DM, "kind": "dm", "count_per_store": 1, "dm_slot_no": 5},
    ]
    return {
        "id": PROMOTION,
        "account_id": ACCOUNT,
        "number": "P-17",
        "name": "Spring",
        "status": "committed",
        "starts_on": "2026-03-05",
        "ends_on": "2026-03-18",
        "store_ids": [STORE],
        "tactics": [each | {"product_id": PRODUCT, "expected_price": "3.1900"} for each in tactics],
    }


@pytest.fixture
def commit(deliver: Any, promotion: dict[str, Any]) -> Callable[..., Awaitable[None]]:
    """A function that delivers the promotion as committed, with ``changes``."""

    async def send(kind: str = "committed", **changes: Any) -> None:
        await deliver(f"gondola.promotions.promotion_{kind}.v1", promotion | changes)

    return send


@pytest.fixture
def task_of() -> Callable[[UUID], UUID]:
    return lambda tactic: task_id(tactic, STORE)


@pytest.fixture
def audit_body() -> dict[str, Any]:
    """An audit that finds everything as it was agreed, with one photo for the whole visit."""
    return {
        "store_id": str(STORE),
        "visited_at": "2026-03-10T10:00:00+08:00",
        "template_version": "2026.1",
        "findings": [
            {"product_id": str(PRODUCT), "kind": "price", "is_present": True, "price_found": "3.19"},
            {"product_id": str(PRODUCT), "kind": "endcap", "is_present": True, "count_found": 2},
            {"product_id": str(PRODUCT), "kind": "dm", "is_present": True},
            {"product_id": str(PRODUCT), "kind": "on_shelf", "is_present": True},
        ],
        "photo_sha256s": [PHOTO],
    }


@pytest.fixture
def send_photo(rep: Api) -> Callable[[], Awaitable[int]]:
    """A function that sends the photo and returns the status."""

    async def send() -> int:
        answer = await rep.put(f"/v1/photos/{PHOTO}", content=PICTURE, headers={"Content-Type": "image/jpeg"})
        return answer.status_code

    return send


@pytest.fixture
def verify_all(app: FastAPI, settings: ServiceSettings) -> Callable[[], Awaitable[Verified]]:
    """A function that runs the verification until nothing is left, and returns the totals."""

    async def run() -> Verified:
        total = Verified()
        while True:
            async with app.state.database.raw(EVERYTHING) as connection:
                context = JobContext(database=app.state.database, settings=settings, now=now())
                step = await verify(connection, context)
            if not step.took_something:
                return total
            total = Verified(
                audits=total.audits + step.audits,
                photos=total.photos + step.photos,
                tasks=total.tasks + step.tasks,
                announced=total.announced + step.announced,
            )

    return run


@pytest.fixture
def audit_id() -> UUID:
    return UUID(int=(7 << 76) + (int(datetime(2026, 3, 10, tzinfo=UTC).timestamp() * 1000) << 80) + 900)


@pytest.fixture
def ids() -> dict[str, UUID]:
    return {
        "account": ACCOUNT, "other_account": OTHER_ACCOUNT, "store": STORE, "product": PRODUCT, "promotion": PROMOTION,
        "price": PRICE, "endcap": ENDCAP, "dm": DM,
    }  # fmt: skip


@pytest.fixture
def photo() -> tuple[str, bytes]:
    return PHOTO, PICTURE
