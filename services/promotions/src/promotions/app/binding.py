"""What makes a promotion binding: fund, DM places and status move together, in one transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from promotions.db import dm, funds, promotions
from promotions.domain.dm import DmBooking, DmSlot
from promotions.domain.events import DmSlotBooked, DmSlotReleased, booking_event
from promotions.domain.funds import FeeBalance, Fund
from promotions.domain.plan import Agreement, Plan
from promotions.domain.promotion import Promotion
from shared.platform.db import Connection
from shared.platform.ids import new_id
from shared.platform.outbox import emit_many


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a step is taken: the business date for the ledger, and the instant for events."""

    on: date
    at: datetime


async def submit(connection: Connection, promotion: Promotion, on: date, at: datetime) -> None:
    """Submit a draft: its products are known, its fund fits, and from now on no other promotion may overlap it."""
    plan = promotion.plan
    promotion.submit(on, await dm.slots(connection, plan.dm_slot_ids))
    await promotions.check_references(connection, promotion, plan)
    (await funds.get(connection, plan.fund_id)).check_fits(promotion.account_id, plan.currency, plan.window.start)
    await promotions.hold_products(connection, promotion)
    await promotions.save_status(connection, promotion, at)


async def reject(connection: Connection, promotion: Promotion, reason: str, at: datetime) -> None:
    """Send a submitted promotion back to draft; its products are free again."""
    promotion.reject(reason)
    await promotions.let_products_go(connection, promotion)
    await promotions.save_status(connection, promotion, at)


async def commit(connection: Connection, promotion: Promotion, moment: Moment) -> None:
    """Make an approved promotion binding.

    Places before money: the fund's row, which everybody wants, is locked last and for the shortest time.

    Raises:
        DmPositionTaken: another promotion has a place already.
        FundOverdrawn: the fund has less available than the planned fees.
    """
    slots = await dm.slots(connection, promotion.plan.dm_slot_ids)
    event = promotion.commit(slots)
    booked = await _book(connection, promotion, slots, moment.at)
    await promotions.save_status(connection, promotion, moment.at)
    fund = (await funds.lock(connection, {promotion.plan.fund_id}))[promotion.plan.fund_id]
    await _hold_money(connection, promotion, fund, moment)
    await funds.save_movements(connection, [fund], moment.at)
    await emit_many(connection, [*booked, event], at=moment.at)


async def amend(connection: Connection, promotion: Promotion, plan: Plan, agreement: Agreement, moment: Moment) -> None:
    """Replace the plan of a committed promotion: what it held is released and what it holds now is taken."""
    before = promotion.plan
    slots = await dm.slots(connection, before.dm_slot_ids | plan.dm_slot_ids)
    event = promotion.amend(plan, agreement, slots)
    await promotions.check_references(connection, promotion, plan)
    await promotions.let_products_go(connection, promotion)
    await promotions.hold_products(connection, promotion)
    released = await _release_places(connection, promotion, slots)
    await promotions.replace_plan(connection, promotion, moment.at)
    booked = await _book(connection, promotion, slots, moment.at)
    await promotions.save_status(connection, promotion, moment.at)
    locked = await funds.lock(connection, {before.fund_id, plan.fund_id})
    await _free_money(connection, promotion, locked[before.fund_id], moment)
    await _hold_money(connection, promotion, locked[plan.fund_id], moment)
    await funds.save_movements(connection, locked.values(), moment.at)
    await emit_many(connection, [*released, *booked, event], at=moment.at)


async def cancel(connection: Connection, promotion: Promotion, reason: str, moment: Moment) -> None:
    """Give a promotion up before its start; fund, DM places and products are free again."""
    slots = await dm.slots(connection, promotion.plan.dm_slot_ids)
    event = promotion.cancel(slots, reason)
    await promotions.let_products_go(connection, promotion)
    released = await _release_places(connection, promotion, slots)
    await promotions.save_status(connection, promotion, moment.at)
    if event is None:
        return
    fund = (await funds.lock(connection, {promotion.plan.fund_id}))[promotion.plan.fund_id]
    await _free_money(connection, promotion, fund, moment)
    await funds.save_movements(connection, [fund], moment.at)
    await emit_many(connection, [*released, event], at=moment.at)


async def _book(
    connection: Connection, promotion: Promotion, slots: dict[UUID, DmSlot], at: datetime
) -> list[DmSlotBooked]:
    bookings = [
        DmBooking(
            id=new_id(),
            account_id=promotion.account_id,
            dm_slot_id=tactic.place.dm_slot_id,
            position=tactic.place.position,
            product_id=tactic.product_id,
            promotion_id=promotion.id,
            tactic_id=tactic.id,
        )
        for tactic in promotion.plan.tactics
        if tactic.place
    ]
    await dm.book(connection, bookings, at)
    return [booking_event(DmSlotBooked, booking, slots[booking.dm_slot_id]) for booking in bookings]


async def _release_places(
    connection: Connection, promotion: Promotion, slots: dict[UUID, DmSlot]
) -> list[DmSlotReleased]:
    bookings = await dm.bookings_of(connection, promotion.id)
    await dm.release(connection, bookings)
    return [booking_event(DmSlotReleased, booking, slots[booking.dm_slot_id]) for booking in bookings]


async def _hold_money(connection: Connection, promotion: Promotion, fund: Fund, moment: Moment) -> None:
    plan = promotion.plan
    fund.check_fits(promotion.account_id, plan.currency, plan.window.start)
    planned: list[tuple[FeeBalance, Decimal]] = [
        (FeeBalance(fee_id=tactic.fee.id, promotion_id=promotion.id), plan.planned(tactic)) for tactic in plan.tactics
    ]
    fund.commit(planned, moment.on)
    rows = [
        (tactic.fee.id, promotion.account_id, promotion.id, tactic.id, fund.id, balance.committed)
        for tactic, (balance, _) in zip(plan.tactics, planned, strict=True)
    ]
    await funds.insert_fees(connection, rows)


async def _free_money(connection: Connection, promotion: Promotion, fund: Fund, moment: Moment) -> None:
    for balance in await funds.fees_of(connection, promotion.id):
        fund.release(balance, moment.on)
    await funds.delete_fees(connection, promotion.id)
