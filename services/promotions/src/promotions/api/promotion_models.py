"""What callers send and get of promotions 促销."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from promotions.domain.fees import Fee, FeeBasis, FeeKind, SettlementMethod, fee_rate
from promotions.domain.plan import Agreement, DmPlace, Item, Mechanic, Plan, Tactic, TacticKind, TaxBasis
from promotions.domain.status import PromotionStatus
from shared.kernel.money import round_cents, round_unit_price
from shared.kernel.periods import Span
from shared.platform.fields import (
    Amount,
    Answer,
    Body,
    Code,
    Currency,
    LongText,
    Quantity,
    Rate,
    Sha256,
    ShortText,
    UnitPrice,
)

EXAMPLE: JsonDict = {
    "account_id": "019c5b2a-7000-7000-8000-000000000001",
    "settlement_entity_id": "019c5b2a-7000-7000-8000-000000000002",
    "number": "P-17",
    "name": "Summer juice",
    "mechanic": "price_off",
    "starts_on": "2026-06-01",
    "ends_on": "2026-06-14",
    "buy_in_starts_on": "2026-05-25",
    "buy_in_ends_on": "2026-06-17",
    "order_cap_quantity": "15000",
    "fund_id": "019c5b2a-7000-7000-8000-000000000003",
    "currency": "CNY",
    "items": [
        {
            "product_id": "019c5b2a-7000-7000-8000-000000000005",
            "regular_cost": "8.00",
            "promo_cost": "6.80",
            "regular_retail": "9.90",
            "promo_retail": "7.90",
            "tax_basis": "incl",
            "forecast_quantity": "12000",
        }
    ],
    "store_ids": ["019c5b2a-7000-7000-8000-000000000101", "019c5b2a-7000-7000-8000-000000000102"],
    "tactics": [
        {
            "kind": "price",
            "product_id": "019c5b2a-7000-7000-8000-000000000005",
            "fee": {
                "fee_kind": "price_compensation",
                "basis": "per_unit_sold",
                "amount": "1.20",
                "planned_amount": "14400.00",
                "settlement_method": "offset",
            },
        },
        {
            "kind": "dm",
            "product_id": "019c5b2a-7000-7000-8000-000000000005",
            "dm_slot_id": "019c5b2a-7000-7000-8000-000000000006",
            "dm_position": 3,
            "fee": {"fee_kind": "dm_fee", "basis": "lump", "amount": "2340.00", "settlement_method": "offset"},
        },
        {
            "kind": "endcap",
            "product_id": "019c5b2a-7000-7000-8000-000000000005",
            "count_per_store": 2,
            "fee": {"fee_kind": "tg_fee", "basis": "per_store", "amount": "500.00", "settlement_method": "offset"},
        },
    ],
}
"""A promotion as the documents show it."""


class ItemIn(Body):
    """A product of the promotion 促销品项; its four prices are on one tax basis."""

    product_id: UUID
    regular_cost: UnitPrice
    """Regular buying price 进价 of the retailer."""
    promo_cost: UnitPrice
    """Buying price within the buy-in window; at most the regular one."""
    regular_retail: UnitPrice
    """Regular shelf price 售价."""
    promo_retail: UnitPrice
    """Shelf price within the promotion; at most the regular one. Price tactics are checked against it."""
    tax_basis: TaxBasis
    """Whether the prices include tax 含税 or not 未税."""
    forecast_quantity: Quantity
    """Units that are expected to be sold."""

    def item(self) -> Item:
        """Return the item."""
        return Item(
            product_id=self.product_id,
            regular_cost=round_unit_price(self.regular_cost),
            promo_cost=round_unit_price(self.promo_cost),
            regular_retail=round_unit_price(self.regular_retail),
            promo_retail=round_unit_price(self.promo_retail),
            tax_basis=self.tax_basis,
            forecast_quantity=round_unit_price(self.forecast_quantity),
        )


class FeeIn(Body):
    """The fee of a tactic."""

    fee_kind: FeeKind
    """Kind of the fee (domain digest 2.1)."""
    basis: FeeBasis
    """lump: planned is the amount. per_store: amount × count_per_store × stores. per_unit_sold: planned_amount."""
    amount: UnitPrice
    """Amount per unit of the basis, in the promotion's currency: cents, or four decimals per unit sold."""
    settlement_method: SettlementMethod
    """How the retailer gets it: 票扣, 账扣, 电汇/现金, 货补."""
    planned_amount: Amount | None = None
    """Forecast of a per_unit_sold fee; required there and nowhere else."""

    def fee(self, fee_id: UUID) -> Fee:
        """Return the fee."""
        planned = round_cents(self.planned_amount) if self.planned_amount is not None else None
        amount = round_unit_price(self.amount)
        return Fee(
            id=fee_id,
            fee_kind=self.fee_kind,
            rate=fee_rate(self.basis, amount, planned),
            settlement_method=self.settlement_method,
        )


