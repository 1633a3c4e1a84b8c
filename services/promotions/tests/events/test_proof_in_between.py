"""Proof that arrives while fees are being earned counts: it waits, and asks for the fee to be earned again."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest
from fastapi import FastAPI

from promotions.app import advance as calendar
from services.promotions.tests import bodies, examples
from services.promotions.tests.bodies import committed
from shared.platform.auth import EVERYTHING, Role
from shared.platform.clock import now
from shared.testing import Api

pytestmark = pytest.mark.usefixtures("master_data")

AFTER = date(2026, 6, 29)


def a_verdict(promotion: dict[str, Any], tactic: int) -> dict[str, Any]:
    its, store = promotion["tactics"][tactic], examples.STORES[0]
    return {
        "id": uuid5(UUID(its["id"]), str(store)),
        "account_id": examples.ACCOUNT,
        "promotion_id": promotion["id"],
        "tactic_id": its["id"],
        "tactic_kind": its["kind"],
        "store_id": store,
        "verdict": "executed",
    }


async def earn_while(app: FastAPI, arrival: Any) -> None:
    """Earn fees in a transaction, and let ``arrival`` happen before it is committed."""
    async with app.state.database.raw(EVERYTHING) as connection:
        await calendar.run(connection, AFTER, verification_days=14, at=now())
        arriving = asyncio.create_task(arrival)
        await asyncio.wait([arriving], timeout=0.5)
    await arriving


async def earned(api: Api, tactic_kind: str) -> str:
    director = api.as_(Role.KA_DIRECTOR)
    await director.post("/v1/promotions:advance", json={"as_of": AFTER.isoformat()})
    fees = (await director.get("/v1/promotion-fees")).json()["items"]
    return next(fee["earned_amount"] for fee in fees if fee["tactic_kind"] == tactic_kind)


async def test_a_verdict_that_arrives_while_its_fee_is_earned_counts(api: Api, app: FastAPI, deliver: Any) -> None:
    made = await committed(await bodies.planner_with_master_data(api))
    await earn_while(app, deliver("gondola.store_ops.execution_verified.v1", a_verdict(made, 2)))
    assert await earned(api, "endcap") == "1000.00"


async def test_sell_out_that_arrives_while_its_fee_is_earned_counts(api: Api, app: FastAPI, deliver: Any) -> None:
    made = await committed(await bodies.planner_with_master_data(api))
    await deliver("gondola.store_ops.execution_verified.v1", a_verdict(made, 0))
    text = "store_code,sku,week_starts_on,quantity\nS000,JU-1000,2026-06-01,100\n"
    account = {"account_id": str(examples.ACCOUNT)}
    erp = api.as_(Role.ERP)
    await earn_while(app, erp.post("/v1/sell-out:import", params=account, content=text.encode()))
    assert await earned(api, "price") == "120.00"
