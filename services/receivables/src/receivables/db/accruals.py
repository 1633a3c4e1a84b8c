"""Statements on accruals: load for update, write many, net purchases, promotion fees that are due."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from receivables.db.rows import columns_of
from receivables.domain.accruals import Accrual, AccrualBalance, AccrualChange
from receivables.domain.tax import TaxedAmount
from shared.platform.db import Connection
from shared.platform.ids import new_id

COLUMNS = (
    "id", "account_id", "settlement_entity_id", "source", "contract_id", "contract_version", "term_id", "term_code",
    "promotion_id", "promotion_fee_id", "agreement_number", "fee_kind", "settlement_method", "currency", "cycle_start",
    "cycle_end", "driver", "driver_quantity", "elapsed", "tax_basis", "tax_rate", "amount", "claim_reference",
    "claim_key", "claim_key_exact",
)  # fmt: skip
BALANCE = (
    "accrued_through", "amount_incl_tax", "amount_excl_tax", "consumed_amount", "consumed_excl_tax", "reclaim_amount",
)  # fmt: skip
ALL = (*COLUMNS, *BALANCE)
CHANGING = (
    "cycle_end", "driver_quantity", "elapsed", "amount", "accrued_through", "amount_incl_tax", "amount_excl_tax",
    "reclaim_amount",
)  # fmt: skip

OF_CONTRACTS = f"""
SELECT {", ".join(ALL)} FROM accruals WHERE source = 'contract_term' AND ($1::uuid IS NULL OR account_id = $1)
ORDER BY id FOR UPDATE
"""  # noqa: S608 - column names from this file
OF_PROMOTION_FEES = f"SELECT {', '.join(ALL)} FROM accruals WHERE promotion_fee_id = ANY ($1) ORDER BY id FOR UPDATE"  # noqa: S608
SAME_CLAIM = f"""
SELECT {", ".join(ALL)} FROM accruals
WHERE (account_id, currency, claim_key_exact) IN (
    SELECT account_id, currency, claim_key_exact FROM accruals WHERE id = $1)
ORDER BY id FOR UPDATE
"""  # noqa: S608
"""An accrual and those of other versions that stand for the same claim."""
BY_CLAIM = f"""
SELECT {", ".join(ALL)} FROM accruals AS a
WHERE (a.account_id, a.claim_key) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
   OR (a.account_id, a.claim_key_exact) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
ORDER BY id FOR UPDATE
"""  # noqa: S608
UPSERT = f"""
INSERT INTO accruals ({", ".join(ALL)}) VALUES ({", ".join(f"${n}" for n in range(1, len(ALL) + 1))})
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in CHANGING)}
"""  # noqa: S608
CONSUME = """
UPDATE accruals SET consumed_amount = change.consumed_amount, consumed_excl_tax = change.consumed_excl_tax
FROM unnest($1::uuid[], $2::numeric[], $3::numeric[]) AS change (id, consumed_amount, consumed_excl_tax)
WHERE accruals.id = change.id
"""
INSERT_ENTRIES = """
INSERT INTO accrual_entries
    (id, accrual_id, account_id, booked_on, accrued_through, driver_quantity, delta_incl_tax, delta_excl_tax,
     recorded_at)
SELECT entry.*, $9 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::date[], $6::numeric[],
                               $7::numeric[], $8::numeric[]) AS entry
