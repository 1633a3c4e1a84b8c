"""What promotions takes from others: copies of master data, verdicts as proof, settlements as payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from promotions.db import funds
from promotions.domain.funds import FeeBalance
from shared.platform.db import Connection
from shared.platform.inbox import Handlers, NotYet, Received

KEEP_VERDICTS = """
INSERT INTO executions (id, account_id, promotion_id, tactic_id, store_id, verdict, version)
SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[],
    $7::bigint[]) AS new (id, account_id, promotion_id, tactic_id, store_id, verdict, version)
ORDER BY id, version DESC
ON CONFLICT (id) DO UPDATE SET promotion_id = excluded.promotion_id, tactic_id = excluded.tactic_id,
    store_id = excluded.store_id, verdict = excluded.verdict, version = excluded.version
WHERE executions.version < excluded.version
"""
RECHECK = """
WITH fee AS (SELECT id FROM promotion_fees WHERE tactic_id = ANY($1) ORDER BY id FOR UPDATE)
UPDATE promotion_fees SET recheck = true FROM fee WHERE promotion_fees.id = fee.id
"""
"""Fees that wait already are taken as well: one that is being earned looks like that until the commit, and must be
waited for, or the proof would be lost."""
FEES = "SELECT id, promotion_id, fund_id FROM promotion_fees WHERE id = ANY($1)"
PAID = "SELECT source_id, sum(amount) AS amount FROM fund_entries WHERE source_id = ANY($1) GROUP BY source_id"

handlers = Handlers()
handlers.copy(
    "gondola.contracts.account_changed.v1",
    noun="account",
    table="accounts",
    columns=("code", "name", "region", "currency", "status"),
)
handlers.copy(
    "gondola.contracts.product_changed.v1",
    noun="product",
    table="products",
    columns=("sku", "name", "brand", "category"),
)
handlers.copy(
    "gondola.store_ops.store_changed.v1",
    noun="store",
    table="stores",
    columns=("account_id", "code", "name", "grade", "status"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What promotions reads of a verdict on one tactic in one store."""

    account_id: UUID
    promotion_id: UUID
    tactic_id: UUID
    store_id: UUID
    verdict: Literal["executed", "not_executed", "unproven"]


@handlers.on("gondola.store_ops.execution_verified.v1", Execution, noun="execution")
async def execution_verified(connection: Connection, events: Sequence[Received[Execution]]) -> None:
    """Keep the latest verdict of each task and ask for the fees of their tactics to be earned again."""
    rows = [
        (each.subject_id, each.data.account_id, each.data.promotion_id, each.data.tactic_id, each.data.store_id,
         each.data.verdict, each.version)
        for each in events
    ]  # fmt: skip
    await connection.execute(KEEP_VERDICTS, *map(list, zip(*rows, strict=True)))
    await connection.execute(RECHECK, list({each.data.tactic_id for each in events}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What promotions reads of a settled fee."""

    source: Literal["contract_term", "promotion_fee"]
    promotion_fee_id: UUID | None = None
    amount: Decimal
    settled_on: date


@handlers.on("gondola.receivables.fee_settled.v1", Settlement, noun="settled-fee")
async def fee_settled(connection: Connection, events: Sequence[Received[Settlement]]) -> None:
    """Book what was settled of our fees as paid; a later event of a settlement corrects the former one.

    Raises:
        NotYet: the fee is not known.
    """
    settled = {each.subject_id: each.data for each in events if each.data.source == "promotion_fee"}
    fee_ids = {data.promotion_fee_id for data in settled.values()}
    fees = {row["id"]: row for row in await connection.fetch(FEES, fee_ids)}
    for missing in fee_ids - fees.keys():
        raise NotYet(f"no promotion fee {missing}")
    locked = await funds.lock(connection, {row["fund_id"] for row in fees.values()})
    paid = {row["source_id"]: row["amount"] for row in await connection.fetch(PAID, list(settled))}
    for source_id, data in settled.items():
        fee = fees[data.promotion_fee_id]
        change = data.amount - paid.get(source_id, Decimal(0))
        if change:
            balance = FeeBalance(fee_id=fee["id"], promotion_id=fee["promotion_id"])
            locked[fee["fund_id"]].pay(balance, change, data.settled_on, source_id)
    await funds.save_movements(connection, locked.values(), events[-1].time)
