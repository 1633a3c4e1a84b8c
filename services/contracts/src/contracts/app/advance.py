"""Contracts begin and end by date: for the worker with today, for a caller with any day."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.db import queries
from contracts.domain.contract_state import ContractActivated, ContractEnded
from shared.platform.auth import EVERYTHING
from shared.platform.clock import now, today
from shared.platform.jobs import JobContext
from shared.platform.outbox import emit_many

BATCH = 200


async def advance_batch(tx: AsyncSession, as_of: date) -> list[ContractActivated | ContractEnded]:
    """Advance at most 200 contracts that are due by ``as_of``, and announce it; with none left, return nothing."""
    contracts = await queries.contracts_due(tx, as_of, limit=BATCH)
    events = [event for contract in contracts for event in contract.advance(as_of)]
    await tx.flush()
    await emit_many(tx, events, at=now())
    return events


async def advance_job(context: JobContext) -> bool:
    """Advance what is due today, a batch a transaction; say whether there may be more."""
    async with context.database.session(EVERYTHING) as tx:
        return bool(await advance_batch(tx, today(context.settings.time_zone)))
