"""Many at once: a fund is never overdrawn, and one place has one winner."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.promotions.tests import bodies, examples
from services.promotions.tests.bodies import approved
from shared.platform.db import Connection
from shared.testing import Api

pytestmark = pytest.mark.usefixtures("master_data")


async def test_twenty_commits_at_once_never_overdraw_a_fund(api: Api, database: Connection, emitted: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    await planner.put(bodies.FUND_URL, json=bodies.fund(budget="7000.00"))
    made = []
    for number in range(20):
        day = f"2026-0{1 + number // 7}-{1 + 4 * (number % 7):02}"
        dates = {"starts_on": day, "ends_on": day, "buy_in_starts_on": day, "buy_in_ends_on": day}
        draft = bodies.promotion(
            number=f"R-{number}", tactics=[bodies.endcap_tactic(fee=bodies.fee("1000.00", "lump"))], **dates
        )
        its = (await planner.post("/v1/promotions", json=draft)).json()["id"]
        await bodies.take(planner, its, "attach-agreement", bodies.AGREEMENT | {"signed_on": "2025-12-01"})
        await bodies.take(planner, its, "submit", {"submitted_on": "2025-12-01"})
        await bodies.take(planner, its, "approve")
        made.append(its)
    answers = await asyncio.gather(*(planner.post(f"/v1/promotions/{its}:commit") for its in made))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * 7 + [409] * 13
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"fund_overdrawn"}
    fund = (await planner.get(bodies.FUND_URL)).json()
    assert (fund["committed"], fund["available"]) == ("7000.00", "0.00")
    entries = await database.fetchval("SELECT sum(amount) FROM fund_entries WHERE kind = 'committed'")
    assert entries == Decimal("7000.00")
    assert len(await emitted("promotion_committed")) == 7


async def test_two_promotions_at_once_for_one_place_have_one_winner(api: Api, emitted: Any) -> None:
    planner = await bodies.planner_with_master_data(api)
    halves = ([str(store) for store in examples.STORES[:5]], [str(store) for store in examples.STORES[5:]])
    made = [
        await approved(planner, number=f"R-{index}", store_ids=stores, tactics=[bodies.dm_tactic(dm_position=7)])
        for index, stores in enumerate(halves)
    ]
    for _ in range(5):
        answers = await asyncio.gather(*(planner.post(f"/v1/promotions/{each['id']}:commit") for each in made))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        loser = next(answer for answer in answers if answer.status_code == 409)
        assert loser.headers["content-type"] == "application/problem+json"
        assert loser.json()["code"] == "dm_position_taken"
        winner = next(answer for answer in answers if answer.status_code == 200).json()
        await bodies.take(planner, winner["id"], "cancel")
        made.remove(next(each for each in made if each["id"] == winner["id"]))
        again = bodies.promotion(
            number=f"R-{uuid4()}", store_ids=winner["store_ids"], tactics=[bodies.dm_tactic(dm_position=7)]
        )
        its = (await planner.post("/v1/promotions", json=again)).json()
        await bodies.take(planner, its["id"], "attach-agreement", bodies.AGREEMENT)
        await bodies.take(planner, its["id"], "submit", {"submitted_on": "2026-04-17"})
        await bodies.take(planner, its["id"], "approve")
        made.append(its)
    assert len(await emitted("dm_slot_booked")) == len(await emitted("dm_slot_released")) == 5


async def test_two_overlapping_submissions_at_once_have_one_winner(api: Api) -> None:
    planner = await bodies.planner_with_master_data(api)
    drafts = [bodies.promotion(number=f"R-{index}", tactics=[bodies.endcap_tactic()]) for index in range(4)]
    made = [(await planner.post("/v1/promotions", json=draft)).json()["id"] for draft in drafts]
    answers = await asyncio.gather(
        *(planner.post(f"/v1/promotions/{its}:submit", json={"submitted_on": "2026-04-17"}) for its in made)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"promotion_overlaps"}
