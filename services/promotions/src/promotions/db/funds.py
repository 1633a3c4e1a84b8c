"""Funds, their ledger and the balances of fees in the database. A fund's row is locked before it moves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from promotions.domain.errors import FundUnknown
from promotions.domain.funds import FeeBalance, Fund, FundTerms
from shared.kernel.periods import Span
from shared.platform.db import Connection

LOAD = "SELECT * FROM funds WHERE id = $1"
LOCK = "SELECT * FROM funds WHERE id = ANY($1) ORDER BY id FOR UPDATE"
INSERT = """
INSERT INTO funds (id, account_id, name, currency, starts_on, ends_on, budget, committed, earned, paid, version,
    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 1, $8, $8)
"""
UPDATE = """
UPDATE funds SET account_id = $2, name = $3, currency = $4, starts_on = $5, ends_on = $6, budget = $7,
    version = version + 1, updated_at = $8
WHERE id = $1
"""
SAVE_BALANCES = """
UPDATE funds SET committed = new.committed, earned = new.earned, paid = new.paid
FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::numeric[]) AS new (id, committed, earned, paid)
WHERE funds.id = new.id
"""
ENTER = """
INSERT INTO fund_entries (account_id, fund_id, kind, amount, promotion_id, fee_id, booked_on, committed_after,
    source_id, recorded_at)
SELECT account_id, fund_id, kind, amount, promotion_id, fee_id, booked_on, committed_after, source_id, $10
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[], $5::uuid[], $6::uuid[], $7::date[], $8::numeric[],
    $9::uuid[]) WITH ORDINALITY AS entry (account_id, fund_id, kind, amount, promotion_id, fee_id, booked_on,
    committed_after, source_id, place)
ORDER BY place
"""
FEES = "SELECT id, promotion_id, committed, earned, uncovered FROM promotion_fees WHERE promotion_id = $1 ORDER BY id"
INSERT_FEE = """
INSERT INTO promotion_fees (id, account_id, promotion_id, tactic_id, fund_id, committed, earned, uncovered, recheck)
VALUES ($1, $2, $3, $4, $5, $6, 0, 0, true)
"""
DELETE_FEES = "DELETE FROM promotion_fees WHERE promotion_id = $1"
RECHECK_UNCOVERED = "UPDATE promotion_fees SET recheck = true WHERE fund_id = $1 AND uncovered > 0"


async def lock(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Fund]:
    """Return the funds of ``ids``, locked in the order of their ids.

    Raises:
        FundUnknown: one of them does not exist within the scope.
    """
    wanted = set(ids)
    found = {row["id"]: _fund(row) for row in await connection.fetch(LOCK, wanted)}
    for missing in wanted - found.keys():
        raise FundUnknown(f"No fund {missing} in your scope: check the id.")
    return found


async def get(connection: Connection, fund_id: UUID) -> Fund:
    """Return a fund as it stands, not locked.

    Raises:
        FundUnknown: there is none within the scope.
    """
    row = await connection.fetchrow(LOAD, fund_id)
    if row is None:
        raise FundUnknown(f"No fund {fund_id} in your scope: check the id.")
    return _fund(row)


async def lock_with_version(connection: Connection, fund_id: UUID) -> tuple[Fund, int] | None:
    """Return a fund, locked, with its version; None when there is none."""
    rows = await connection.fetch(LOCK, [fund_id])
    return (_fund(rows[0]), rows[0]["version"]) if rows else None


async def insert(connection: Connection, fund: Fund, at: datetime) -> None:
    """Store a new fund."""
    await connection.execute(INSERT, fund.id, *_values(fund.terms), at)


async def update_terms(connection: Connection, fund: Fund, at: datetime) -> None:
    """Store changed terms; the version rises. A raised budget may cover what was earned without cover."""
    await connection.execute(UPDATE, fund.id, *_values(fund.terms), at)
    await connection.execute(RECHECK_UNCOVERED, fund.id)


async def save_movements(connection: Connection, funds: Iterable[Fund], at: datetime) -> None:
    """Store the balances and the fresh entries of locked funds, each in one statement."""
    moved = [fund for fund in funds if fund.fresh]
    if not moved:
        return
    balances = [(fund.id, fund.committed, fund.earned, fund.paid) for fund in moved]
    await connection.execute(SAVE_BALANCES, *_columns(balances))
    entries = [
        (fund.terms.account_id, entry.fund_id, entry.kind, entry.amount, entry.promotion_id, entry.fee_id,
         entry.booked_on, entry.committed_after, entry.source_id)
        for fund in moved for entry in fund.fresh
    ]  # fmt: skip
    await connection.execute(ENTER, *_columns(entries), at)
    for fund in moved:
        fund.fresh.clear()


async def fees_of(connection: Connection, promotion_id: UUID) -> list[FeeBalance]:
    """Return what the fees of a binding promotion hold; lock its fund first."""
    return [
        FeeBalance(
            fee_id=row["id"],
            promotion_id=row["promotion_id"],
            committed=row["committed"],
            earned=row["earned"],
            uncovered=row["uncovered"],
        )
        for row in await connection.fetch(FEES, promotion_id)
    ]


async def insert_fees(connection: Connection, rows: Sequence[tuple[UUID, UUID, UUID, UUID, UUID, Decimal]]) -> None:
    """Store new fees: id, account, promotion, tactic, fund, committed amount."""
    await connection.executemany(INSERT_FEE, rows)


async def delete_fees(connection: Connection, promotion_id: UUID) -> None:
    """Forget the fees of a promotion that is not binding any more; the ledger keeps its entries."""
    await connection.execute(DELETE_FEES, promotion_id)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _values(terms: FundTerms) -> tuple[object, ...]:
    return terms.account_id, terms.name, terms.currency, terms.span.start, terms.span.end, terms.budget


def _fund(row: Any) -> Fund:
    terms = FundTerms(
        account_id=row["account_id"],
        name=row["name"],
        currency=row["currency"],
        span=Span(start=row["starts_on"], end=row["ends_on"]),
        budget=row["budget"],
    )
    return Fund(id=row["id"], terms=terms, committed=row["committed"], earned=row["earned"], paid=row["paid"])
