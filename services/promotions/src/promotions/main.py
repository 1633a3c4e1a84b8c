"""The promotions service, wired."""

from pathlib import Path

from promotions.api import dm_slots, funds, promotions, sell_out, settings_status
from promotions.app import advance
from promotions.db import tables
from promotions.domain import errors
from promotions.events import examples, inbound
from promotions.settings import Settings
from shared.platform.auth import EVERYTHING
from shared.platform.clock import today
from shared.platform.service import Job, JobContext, Service

CONSTRAINTS = {
    "dm_slots_no_overlap": errors.DmSlotOverlaps("Another DM slot of the account shares a day: choose other dates."),
    "dm_slots_account_id_calendar_year_slot_no_key": errors.DmSlotNumberTaken(
        "The account has a DM slot of this year and number: choose another number."
    ),
    "dm_slot_bookings_dm_slot_id_position_key": errors.DmPositionTaken(
        "Another promotion took this position a moment ago: choose a free one."
    ),
    "dm_slot_bookings_dm_slot_id_product_id_key": errors.DmProductTaken(
        "The product stands in this DM slot already: choose another product or slot."
    ),
    "funds_never_overdrawn": errors.FundOverdrawn("The fund has less available than is needed: raise its budget."),
    "promotion_item_stores_no_overlap": errors.PromotionOverlaps(
        "Another promotion took one of these products in one of these stores a moment ago: choose other dates."
    ),
    "promotions_account_id_number_key": errors.NumberTaken(
        "The account has a promotion of this number: choose another number."
    ),
    "promotions_pkey": errors.PromotionIdTaken("A promotion has this id already: read it, or choose a new id."),
    "promotions_fund_id_fkey": errors.FundUnknown("There is no such fund: create it first."),
    "promotion_tactics_pkey": errors.TacticIdTaken("Another promotion has a tactic of this id: choose a new id."),
    "promotion_tactics_dm_slot_id_fkey": errors.DmSlotUnknown("There is no such DM slot: create it first."),
}
"""What the database's last word means; handlers say it earlier and better where they can."""


async def advance_job(context: JobContext) -> bool:
    """Follow the calendar up to today."""
    settings = context.settings
    assert isinstance(settings, Settings)
    async with context.database.raw(EVERYTHING) as connection:
        step = await advance.run(
            connection,
            today(settings.time_zone),
            verification_days=settings.verification_days,
            at=context.now,
        )
    return not step.is_done


service = Service(
    name="promotions",
    title="Promotions",
    description="DM slots, funds, promotions with their fees, sell-out; fees are earned by proof of execution.",
    settings=Settings,
    metadata=tables.metadata,
    routers=(
        dm_slots.router,
        dm_slots.bookings_router,
        funds.router,
        promotions.router,
        promotions.fees_router,
        sell_out.router,
        sell_out.jobs_router,
        settings_status.router,
    ),
    examples=examples.EXAMPLES,
    inbound=inbound.handlers,
    jobs=(Job(name="advance", every_seconds=3600, run=advance_job),),
    constraints=CONSTRAINTS,
    folder=Path(__file__).parent,
)
create_app = service.create_app

if __name__ == "__main__":
    service.main()
