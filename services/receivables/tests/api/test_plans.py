"""The statements over many rows use their indexes."""

import json
from typing import Any
from uuid import uuid4

from receivables.db.accruals import NET_PURCHASES
from receivables.db.deductions import TO_MATCH


def indexes_of(plan: dict[str, Any]) -> set[str]:
    found = {plan["Index Name"]} if "Index Name" in plan else set()
    return found.union(*(indexes_of(each) for each in plan.get("Plans", ())))


async def plan_of(database: Any, statement: str, *arguments: Any) -> set[str]:
    async with database.transaction():
        await database.execute("SET LOCAL enable_seqscan = off")
        found = await database.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    return indexes_of(json.loads(found)[0]["Plan"])


async def test_net_purchases_are_read_from_their_index(database: Any):
    used = await plan_of(database, NET_PURCHASES, [uuid4()], ["CNY"], [None], [None])
    assert used == {"goods_receipts_purchases_ix"}


async def test_what_waits_for_a_match_is_found_by_its_claim_reference(database: Any):
    used = await plan_of(database, TO_MATCH, None, 100)
    assert "deductions_to_match_ix" in used
    assert used & {"accruals_claim_key_ix", "accruals_claim_key_exact_ix"}
