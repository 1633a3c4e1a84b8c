"""What a promotion promises: mechanic, windows, items with prices, stores, and tactics with their fees."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from promotions.domain.fees import Fee, Reach
from shared.kernel.money import ZERO
from shared.kernel.periods import Span


class Mechanic(StrEnum):
    """How the shopper gains 促销方式 (domain digest row 53)."""

    PRICE_OFF = "price_off"  # 特价
    SPEND_GET = "spend_get"  # 满减
    GIFT = "gift"  # 赠品
    MULTI_PACK = "multi_pack"  # 多包入
    TASTING = "tasting"  # 试饮试吃
    COUPON = "coupon"  # 优惠券


class TacticKind(StrEnum):
    """What is done in the store."""

    PRICE = "price"  # 价格执行
    DM = "dm"  # DM海报
    ENDCAP = "endcap"  # 端架/TG


class TaxBasis(StrEnum):
    """Whether prices are meant with tax 含税 or without 未税."""

    INCL = "incl"
    EXCL = "excl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product of the promotion 促销品项 with regular and promotional prices (row 54), all on one tax basis."""

    product_id: UUID
    regular_cost: Decimal
    promo_cost: Decimal
    regular_retail: Decimal
    promo_retail: Decimal
    tax_basis: TaxBasis
    forecast_quantity: Decimal

    def __post_init__(self) -> None:
        if min(self.regular_cost, self.promo_cost, self.regular_retail, self.promo_retail) <= 0:
            raise ValueError("prices must be above zero")
        if self.promo_cost > self.regular_cost:
            raise ValueError(f"promo_cost {self.promo_cost} is above regular_cost {self.regular_cost}")
        if self.promo_retail > self.regular_retail:
            raise ValueError(f"promo_retail {self.promo_retail} is above regular_retail {self.regular_retail}")
        if self.forecast_quantity < 0:
            raise ValueError("forecast_quantity must be zero or above")


@dataclass(frozen=True, slots=True, kw_only=True)
class DmPlace:
    """A position in a DM slot 档期版面."""

    dm_slot_id: UUID
    position: int

    def __post_init__(self) -> None:
        if self.position < 1:
            raise ValueError("dm_position counts from 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactic:
    """One thing that the retailer does for one product in every store of the promotion, and its fee."""

    id: UUID
    kind: TacticKind
    product_id: UUID
    count_per_store: int
    place: DmPlace | None
    fee: Fee

    def __post_init__(self) -> None:
        if self.count_per_store < 1:
            raise ValueError("count_per_store must be at least 1")
        if self.kind is not TacticKind.ENDCAP and self.count_per_store != 1:
            raise ValueError("count_per_store is for end caps only: leave it out for price and dm")
        if (self.kind is TacticKind.DM) != (self.place is not None):
            raise ValueError("a dm tactic needs dm_slot_id and dm_position, another kind must not have them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the parties agree upon. Tactics are for items; stores, products, tactics and DM places are distinct."""

    name: str
    mechanic: Mechanic
    window: Span
    buy_in: Span
    order_cap_quantity: Decimal | None
    fund_id: UUID
    currency: str
    items: tuple[Item, ...]
    store_ids: tuple[UUID, ...]
    tactics: tuple[Tactic, ...]

    def __post_init__(self) -> None:
        if not (self.items and self.store_ids and self.tactics):
            raise ValueError("a promotion needs at least one item, one store and one tactic")
        _check_distinct([item.product_id for item in self.items], "product_id in items")
        _check_distinct(list(self.store_ids), "store id")
        _check_distinct([tactic.id for tactic in self.tactics], "tactic id")
        _check_distinct([tactic.place for tactic in self.tactics if tactic.place], "DM position")
        products = {item.product_id for item in self.items}
        for index, tactic in enumerate(self.tactics):
            if tactic.product_id not in products:
                raise ValueError(f"tactics/{index}: product {tactic.product_id} is not among the items")
        if self.buy_in.start > self.window.start:
            raise ValueError("buy_in_starts_on must not be after starts_on")
        if self.order_cap_quantity is not None and self.order_cap_quantity <= 0:
            raise ValueError("order_cap_quantity must be above zero")

    def item(self, product_id: UUID) -> Item:
        """Return the item of a tactic's product."""
        return next(item for item in self.items if item.product_id == product_id)

    def reach(self, tactic: Tactic) -> Reach:
        """Return how far the tactic reaches."""
        return Reach(stores=len(self.store_ids), count_per_store=tactic.count_per_store)

    def planned(self, tactic: Tactic) -> Decimal:
        """Return the planned amount of the tactic's fee."""
        return tactic.fee.rate.planned(self.reach(tactic))

    @property
    def planned_amount(self) -> Decimal:
        """The sum of the planned fees: what the fund has to hold."""
        return sum((self.planned(tactic) for tactic in self.tactics), ZERO)

    @property
    def dm_slot_ids(self) -> set[UUID]:
        """The DM slots that the tactics book."""
        return {tactic.place.dm_slot_id for tactic in self.tactics if tactic.place}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The signed SP agreement 促销协议 (row 57): its file's hash, the day and the person who signed."""

    document_sha256: str
    signed_on: date
    signatory: str


def _check_distinct(values: list[object] | list[UUID] | list[DmPlace], what: str) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"a {what} occurs twice: name each once")
