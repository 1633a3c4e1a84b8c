"""What a tactic costs: planned before, earned after the retailer did what was agreed."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.kernel.money import round_cents, round_rate, round_unit_price


class FeeBasis(StrEnum):
    """What a fee is counted by."""

    LUMP = "lump"
    PER_STORE = "per_store"
    PER_UNIT_SOLD = "per_unit_sold"


class FeeKind(StrEnum):
    """Fees outside the contract 合同外费用 (domain digest 2.1)."""

    PRICE_COMPENSATION = "price_compensation"  # 促销补差
    DM_FEE = "dm_fee"  # DM海报
    TG_FEE = "tg_fee"  # 端架
    FLOOR_DISPLAY_FEE = "floor_display_fee"  # 堆头
    DISPLAY_PACKAGE = "display_package"  # 商品展示
    PROMOTER_FEE = "promoter_fee"  # 导购管理费
    NEW_ITEM_FEE = "new_item_fee"  # 新品费
    SLOTTING_FEE = "slotting_fee"  # 上架费
    FESTIVAL_FEE = "festival_fee"  # 节庆
    ANNIVERSARY_FEE = "anniversary_fee"  # 店庆
    NEW_STORE_FEE = "new_store_fee"  # 新店
    REFIT_FEE = "refit_fee"  # 翻新


class SettlementMethod(StrEnum):
    """How the retailer gets the fee (domain digest 2.2)."""

    ON_INVOICE = "on_invoice"  # 票扣
    OFFSET = "offset"  # 账扣
    CASH = "cash"  # 电汇/现金
    FREE_GOODS = "free_goods"  # 货补


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a tactic reaches: stores, and pieces (end caps 端架) in each."""

    stores: int
    count_per_store: int = 1

    def __post_init__(self) -> None:
        if self.stores < 1 or self.count_per_store < 1:
            raise ValueError("a tactic needs at least one store and one piece per store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was proved of a tactic: executed stores, by the latest verdict of each, and what they sold in its window."""

    executed_stores: int
    units_sold: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lump:
    """One amount for the whole tactic 一口价."""

    basis: ClassVar[FeeBasis] = FeeBasis.LUMP
    amount: Decimal

    def __post_init__(self) -> None:
        _check_cents(self.amount, "amount")

    def planned(self, reach: Reach) -> Decimal:  # noqa: ARG002 One amount whatever the reach.
        """Return the amount."""
        return self.amount

    def earned(self, reach: Reach, proof: Proof) -> Decimal:
        """Return ``amount × executed stores ÷ stores``, half up to 0.01: the rest is not owed (Order 17 Art. 11)."""
        return round_cents(self.amount * proof.executed_stores / reach.stores)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerStore:
    """An amount for each piece in each store 元/个/店/档."""

    basis: ClassVar[FeeBasis] = FeeBasis.PER_STORE
    amount: Decimal

    def __post_init__(self) -> None:
        _check_cents(self.amount, "amount")

    def planned(self, reach: Reach) -> Decimal:
        """Return ``amount × pieces per store × stores``."""
        return round_cents(self.amount * reach.count_per_store * reach.stores)

    def earned(self, reach: Reach, proof: Proof) -> Decimal:
        """Return ``amount × pieces per store × executed stores``."""
        return round_cents(self.amount * reach.count_per_store * proof.executed_stores)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnitSold:
    """An amount for each unit that executed stores sold in the window 促销补差: the price gap, four decimals."""

    basis: ClassVar[FeeBasis] = FeeBasis.PER_UNIT_SOLD
    amount: Decimal
    planned_amount: Decimal

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount <= 0 or self.amount != round_unit_price(self.amount):
            raise ValueError(f"amount must be above 0 with at most four decimals, got {self.amount}")
        _check_cents(self.planned_amount, "planned_amount")

    def planned(self, reach: Reach) -> Decimal:  # noqa: ARG002 The plan is a forecast, not a product.
        """Return the forecast amount."""
        return self.planned_amount

    def earned(self, reach: Reach, proof: Proof) -> Decimal:  # noqa: ARG002 Units are counted in executed stores already.
        """Return ``amount × units sold``, half up to 0.01, never below zero; it may exceed the plan."""
        return round_cents(self.amount * max(proof.units_sold, Decimal(0)))


FeeRate = (
    Lump | PerStore | PerUnitSold
)  # A new basis: one class above, one name here, one in FeeBasis and ``fee_rate``.


def fee_rate(basis: FeeBasis, amount: Decimal, planned_amount: Decimal | None) -> FeeRate:
    """Build the rate of ``basis``.

    Raises:
        ValueError: the planned amount is missing for ``per_unit_sold`` or given for another basis.
    """
    if basis is FeeBasis.PER_UNIT_SOLD:
        if planned_amount is None:
            raise ValueError("planned_amount is required with basis per_unit_sold: give the forecast amount")
        return PerUnitSold(amount=amount, planned_amount=planned_amount)
    if planned_amount is not None:
        raise ValueError(f"planned_amount is computed with basis {basis}: leave it out")
    _check_cents(amount, "amount")
    amount = round_cents(amount)
    return Lump(amount=amount) if basis is FeeBasis.LUMP else PerStore(amount=amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """The fee of one tactic."""

    id: UUID
    fee_kind: FeeKind
    rate: FeeRate
    settlement_method: SettlementMethod


def verified_share(executed_stores: int, stores: int) -> Decimal:
    """Return executed stores ÷ planned stores as a fraction of six decimals."""
    return round_rate(Decimal(executed_stores) / stores)


def _check_cents(amount: Decimal, name: str) -> None:
    if not amount.is_finite() or amount <= 0 or amount != round_cents(amount):
        raise ValueError(f"{name} must be above 0 with at most two decimals, got {amount}")
