"""Stores are put under the caller's id, once or many times, and only by those who may."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.platform.auth import Role
from shared.testing import Api


async def test_a_store_is_created_then_answered_again_then_changed(
    manager: Api, store_body: dict[str, Any], ids: dict[str, UUID], emitted: Any
):
    path = f"/v1/stores/{ids['store']}"
    created = await manager.put(path, json=store_body)
    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert created.json()["area_sqm"] == "8500.00"
    assert created.json()["longitude"] == "121.401900"

    again = await manager.put(path, json=store_body | {"area_sqm": "8500.00"})
    assert (again.status_code, again.json()) == (200, created.json())

    changed = await manager.put(path, json=store_body | {"grade": "B"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["grade"]) == (200, '"2"', "B")
    assert (await manager.get(path)).json() == changed.json()

    events = await emitted("store_changed")
    assert [(event.subject, event.version, event.data["grade"]) for event in events] == [
        (f"store/{ids['store']}", 1, "A"),
        (f"store/{ids['store']}", 2, "B"),
    ]
    assert events[0].data["account_id"] == str(ids["account"])


async def test_many_requests_for_one_store_create_it_once(
    manager: Api, store_body: dict[str, Any], ids: dict[str, UUID], emitted: Any
):
    path = f"/v1/stores/{ids['store']}"
    answers = await asyncio.gather(*(manager.put(path, json=store_body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len(await emitted("store_changed")) == 1


async def test_a_stale_change_is_refused(manager: Api, store: UUID, store_body: dict[str, Any]):
    answer = await manager.put(f"/v1/stores/{store}", json=store_body, headers={"If-Match": '"7"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")


async def test_a_store_of_another_account_does_not_exist_for_the_caller(
    stranger: Api, store: UUID, store_body: dict[str, Any], ids: dict[str, UUID]
):
    assert (await stranger.get(f"/v1/stores/{store}")).json()["code"] == "store_not_found"
    assert (await stranger.get("/v1/stores")).json() == {"items": [], "next": None}
    taken = await stranger.put(f"/v1/stores/{store}", json=store_body | {"account_id": str(ids["other_account"])})
    assert (taken.status_code, taken.json()["code"]) == (404, "store_not_found")


async def test_a_store_cannot_be_put_into_a_foreign_account(stranger: Api, store_body: dict[str, Any]):
    answer = await stranger.put(f"/v1/stores/{UUID(int=5)}", json=store_body)
    assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")


async def test_a_region_sees_the_accounts_that_have_arrived_from_contracts(
    api: Api, store: UUID, ids: dict[str, UUID], deliver: Any
):
    east = api.as_(Role.REGION_MANAGER, accounts=[], regions=["East"])
    assert (await east.get(f"/v1/stores/{store}")).status_code == 404
    await deliver(
        "gondola.contracts.account_changed.v1",
        {
            "id": ids["account"],
            "account_id": ids["account"],
            "code": "RT",
            "name": "RT",
            "region": "East",
            "status": "active",
        },
    )
    assert (await east.get(f"/v1/stores/{store}")).status_code == 200


async def test_a_store_stays_with_its_account(api: Api, store: UUID, store_body: dict[str, Any], ids: dict[str, UUID]):
    admin = api.as_(Role.ADMIN)
    answer = await admin.put(f"/v1/stores/{store}", json=store_body | {"account_id": str(ids["other_account"])})
    assert (answer.status_code, answer.json()["code"]) == (409, "store_account_fixed")


async def test_two_stores_of_an_account_cannot_have_one_code(manager: Api, store: UUID, store_body: dict[str, Any]):
    answer = await manager.put(f"/v1/stores/{UUID(int=5)}", json=store_body)
    assert (answer.status_code, answer.json()["code"]) == (409, "store_code_taken")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"status": "closed"}, None),
        ({"latitude": None}, None),
        ({"grade": "E"}, "/grade"),
        ({"opened_on": "yesterday"}, "/opened_on"),
        ({"colour": "red"}, "/colour"),
        ({"area_sqm": "0"}, None),
        ({"area_sqm": 8500.5}, "/area_sqm"),
        ({"latitude": "91", "longitude": "0"}, None),
    ],
)
async def test_a_description_that_cannot_be_is_refused(
    manager: Api, store_body: dict[str, Any], changes: dict[str, Any], pointer: str | None
):
    answer = await manager.put(f"/v1/stores/{UUID(int=5)}", json=store_body | changes)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ([pointer] if pointer else [])


async def test_only_managers_put_stores(rep: Api, store_body: dict[str, Any]):
    assert (await rep.put(f"/v1/stores/{UUID(int=5)}", json=store_body)).status_code == 403


async def test_stores_are_listed_by_code_page_by_page(manager: Api, store_body: dict[str, Any]):
    for number in range(5):
        body = store_body | {"code": f"{number:04}", "city": "Suzhou" if number % 2 else "Shanghai"}
        assert (await manager.put(f"/v1/stores/{UUID(int=50 - number)}", json=body)).status_code == 201
    first = (await manager.get("/v1/stores", params={"limit": 3})).json()
    second = (await manager.get("/v1/stores", params={"limit": 3, "after": first["next"]})).json()
    assert [item["code"] for item in first["items"] + second["items"]] == ["0000", "0001", "0002", "0003", "0004"]
    assert second["next"] is None
    suzhou = (await manager.get("/v1/stores", params={"city": "Suzhou", "grade": "A", "status": "active"})).json()
    assert [item["code"] for item in suzhou["items"]] == ["0001", "0003"]


async def test_the_thresholds_are_shown_with_their_status(rep: Api):
    items = {item["name"]: item for item in (await rep.get("/v1/settings-status")).json()["items"]}
    assert set(items) == {"price_tolerance", "window_tolerance_days", "gps_radius_m"}
    assert (items["price_tolerance"]["value"], items["price_tolerance"]["status"]) == ("0.0050", "INF")
    assert items["gps_radius_m"]["meaning"].startswith("Metres")
