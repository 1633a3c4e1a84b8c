"""One example of each published event; the schemas and examples in ``published/`` are made from these."""

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from promotions.domain.events import (
    DmBookingState,
    DmSlotBooked,
    DmSlotReleased,
    ItemState,
    PromotionCancelled,
    PromotionChanged,
    PromotionCommitted,
    PromotionEnded,
    PromotionFeeEarned,
    PromotionStarted,
    PromotionState,
    TacticState,
)
from promotions.domain.fees import FeeBasis, FeeKind, SettlementMethod
from promotions.domain.plan import Mechanic, TacticKind, TaxBasis
from promotions.domain.status import PromotionStatus
from shared.kernel.events import Event


def _id(number: int) -> UUID:
    return UUID(int=0x019C_5B2A_7000_7000_8000_0000_0000_0000 + number)


ACCOUNT, ENTITY, FUND, PROMOTION, PRODUCT, SLOT = (_id(number) for number in range(1, 7))
STORES = (_id(0x101), _id(0x102))
JUICE = ItemState(
    product_id=PRODUCT,
    regular_cost=Decimal("8.0000"),
    promo_cost=Decimal("6.8000"),
    regular_retail=Decimal("9.9000"),
    promo_retail=Decimal("7.9000"),
    tax_basis=TaxBasis.INCL,
    forecast_quantity=Decimal("12000.0000"),
)


def _tactic(number: int, kind: TacticKind, kind_of_fee: FeeKind, basis: FeeBasis, **rest: Any) -> TacticState:
    usual = {"dm_slot_id": None, "dm_slot_no": None, "dm_position": None, "count_per_store": 1}
    return TacticState(
        id=_id(0x200 + number),
        kind=kind,
        product_id=PRODUCT,
        expected_price=JUICE.promo_retail,
        fee_id=_id(0x300 + number),
        fee_kind=kind_of_fee,
        basis=basis,
        settlement_method=SettlementMethod.OFFSET,
        **usual | rest,
    )


TACTICS = (
    _tactic(1, TacticKind.PRICE, FeeKind.PRICE_COMPENSATION, FeeBasis.PER_UNIT_SOLD, unit_amount=Decimal("1.2000"),
            planned_amount=Decimal("14400.00")),
    _tactic(2, TacticKind.DM, FeeKind.DM_FEE, FeeBasis.LUMP, unit_amount=Decimal("2340.00"),
            planned_amount=Decimal("2340.00"), dm_slot_id=SLOT, dm_slot_no=12, dm_position=3),
    _tactic(3, TacticKind.ENDCAP, FeeKind.TG_FEE, FeeBasis.PER_STORE, unit_amount=Decimal("500.00"),
            planned_amount=Decimal("2000.00"), count_per_store=2),
)  # fmt: skip
COMMITTED = PromotionCommitted(
    id=PROMOTION,
    account_id=ACCOUNT,
    number="P-17",
    name="Summer juice",
    settlement_entity_id=ENTITY,
    mechanic=Mechanic.PRICE_OFF,
    status=PromotionStatus.COMMITTED,
    starts_on=date(2026, 6, 1),
    ends_on=date(2026, 6, 14),
    buy_in_starts_on=date(2026, 5, 25),
    buy_in_ends_on=date(2026, 6, 17),
    order_cap_quantity=Decimal("15000.0000"),
    currency="CNY",
    fund_id=FUND,
    planned_amount=Decimal("18740.00"),
    agreement_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    agreement_signed_on=date(2026, 5, 20),
    items=(JUICE,),
    store_ids=STORES,
    tactics=TACTICS,
)
BOOKED = DmSlotBooked(
    id=_id(0x401),
    account_id=ACCOUNT,
    dm_slot_id=SLOT,
    calendar_year=2026,
    slot_no=12,
    position=3,
    product_id=PRODUCT,
    promotion_id=PROMOTION,
    tactic_id=TACTICS[1].id,
    starts_on=date(2026, 6, 1),
    ends_on=date(2026, 6, 14),
    buy_in_starts_on=date(2026, 5, 25),
    buy_in_ends_on=date(2026, 6, 17),
)
EARNED = PromotionFeeEarned(
    id=TACTICS[2].fee_id,
    account_id=ACCOUNT,
    promotion_id=PROMOTION,
    promotion_number="P-17",
    tactic_id=TACTICS[2].id,
    tactic_kind=TacticKind.ENDCAP,
    product_id=PRODUCT,
    settlement_entity_id=ENTITY,
    fee_kind=FeeKind.TG_FEE,
    basis=FeeBasis.PER_STORE,
    unit_amount=Decimal("500.00"),
    currency="CNY",
    planned_amount=Decimal("2000.00"),
    planned_count=2,
    verified_count=1,
    verified_share=Decimal("0.500000"),
    units_sold=Decimal("0.0000"),
    earned_amount=Decimal("1000.00"),
    settlement_method=SettlementMethod.OFFSET,
    earned_on=date(2026, 6, 29),
    evidence_task_ids=(_id(0x501),),
)


def _as(kind: type[PromotionState] | type[DmBookingState], event: Event, **changes: object) -> Event:
    values: dict[str, Any] = {field.name: getattr(event, field.name) for field in fields(event)} | changes
    return kind(**values)


EXAMPLES: tuple[Event, ...] = (
    BOOKED,
    _as(DmSlotReleased, BOOKED),
    COMMITTED,
    _as(PromotionChanged, COMMITTED, name="Summer juice and tea"),
    _as(PromotionCancelled, COMMITTED, status=PromotionStatus.CANCELLED),
    _as(PromotionStarted, COMMITTED, status=PromotionStatus.STARTED),
    _as(PromotionEnded, COMMITTED, status=PromotionStatus.ENDED),
    EARNED,
)