class TacticIn(Body):
    """What the retailer does for one product in every store."""

    id: UUID | None = None
    """The caller's id; a tactic that keeps its id when a plan is replaced keeps its fee."""
    kind: TacticKind
    """price 价格执行, dm DM海报 or endcap 端架/TG."""
    product_id: UUID
    """One of the items."""
    count_per_store: int | None = Field(default=None, ge=1, le=1000)
    """End caps in each store; left out: 1. Not for price and dm."""
    dm_slot_id: UUID | None = None
    """DM slot of a dm tactic."""
    dm_position: int | None = Field(default=None, ge=1, le=1000)
    """Item place in the DM slot."""
    fee: FeeIn

    def tactic(self, fee_ids: Mapping[UUID, UUID], new_id: Callable[[], UUID]) -> Tactic:
        """Return the tactic; ``fee_ids`` are the fees of tactics that exist already.

        Raises:
            ValueError: only one of DM slot and position is given.
        """
        tactic_id = self.id or new_id()
        place = None
        if self.dm_slot_id is not None and self.dm_position is not None:
            place = DmPlace(dm_slot_id=self.dm_slot_id, position=self.dm_position)
        return Tactic(
            id=tactic_id,
            kind=self.kind,
            product_id=self.product_id,
            count_per_store=self.count_per_store or 1,
            place=place,
            fee=self.fee.fee(fee_ids.get(tactic_id) or new_id()),
        )


class PlanIn(Body):
    """What the parties agree upon."""

    name: ShortText
    mechanic: Mechanic
    """How the shopper gains 促销方式."""
    starts_on: date
    """First day of sale."""
    ends_on: date
    """Last day of sale."""
    buy_in_starts_on: date
    """First day on which the retailer buys at promo_cost 进货期."""
    buy_in_ends_on: date
    """Last such day."""
    order_cap_quantity: Quantity | None = None
    """Units that may be ordered within the buy-in window, if limited 限量."""
    fund_id: UUID
    """Fund of the same account and currency that pays the fees."""
    currency: Currency
    """ISO 4217 currency of all amounts."""
    items: Annotated[tuple[ItemIn, ...], Field(min_length=1, max_length=200)]
    store_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=5000)]
    """Stores of the account that take part."""
    tactics: Annotated[tuple[TacticIn, ...], Field(min_length=1, max_length=600)]

    def plan(self, fee_ids: Mapping[UUID, UUID], new_id: Callable[[], UUID]) -> Plan:
        """Return the plan; ``fee_ids`` are the fees of tactics that exist already."""
        cap = self.order_cap_quantity
        return Plan(
            name=self.name,
            mechanic=self.mechanic,
            window=Span(start=self.starts_on, end=self.ends_on),
            buy_in=Span(start=self.buy_in_starts_on, end=self.buy_in_ends_on),
            order_cap_quantity=round_unit_price(cap) if cap is not None else None,
            fund_id=self.fund_id,
            currency=self.currency,
            items=tuple(item.item() for item in self.items),
            store_ids=self.store_ids,
            tactics=tuple(tactic.tactic(fee_ids, new_id) for tactic in self.tactics),
        )


class DraftIn(PlanIn):
    """A draft."""

    settlement_entity_id: UUID
    """Settlement entity 结算主体 that will deduct the fees."""
    number: Code
    """Promotion number, unique in the account."""


class PromotionIn(DraftIn):
    """A new promotion."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: UUID | None = None
    """The caller's id, if it brings one."""
    account_id: UUID


