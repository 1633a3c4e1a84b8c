"""Advance by date: promotions start and end, and fees are earned once the days for verification are over."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from promotions.db import dm, earning, funds, promotions
from promotions.domain.earning import last_end_to_earn
from promotions.domain.events import PromotionEnded, PromotionFeeEarned, PromotionStarted
from promotions.domain.promotion import Promotion
from shared.platform.db import Connection
from shared.platform.outbox import emit_many

PROMOTIONS_MAX = 500
FEES_MAX = 5_000
DUE = """
SELECT id FROM promotions
WHERE status = 'committed' AND starts_on <= $1 OR status = 'started' AND ends_on < $1
ORDER BY id LIMIT $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What one call of ``run`` did."""

    started: int
    ended: int
    earned: int
    is_done: bool
    """Whether nothing was left over for another call."""


async def run(connection: Connection, as_of: date, *, verification_days: int, at: datetime) -> Advanced:
    """Do what the calendar says up to ``as_of``, up to 500 promotions and 5,000 fees a call; once."""
    started, ended, more = await _start_and_end(connection, as_of, at)
    earned, more_fees = await _earn(connection, as_of, verification_days, at)
    return Advanced(started=started, ended=ended, earned=earned, is_done=not (more or more_fees))


async def _start_and_end(connection: Connection, as_of: date, at: datetime) -> tuple[int, int, bool]:
    ids = [row["id"] for row in await connection.fetch(DUE, as_of, PROMOTIONS_MAX)]
    found = await promotions.load(connection, ids, lock=True) if ids else []
    slots = await dm.slots(connection, {slot for each in found for slot in each.plan.dm_slot_ids})
    moved: list[Promotion] = []
    events: list[PromotionStarted | PromotionEnded] = []
    for promotion in found:
        its_events = promotion.advance(as_of, slots)
        if its_events:
            moved.append(promotion)
            events.extend(its_events)
    if moved:
        await promotions.save_statuses(connection, moved, at)
        await emit_many(connection, events, at=at)
    started = sum(isinstance(event, PromotionStarted) for event in events)
    return started, len(events) - started, len(ids) == PROMOTIONS_MAX


async def _earn(connection: Connection, as_of: date, verification_days: int, at: datetime) -> tuple[int, bool]:
    last_end = last_end_to_earn(as_of, verification_days)
    fund_ids: list[UUID] = await earning.due_funds(connection, last_end)
    if not fund_ids:
        return 0, False
    locked = await funds.lock(connection, fund_ids)
    due = await earning.due_fees(connection, last_end, fund_ids, FEES_MAX)
    earned: list[tuple[earning.DueFee, PromotionFeeEarned]] = []
    unchanged: list[earning.DueFee] = []
    results: list[tuple[Decimal, earning.DueFee]] = []
    for fee in due:
        event = fee.case.earn(as_of)
        before = fee.case.before
        amount = event.earned_amount if event else before.amount if before else None
        assert amount is not None, "a fee without a result has something to say"
        results.append((amount, fee))
        if event:
            earned.append((fee, event))
        else:
            unchanged.append(fee)
    results.sort(key=lambda each: each[0] - each[1].balance.committed)  # What is given back first covers the rest.
    for amount, fee in results:
        locked[fee.fund_id].book_earning(fee.balance, amount, as_of)
    await earning.save(connection, earned, as_of)
    await earning.settle(connection, unchanged)
    await funds.save_movements(connection, locked.values(), at)
    await emit_many(connection, [event for _, event in earned], at=at)
    return len(earned), len(due) == FEES_MAX
