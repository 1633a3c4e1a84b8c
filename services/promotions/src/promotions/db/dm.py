"""DM slots and bookings in the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from promotions.domain.dm import DmBooking, DmSlot
from promotions.domain.errors import DmPositionTaken, DmProductTaken, DmSlotUnknown
from shared.kernel.periods import Span
from shared.platform.db import Connection

SLOTS = "SELECT * FROM dm_slots WHERE id = ANY($1)"
LOCK_SLOT = "SELECT * FROM dm_slots WHERE id = $1 FOR UPDATE"
INSERT_SLOT = """
INSERT INTO dm_slots (id, account_id, calendar_year, slot_no, starts_on, ends_on, submit_deadline, buy_in_starts_on,
    buy_in_ends_on, positions, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11)
"""
UPDATE_SLOT = """
UPDATE dm_slots SET account_id = $2, calendar_year = $3, slot_no = $4, starts_on = $5, ends_on = $6,
    submit_deadline = $7, buy_in_starts_on = $8, buy_in_ends_on = $9, positions = $10, version = version + 1,
    updated_at = $11
WHERE id = $1
"""
HIGHEST_BOOKED = "SELECT max(position) FROM dm_slot_bookings WHERE dm_slot_id = $1"
HOLDERS = """
SELECT booking.position, booking.product_id, promotion.number
FROM dm_slot_bookings AS booking JOIN promotions AS promotion ON promotion.id = booking.promotion_id
WHERE booking.dm_slot_id = $1 AND (booking.position = $2 OR booking.product_id = $3)
ORDER BY booking.position = $2 DESC LIMIT 1
"""
BOOK = """
INSERT INTO dm_slot_bookings (id, account_id, dm_slot_id, position, product_id, promotion_id, tactic_id, booked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
BOOKINGS = "SELECT * FROM dm_slot_bookings WHERE promotion_id = $1 ORDER BY dm_slot_id, position"
RELEASE = "DELETE FROM dm_slot_bookings WHERE id = ANY($1)"


async def slots(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, DmSlot]:
    """Return the slots of ``ids``.

    Raises:
        DmSlotUnknown: one of them does not exist within the scope.
    """
    wanted = set(ids)
    found = {row["id"]: slot_of(row) for row in await connection.fetch(SLOTS, wanted)} if wanted else {}
    for missing in wanted - found.keys():
        raise DmSlotUnknown(f"No DM slot {missing} in your scope: check the id.")
    return found


async def lock_slot(connection: Connection, slot_id: UUID) -> tuple[DmSlot, int] | None:
    """Return a slot, locked, with its version; None when there is none."""
    row = await connection.fetchrow(LOCK_SLOT, slot_id)
    return (slot_of(row), row["version"]) if row else None


async def insert_slot(connection: Connection, slot: DmSlot, at: datetime) -> None:
    """Store a new slot."""
    await connection.execute(INSERT_SLOT, *_values(slot), at)


async def update_slot(connection: Connection, slot: DmSlot, at: datetime) -> None:
    """Store a changed slot; its version rises."""
    await connection.execute(UPDATE_SLOT, *_values(slot), at)


async def highest_booked(connection: Connection, slot_id: UUID) -> int | None:
    """Return the highest booked position of a slot."""
    highest: int | None = await connection.fetchval(HIGHEST_BOOKED, slot_id)
    return highest


async def book(connection: Connection, bookings: Sequence[DmBooking], at: datetime) -> None:
    """Store bookings, in the order of slot and position; two at once for one place are decided by the unique keys.

    Raises:
        DmPositionTaken: another promotion holds the position.
        DmProductTaken: the product stands in the slot already.
    """
    for booking in sorted(bookings, key=lambda each: (each.dm_slot_id, each.position)):
        place = (booking.dm_slot_id, booking.position, booking.product_id)
        held = await connection.fetchrow(HOLDERS, *place)
        if held and held["position"] == booking.position:
            raise DmPositionTaken(f"Promotion {held['number']} holds position {booking.position}: choose a free one.")
        if held:
            raise DmProductTaken(f"Promotion {held['number']} has the product in this DM slot: choose another product.")
        await connection.execute(
            BOOK, booking.id, booking.account_id, *place, booking.promotion_id, booking.tactic_id, at
        )


async def bookings_of(connection: Connection, promotion_id: UUID) -> list[DmBooking]:
    """Return the places that a promotion holds."""
    return [
        DmBooking(
            id=row["id"],
            account_id=row["account_id"],
            dm_slot_id=row["dm_slot_id"],
            position=row["position"],
            product_id=row["product_id"],
            promotion_id=row["promotion_id"],
            tactic_id=row["tactic_id"],
        )
        for row in await connection.fetch(BOOKINGS, promotion_id)
    ]


async def release(connection: Connection, bookings: Sequence[DmBooking]) -> None:
    """Free the places."""
    await connection.execute(RELEASE, [booking.id for booking in bookings])


def slot_of(row: Any) -> DmSlot:
    """Return the slot of a row of ``dm_slots``."""
    return DmSlot(
        id=row["id"],
        account_id=row["account_id"],
        calendar_year=row["calendar_year"],
        slot_no=row["slot_no"],
        span=Span(start=row["starts_on"], end=row["ends_on"]),
        submit_deadline=row["submit_deadline"],
        buy_in=Span(start=row["buy_in_starts_on"], end=row["buy_in_ends_on"]),
        positions=row["positions"],
    )


def _values(slot: DmSlot) -> tuple[object, ...]:
    return (
        slot.id, slot.account_id, slot.calendar_year, slot.slot_no, slot.span.start, slot.span.end,
        slot.submit_deadline, slot.buy_in.start, slot.buy_in.end, slot.positions,
    )  # fmt: skip