"""
NET_PURCHASES = """
SELECT bought.net_amount, bought.gross_amount
FROM unnest($1::uuid[], $2::text[], $3::date[], $4::date[]) WITH ORDINALITY
    AS wanted (settlement_entity_id, currency, from_day, to_day, place)
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(net_amount), 0) AS net_amount, COALESCE(sum(gross_amount), 0) AS gross_amount
    FROM goods_receipts AS receipt
    WHERE receipt.settlement_entity_id = wanted.settlement_entity_id AND receipt.currency = wanted.currency
      AND receipt.received_on BETWEEN wanted.from_day AND wanted.to_day
) AS bought
ORDER BY wanted.place
"""
PROMOTION_FEES_DUE = """
SELECT fee.*, promotion.starts_on, promotion.ends_on, product.sku
FROM promotion_fees AS fee
JOIN promotions AS promotion ON promotion.id = fee.promotion_id
LEFT JOIN products AS product ON product.id = fee.product_id
WHERE fee.accrued_version < fee.version AND ($1::uuid IS NULL OR fee.account_id = $1)
  AND (fee.product_id IS NULL OR product.id IS NOT NULL)
ORDER BY fee.id LIMIT $2 FOR UPDATE OF fee SKIP LOCKED
"""
PROMOTION_FEES_DONE = "UPDATE promotion_fees SET accrued_version = version WHERE id = ANY ($1)"


class PurchaseKey(NamedTuple):
    """Whose purchases, in which currency, from which day to which (both included)."""

    settlement_entity_id: UUID
    currency: str
    start: date
    end: date


class Purchases(NamedTuple):
    """Net purchases without and with tax."""

    net_amount: Decimal
    gross_amount: Decimal


def accrual_of(row: asyncpg.Record | Mapping[str, Any]) -> Accrual:
    """Return the accrual that ``row`` holds."""
    values = {column: row[column] for column in COLUMNS}
    return Accrual(
        **values,
        balance=AccrualBalance(
            booked=TaxedAmount(incl_tax=row["amount_incl_tax"], excl_tax=row["amount_excl_tax"]),
            consumed=TaxedAmount(incl_tax=row["consumed_amount"], excl_tax=row["consumed_excl_tax"]),
            reclaim_amount=row["reclaim_amount"],
            accrued_through=row["accrued_through"],
        ),
    )


def _row_of(accrual: Accrual) -> tuple[Any, ...]:
    balance = accrual.balance
    return (
        *(getattr(accrual, column) for column in COLUMNS),
        balance.accrued_through,
        balance.booked.incl_tax,
        balance.booked.excl_tax,
        balance.consumed.incl_tax,
        balance.consumed.excl_tax,
        balance.reclaim_amount,
    )


async def load(connection: Connection, statement: str, *arguments: object) -> list[Accrual]:
    """Return the accruals of one of the statements above, locked."""
    return [accrual_of(row) for row in await connection.fetch(statement, *arguments)]


async def save(
    connection: Connection, changes: Sequence[tuple[Accrual, AccrualChange]], *, as_of: date, at: datetime
) -> None:
    """Write accruals at their new targets, and an entry for each that differs from before."""
    await connection.executemany(UPSERT, [_row_of(accrual) for accrual, _ in changes])
    entries = [
        (
            new_id(),
            accrual.id,
            accrual.account_id,
            accrual.booked_on(as_of),
            accrual.balance.accrued_through,
            accrual.driver_quantity,
            change.delta.incl_tax,
            change.delta.excl_tax,
        )
        for accrual, change in changes
        if not change.is_nothing
    ]
    await connection.execute(INSERT_ENTRIES, *columns_of(entries, 8), at)


async def save_consumed(connection: Connection, accruals: Sequence[Accrual]) -> None:
    """Write what is consumed of ``accruals``."""
    rows = [(each.id, each.balance.consumed.incl_tax, each.balance.consumed.excl_tax) for each in accruals]
    await connection.execute(CONSUME, *columns_of(rows, 3))


async def net_purchases(connection: Connection, keys: Sequence[PurchaseKey]) -> dict[PurchaseKey, Purchases]:
    """Return receipts minus returns by goods-receipt date, for each key, in one statement."""
    rows = await connection.fetch(NET_PURCHASES, *columns_of(keys, 4))
    return {key: Purchases(row["net_amount"], row["gross_amount"]) for key, row in zip(keys, rows, strict=True)}
