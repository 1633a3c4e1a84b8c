"""DM slots 档期 and their bookings."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field
from starlette.responses import Response

from promotions.api.common import (
    PLANNERS,
    READERS,
    AccountId,
    Chosen,
    CreatedAt,
    ProductId,
    PromotionId,
    TacticId,
    UpdatedAt,
    Version,
    check_account,
    created_or_changed,
)
from promotions.db import dm
from promotions.domain.dm import DmDefaults, DmSlot
from promotions.domain.errors import DmSlotUnknown
from shared.kernel.periods import Span
from shared.platform.clock import now
from shared.platform.fields import Answer, Body, Instant
from shared.platform.http import IfMatch, Raw, Router, json_response, require_match
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/dm-slots", tags=["dm-slots"])
bookings_router = Router(prefix="/v1/dm-slot-bookings", tags=["dm-slots"])

COLUMNS = """id, account_id, calendar_year, slot_no, starts_on, ends_on, submit_deadline, buy_in_starts_on,
    buy_in_ends_on, positions, version, created_at, updated_at"""
SELECT = f"SELECT {COLUMNS} FROM dm_slots"  # noqa: S608 - our own text
LIST = ListQuery(
    select=SELECT,
    order=("starts_on", "id"),
    filters={"account_id": "account_id = {}", "calendar_year": "calendar_year = {}", "ends_from": "ends_on >= {}"},
)
BOOKINGS = ListQuery(
    select="""SELECT id, account_id, dm_slot_id, position, product_id, promotion_id, tactic_id, booked_at
        FROM dm_slot_bookings""",
    order=("dm_slot_id", "position"),
    filters={"account_id": "account_id = {}", "dm_slot_id": "dm_slot_id = {}", "promotion_id": "promotion_id = {}"},
)


class DmSlotFields(Answer):
    """A slot 档期 of an account's DM calendar: one leaflet."""

    account_id: AccountId
    calendar_year: int = Field(ge=2000, le=2100)
    """Year of the retailer's calendar."""
    slot_no: int = Field(ge=1, le=999)
    """Number of the slot 档期号 in that year; unique with account and year."""
    starts_on: date
    """First day of the leaflet. No two slots of an account share a day."""
    ends_on: date
    """Last day of the leaflet, included."""
    positions: int = Field(ge=1, le=1000)
    """Item places in the leaflet, counted from 1."""


class DmSlotIn(DmSlotFields, Body):
    """A slot to create or to change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "019c5b2a-7000-7000-8000-000000000001",
                    "calendar_year": 2026,
                    "slot_no": 12,
                    "starts_on": "2026-06-01",
                    "ends_on": "2026-06-14",
                    "submit_deadline": "2026-04-17",
                    "buy_in_starts_on": "2026-05-25",
                    "buy_in_ends_on": "2026-06-17",
                    "positions": 20,
                }
            ]
        }
    )

    submit_deadline: date | None = None
    """Last day to submit a promotion for it; left out: 45 days before the first day (setting submit_lead_days)."""
    buy_in_starts_on: date | None = None
    """First day of the buy-in window 进货期; left out: 7 days before the first day (setting buy_in_lead_days)."""
    buy_in_ends_on: date | None = None
    """Last day of the buy-in window; left out: 3 days after the last day (setting buy_in_trail_days)."""

    def slot(self, slot_id: UUID, defaults: DmDefaults) -> DmSlot:
        """Return the slot that is meant; dates that are left out follow the defaults."""
        span = Span(start=self.starts_on, end=self.ends_on)
        usual = defaults.buy_in(span)
        return DmSlot(
            id=slot_id,
            account_id=self.account_id,
            calendar_year=self.calendar_year,
            slot_no=self.slot_no,
            span=span,
            submit_deadline=self.submit_deadline or defaults.submit_deadline(span),
            buy_in=Span(start=self.buy_in_starts_on or usual.start, end=self.buy_in_ends_on or usual.end),
            positions=self.positions,
        )


class DmSlotOut(DmSlotFields):
    """A slot of an account's DM calendar."""

    id: UUID
    """Identifier of the slot, of its creator's choice."""
    submit_deadline: date
    """Last day to submit a promotion for it 提报截止日."""
    buy_in_starts_on: date
    """First day of the buy-in window 进货期."""
    buy_in_ends_on: date
    """Last day of the buy-in window, included."""
    version: Version
    created_at: CreatedAt
    updated_at: UpdatedAt


class DmSlotBookingOut(Answer):
    """A place in a DM slot that a committed promotion holds."""

    id: UUID
    """Identifier of the booking; the subject of its events."""
    account_id: AccountId
    dm_slot_id: UUID
    """DM slot 档期 that the place is in."""
    position: int
    """Item place in the leaflet, from 1; each is booked once."""
    product_id: ProductId
    promotion_id: PromotionId
    tactic_id: TacticId
    booked_at: Instant
    """When the promotion took it."""


@router.put(
    "/{dm_slot_id}",
    operation_id="put_dm_slot",
    policy=PLANNERS,
    answers=DmSlotOut,
    responses=created_or_changed(DmSlotOut),
)
async def put_dm_slot(
    dm_slot_id: UUID, body: DmSlotIn, raw: Raw, settings: Chosen, if_match: IfMatch = None
) -> Response:
    """Create or change a DM slot 档期.

    - 201 when new, 200 when it existed; the same body again changes nothing.
    - Slots of an account do not overlap: 409 `dm_slot_overlaps`; year and number: 409 `dm_slot_number_taken`.
    - A booked slot keeps its account, dates and booked positions: 409 `dm_slot_in_use`.
    """
    slot = body.slot(dm_slot_id, settings.dm_defaults)
    await check_account(raw, slot.account_id)
    known = await dm.lock_slot(raw, dm_slot_id)
    if known is None:
        await dm.insert_slot(raw, slot, now())
        return await _answer(raw, dm_slot_id, status=201)
    before, version = known
    if if_match is not None:
        require_match(if_match, version)
    if slot != before:
        before.check_change(slot, await dm.highest_booked(raw, dm_slot_id))
        await dm.update_slot(raw, slot, now())
    return await _answer(raw, dm_slot_id)


@router.get("/{dm_slot_id}", operation_id="get_dm_slot", policy=READERS, answers=DmSlotOut)
async def get_dm_slot(dm_slot_id: UUID, raw: Raw) -> Response:
    """Return a DM slot."""
    return await _answer(raw, dm_slot_id)


@router.get("", operation_id="list_dm_slots", policy=READERS, list_of=DmSlotOut)
async def list_dm_slots(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    calendar_year: int | None = None,
    ends_from: date | None = None,
) -> Response:
    """List DM slots by first day; `ends_from` leaves out those that ended before it."""
    return await LIST.page(raw, page, account_id=account_id, calendar_year=calendar_year, ends_from=ends_from)


@bookings_router.get("", operation_id="list_dm_slot_bookings", policy=READERS, list_of=DmSlotBookingOut)
async def list_dm_slot_bookings(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    dm_slot_id: UUID | None = None,
    promotion_id: UUID | None = None,
) -> Response:
    """List the booked places."""
    return await BOOKINGS.page(raw, page, account_id=account_id, dm_slot_id=dm_slot_id, promotion_id=promotion_id)


async def _answer(raw: Raw, dm_slot_id: UUID, *, status: int = 200) -> Response:
    row: Any = await raw.fetchrow(f"{SELECT} WHERE id = $1", dm_slot_id)
    if row is None:
        raise DmSlotUnknown(f"No DM slot {dm_slot_id} in your scope: check the id.")
    return json_response(dict(row), status=status, etag=row["version"])