class AgreementIn(Body):
    """The signed SP agreement 促销协议."""

    document_sha256: Sha256
    """Hash of the signed file."""
    signed_on: date
    """Day of signature, not after the first day of sale."""
    signatory: ShortText
    """Who signed for the retailer."""

    def agreement(self) -> Agreement:
        """Return the agreement."""
        return Agreement(document_sha256=self.document_sha256, signed_on=self.signed_on, signatory=self.signatory)


class AmendIn(Body):
    """Another plan for a committed promotion, under a new agreement."""

    plan: PlanIn
    agreement: AgreementIn
    amended_on: date | None = None
    """Business date for the fund's ledger; left out: today."""


class SubmitIn(Body):
    """When a draft is handed in."""

    submitted_on: date
    """Day of submission: not after the deadline of a DM slot."""


class CommitIn(Body):
    """When a promotion becomes binding."""

    committed_on: date | None = None
    """Business date for the fund's ledger; left out: today."""


class CancelIn(Body):
    """Why a promotion is given up."""

    reason: LongText = ""
    cancelled_on: date | None = None
    """Business date for the fund's ledger; left out: today."""


class RejectIn(Body):
    """Why a promotion goes back to draft."""

    reason: LongText = ""


class AdvanceIn(Body):
    """Up to when the calendar is followed."""

    as_of: date


class AdvanceOut(Answer):
    """What the calendar brought."""

    as_of: date
    started: int
    """Promotions that started."""
    ended: int
    """Promotions that ended."""
    earned: int
    """Fees whose earned amount is new or has changed."""


class ItemOut(Answer):
    """A product of the promotion with its prices."""

    product_id: UUID
    regular_cost: UnitPrice
    promo_cost: UnitPrice
    regular_retail: UnitPrice
    promo_retail: UnitPrice
    tax_basis: TaxBasis
    forecast_quantity: Quantity


class FeeResultOut(Answer):
    """What a fee of a binding promotion holds and has earned."""

    committed: Amount
    """What the fund holds for it."""
    earned_amount: Amount | None
    """What the retailer has earned by proof; null until the days for verification are over."""
    uncovered: Amount
    """Earned beyond what the fund could cover."""
    verified_count: int | None
    """Stores whose latest verdict is executed."""
    verified_share: Rate | None
    """verified_count ÷ stores."""
    units_sold: Quantity | None
    """Units that counted, for per_unit_sold."""
    earned_on: date | None
    """Business date of the calculation."""


class FeeOut(Answer):
    """The fee of a tactic."""

    id: UUID
    fee_kind: FeeKind
    basis: FeeBasis
    amount: UnitPrice
    settlement_method: SettlementMethod
    planned_amount: Amount
    result: FeeResultOut | None
    """Absent until the promotion is committed."""


class TacticOut(Answer):
    """A tactic with its fee."""

    id: UUID
    kind: TacticKind
    product_id: UUID
    count_per_store: int
    dm_slot_id: UUID | None
    dm_position: int | None
    fee: FeeOut


class PromotionSummary(Answer):
    """A promotion as lists show it."""

    id: UUID
    account_id: UUID
    settlement_entity_id: UUID
    number: str
    name: str
    mechanic: Mechanic
    status: PromotionStatus
    starts_on: date
    ends_on: date
    buy_in_starts_on: date
    buy_in_ends_on: date
    order_cap_quantity: Quantity | None
    fund_id: UUID
    currency: str
    planned_amount: Amount
    agreement_sha256: str | None
    agreement_signed_on: date | None
    submitted_on: date | None
    version: int


class PromotionOut(PromotionSummary):
    """A promotion with everything."""

    agreement_signatory: str | None
    items: tuple[ItemOut, ...]
    store_ids: tuple[UUID, ...]
    tactics: tuple[TacticOut, ...]


class PromotionFeeOut(Answer):
    """A fee of a binding promotion."""

    id: UUID
    account_id: UUID
    promotion_id: UUID
    promotion_number: str
    tactic_id: UUID
    tactic_kind: TacticKind
    product_id: UUID
    fee_kind: FeeKind
    basis: FeeBasis
    currency: str
    planned_amount: Amount
    committed: Amount
    earned_amount: Amount | None
    uncovered: Amount
    verified_count: int | None
    planned_count: int
    units_sold: Quantity | None
    earned_on: date | None
    evidence_task_ids: tuple[UUID, ...] | None
