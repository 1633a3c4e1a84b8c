"""DM slots over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from promotions.api.dm_slots import DmSlotOut
from services.promotions.tests import bodies, examples
from shared.platform.auth import Role
from shared.testing import Api

pytestmark = pytest.mark.usefixtures("master_data")


async def test_a_slot_is_created_once_and_changed_when_it_differs(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    first = await manager.put(bodies.SLOT_URL, json=bodies.slot())
    assert first.status_code == 201
    assert first.headers["etag"] == '"1"'
    assert DmSlotOut.model_validate(first.json()).submit_deadline.isoformat() == "2026-04-17"  # 45 days before.
    assert (first.json()["buy_in_starts_on"], first.json()["buy_in_ends_on"]) == ("2026-05-25", "2026-06-17")
    again = await manager.put(bodies.SLOT_URL, json=bodies.slot())
    assert (again.status_code, again.json()) == (200, first.json())
    more = await manager.put(bodies.SLOT_URL, json=bodies.slot(positions=30), headers={"If-Match": '"1"'})
    assert (more.status_code, more.json()["positions"], more.headers["etag"]) == (200, 30, '"2"')
    stale = await manager.put(bodies.SLOT_URL, json=bodies.slot(), headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await manager.get(bodies.SLOT_URL)).json() == more.json()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"starts_on": "2026-06-14", "ends_on": "2026-06-20", "slot_no": 13}, 409, "dm_slot_overlaps"),
        ({"starts_on": "2026-07-01", "ends_on": "2026-07-14"}, 409, "dm_slot_number_taken"),
        ({"starts_on": "2026-07-01", "ends_on": "2026-06-30"}, 422, "invalid_value"),
        ({"starts_on": "2026-07-01", "ends_on": "2026-07-14", "submit_deadline": "2026-07-02"}, 422, "invalid_value"),
        ({"positions": 0}, 422, "invalid_request"),
        ({"account_id": str(uuid4())}, 404, "account_unknown"),
        ({"colour": "red"}, 422, "invalid_request"),
    ],
)
async def test_a_slot_that_breaks_a_rule_is_refused(api: Api, changes: dict[str, Any], status: int, code: str) -> None:
    manager = api.as_(Role.KA_MANAGER)
    await manager.put(bodies.SLOT_URL, json=bodies.slot())
    answer = await manager.put(f"/v1/dm-slots/{uuid4()}", json=bodies.slot(**changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_two_accounts_may_have_slots_on_the_same_days(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    await manager.put(bodies.SLOT_URL, json=bodies.slot())
    other = bodies.slot(account_id=str(examples.OTHER_ACCOUNT))
    assert (await manager.put(f"/v1/dm-slots/{uuid4()}", json=other)).status_code == 201


async def test_a_booked_slot_keeps_its_dates(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    await bodies.committed(planner)
    moved = await planner.put(bodies.SLOT_URL, json=bodies.slot(ends_on="2026-06-15"))
    assert (moved.status_code, moved.json()["code"]) == (409, "dm_slot_in_use")
    fewer = await planner.put(bodies.SLOT_URL, json=bodies.slot(positions=2))
    assert (fewer.status_code, fewer.json()["code"]) == (409, "dm_slot_in_use")
    assert (await planner.put(bodies.SLOT_URL, json=bodies.slot(positions=3))).status_code == 200
    booked = (await planner.get("/v1/dm-slot-bookings", params={"dm_slot_id": str(examples.SLOT)})).json()["items"]
    assert [(each["position"], each["product_id"]) for each in booked] == [(3, str(examples.JUICE))]


async def test_a_slot_out_of_scope_does_not_exist(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    await manager.put(bodies.SLOT_URL, json=bodies.slot())
    stranger = api.as_(Role.KA_MANAGER, accounts=[examples.OTHER_ACCOUNT])
    answer = await stranger.get(bodies.SLOT_URL)
    assert (answer.status_code, answer.json()["code"]) == (404, "dm_slot_unknown")
    assert (await stranger.get("/v1/dm-slots")).json()["items"] == []
    assert (await stranger.put(bodies.SLOT_URL, json=bodies.slot())).status_code == 404
    neighbour = api.as_(Role.KA_MANAGER, regions=["region-0"])
    found = (await neighbour.get("/v1/dm-slots", params={"calendar_year": 2026, "ends_from": "2026-06-14"})).json()
    assert len(found["items"]) == 1
    assert (await api.as_(Role.FIELD_REP).put(bodies.SLOT_URL, json=bodies.slot())).status_code == 403
