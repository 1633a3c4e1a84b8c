"""The events that promotions publishes; each carries the full public state of its subject."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, TypeVar
from uuid import UUID

from promotions.domain.dm import DmBooking, DmSlot
from promotions.domain.fees import FeeBasis, FeeKind, SettlementMethod
from promotions.domain.plan import Mechanic, TacticKind, TaxBasis
from promotions.domain.status import PromotionStatus
from shared.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemState:
    """A product of the promotion with its prices."""

    __pydantic_config__: ClassVar[dict[str, bool]] = {"use_attribute_docstrings": True}

    product_id: UUID
    """Product of contracts."""
    regular_cost: Decimal
    """Regular buying price 进价 of the retailer, four decimals."""
    promo_cost: Decimal
    """Buying price within the buy-in window, four decimals."""
    regular_retail: Decimal
    """Regular shelf price 售价, four decimals."""
    promo_retail: Decimal
    """Shelf price within the promotion, four decimals."""
    tax_basis: TaxBasis
    """Whether the four prices include tax."""
    forecast_quantity: Decimal
    """Units that are expected to be sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticState:
    """What is done for one product in every store, and its fee."""

    __pydantic_config__: ClassVar[dict[str, bool]] = {"use_attribute_docstrings": True}

    id: UUID
    """Tactic; with a store it names the task."""
    kind: TacticKind
    """price, dm or endcap."""
    product_id: UUID
    """One of the items."""
    count_per_store: int
    """End caps 端架 in each store; 1 for price and dm."""
    expected_price: Decimal
    """Shelf price to be found: promo_retail of the product."""
    dm_slot_id: UUID | None
    """DM slot 档期 of a dm tactic."""
    dm_slot_no: int | None
    """Its number in the retailer's calendar year."""
    dm_position: int | None
    """Item place in the DM slot, from 1."""
    fee_id: UUID
    """Fee; the subject of promotion_fee_earned."""
    fee_kind: FeeKind
    """Kind of the fee (domain digest 2.1)."""
    basis: FeeBasis
    """What the fee is counted by."""
    unit_amount: Decimal
    """Amount per unit of the basis: cents, or four decimals per unit sold."""
    planned_amount: Decimal
    """Amount that the fund holds for the fee, in the promotion's currency."""
    settlement_method: SettlementMethod
    """How the retailer gets the fee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionState(Event):
    """Full public state of a committed promotion."""

    noun: ClassVar[str] = "promotion"

    number: str
    """Promotion number, unique in the account."""
    name: str
    """Name of the promotion."""
    settlement_entity_id: UUID
    """Settlement entity 结算主体 that will deduct the fees."""
    mechanic: Mechanic
    """How the shopper gains 促销方式."""
    status: PromotionStatus
    """Status after the event."""
    starts_on: date
    """First day of sale."""
    ends_on: date
    """Last day of sale."""
    buy_in_starts_on: date
    """First day on which the retailer buys at promo_cost."""
    buy_in_ends_on: date
    """Last such day."""
    order_cap_quantity: Decimal | None
    """Units that may be ordered within the buy-in window 限量 (row 62), if limited."""
    currency: str
    """ISO 4217 currency of all amounts."""
    fund_id: UUID
    """Fund that holds the planned fees."""
    planned_amount: Decimal
    """Sum of the planned fees."""
    agreement_sha256: str
    """SHA-256 of the signed agreement's file, 64 lowercase hexadecimal digits."""
    agreement_signed_on: date
    """Day of signature."""
    items: tuple[ItemState, ...]
    """Products with prices."""
    store_ids: tuple[UUID, ...]
    """Stores of store-ops that take part."""
    tactics: tuple[TacticState, ...]
    """What is done in each store, and its fees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCommitted(PromotionState):
    """A promotion became binding: agreement stored, fund committed, DM slots booked."""

    event_type: ClassVar[str] = "gondola.promotions.promotion_committed.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionChanged(PromotionState):
    """A committed promotion was amended before its start, under a new agreement."""

    event_type: ClassVar[str] = "gondola.promotions.promotion_changed.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCancelled(PromotionState):
    """A committed promotion was cancelled before its start; fund and DM slots are released."""

    event_type: ClassVar[str] = "gondola.promotions.promotion_cancelled.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionStarted(PromotionState):
    """The first day of a committed promotion was reached."""

    event_type: ClassVar[str] = "gondola.promotions.promotion_started.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionEnded(PromotionState):
    """The last day of a promotion has passed."""

    event_type: ClassVar[str] = "gondola.promotions.promotion_ended.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFeeEarned(Event):
    """What the retailer has earned of a fee, by proof; a later event of the same fee replaces the amount."""

    event_type: ClassVar[str] = "gondola.promotions.promotion_fee_earned.v1"
    noun: ClassVar[str] = "promotion-fee"

    promotion_id: UUID
    """Promotion."""
    promotion_number: str
    """Its number."""
    tactic_id: UUID
    """Tactic that the fee pays for."""
    tactic_kind: TacticKind
    """price, dm or endcap."""
    product_id: UUID
    """Product of the tactic."""
    settlement_entity_id: UUID
    """Settlement entity that will deduct the fee."""
    fee_kind: FeeKind
    """Kind of the fee."""
    basis: FeeBasis
    """What the fee is counted by."""
    unit_amount: Decimal
    """Amount per unit of the basis."""
    currency: str
    """ISO 4217 currency of the amounts."""
    planned_amount: Decimal
    """Amount that was committed for it."""
    planned_count: int
    """Stores that the tactic was agreed for."""
    verified_count: int
    """Stores whose latest verdict is ``executed``."""
    verified_share: Decimal
    """verified_count ÷ planned_count, six decimals."""
    units_sold: Decimal
    """Units sold in the window in those stores (per_unit_sold; zero for other bases)."""
    earned_amount: Decimal
    """Full amount earned so far; replaces the amount of an earlier event."""
    settlement_method: SettlementMethod
    """How the retailer gets it."""
    earned_on: date
    """Business date of this calculation."""
    evidence_task_ids: tuple[UUID, ...]
    """Tasks (subjects of execution_verified) whose verdict is ``executed``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmBookingState(Event):
    """Full public state of a DM slot booking."""

    noun: ClassVar[str] = "dm-slot-booking"

    dm_slot_id: UUID
    """DM slot 档期."""
    calendar_year: int
    """Year of the retailer's DM calendar."""
    slot_no: int
    """Number of the slot in that year."""
    position: int
    """Item place in the slot, from 1."""
    product_id: UUID
    """Product that stands there."""
    promotion_id: UUID
    """Promotion that holds it."""
    tactic_id: UUID
    """Tactic that holds it."""
    starts_on: date
    """First day of the slot."""
    ends_on: date
    """Last day of the slot."""
    buy_in_starts_on: date
    """First day of the slot's buy-in window."""
    buy_in_ends_on: date
    """Last day of the slot's buy-in window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmSlotBooked(DmBookingState):
    """A committed promotion took a place in a DM slot."""

    event_type: ClassVar[str] = "gondola.promotions.dm_slot_booked.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DmSlotReleased(DmBookingState):
    """The place is free again."""

    event_type: ClassVar[str] = "gondola.promotions.dm_slot_released.v1"


BookingEvent = TypeVar("BookingEvent", bound=DmBookingState)


def booking_event(kind: type[BookingEvent], booking: DmBooking, slot: DmSlot) -> BookingEvent:
    """Return the event of a booking."""
    return kind(
        id=booking.id,
        account_id=booking.account_id,
        dm_slot_id=slot.id,
        calendar_year=slot.calendar_year,
        slot_no=slot.slot_no,
        position=booking.position,
        product_id=booking.product_id,
        promotion_id=booking.promotion_id,
        tactic_id=booking.tactic_id,
        starts_on=slot.span.start,
        ends_on=slot.span.end,
        buy_in_starts_on=slot.buy_in.start,
        buy_in_ends_on=slot.buy_in.end,
    )
