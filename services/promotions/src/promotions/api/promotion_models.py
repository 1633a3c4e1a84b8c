"""What callers send and get of promotions 促销."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from promotions.api.common import AccountId, ProductId, PromotionId, TacticId, Version
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

ITEMS_MAX = 200
STORES_MAX = 5000
TACTICS_MAX = 600
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


class ItemFields(Answer):
    """A product of the promotion 促销品项; its four prices are on one tax basis."""

    product_id: ProductId
    regular_cost: UnitPrice
    """Regular buying price 进价 of the retailer, per unit in the promotion's currency."""
    promo_cost: UnitPrice
    """Buying price per unit within the buy-in window; at most the regular one."""
    regular_retail: UnitPrice
    """Regular shelf price 售价 per unit."""
    promo_retail: UnitPrice
    """Shelf price per unit within the promotion; at most the regular one. Price tactics are checked against it."""
    tax_basis: TaxBasis
    """Whether the four prices include tax 含税 or not 未税."""
    forecast_quantity: Quantity
    """Units that are expected to be sold in all stores."""


class ItemIn(ItemFields, Body):
    """A product to promote."""

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
    """What it costs."""

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


class PlanFields(Answer):
    """The head of what the parties agree upon."""

    name: ShortText
    """What the promotion is called on calendars and in lists 促销名称; need not be unique."""
    mechanic: Mechanic
    """How the shopper gains 促销方式."""
    starts_on: date
    """First day of sale; what is committed starts on it."""
    ends_on: date
    """Last day of sale, included."""
    buy_in_starts_on: date
    """First day on which the retailer buys at promo_cost 进货期."""
    buy_in_ends_on: date
    """Last such day."""
    fund_id: UUID
    """Fund 费用预算 of the same account and currency that pays the fees."""
    currency: Currency
    """ISO 4217 code of all its amounts and prices."""


class PlanIn(PlanFields, Body):
    """What the parties agree upon."""

    order_cap_quantity: Quantity | None = None
    """Units that may be ordered within the buy-in window, if limited 限量."""
    items: Annotated[tuple[ItemIn, ...], Field(min_length=1, max_length=ITEMS_MAX)]
    """Products with their prices; each product once."""
    store_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=STORES_MAX)]
    """Stores of the account that take part."""
    tactics: Annotated[tuple[TacticIn, ...], Field(min_length=1, max_length=TACTICS_MAX)]
    """What is done in each store, and its fees."""

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
    """Identifier of the caller's choice; left out: one is given."""
    account_id: AccountId


class AgreementIn(Body):
    """The signed SP agreement 促销协议."""

    document_sha256: Sha256
    """SHA-256 of the signed file in lower-case hex."""
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
    """The whole plan as it shall be; a tactic that keeps its id keeps its fee's id."""
    agreement: AgreementIn
    """The agreement about this plan."""
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
    """Why; shown as cancellation_reason. Left out or empty: none is kept."""
    cancelled_on: date | None = None
    """Business date for the fund's ledger; left out: today."""


class RejectIn(Body):
    """Why a promotion goes back to draft."""

    reason: LongText = ""
    """What to change; shown as rejection_reason until the next submission. Left out or empty: none is kept."""


class AdvanceIn(Body):
    """Up to when the calendar is followed."""

    as_of: date
    """Business date up to which it is followed, that day included."""


class AdvanceOut(Answer):
    """What the calendar brought."""

    as_of: date
    """The day that was asked for."""
    started: int
    """Promotions that started."""
    ended: int
    """Promotions that ended."""
    earned: int
    """Fees whose earned amount is new or has changed."""


class ItemOut(ItemFields):
    """A product of the promotion with its prices."""


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
    """Identifier of the fee; its events and the fund's ledger refer to it."""
    fee_kind: FeeKind
    """What the fee is for 费用科目 (domain digest 2.1)."""
    basis: FeeBasis
    """What it is counted by: lump, per_store or per_unit_sold."""
    amount: UnitPrice
    """Amount per unit of the basis, in the promotion's currency: cents, or four decimals per unit sold."""
    settlement_method: SettlementMethod
    """How the retailer gets it: 票扣, 账扣, 电汇/现金, 货补."""
    planned_amount: Amount
    """What the fund holds for it once committed, in the promotion's currency."""
    result: FeeResultOut | None
    """Null until the promotion is committed."""


class TacticOut(Answer):
    """A tactic with its fee."""

    id: TacticId
    kind: TacticKind
    """price 价格执行, dm DM海报 or endcap 端架/TG."""
    product_id: ProductId
    count_per_store: int
    """End caps 端架 in each store; 1 for price and dm."""
    dm_slot_id: UUID | None
    """DM slot 档期 of a dm tactic."""
    dm_position: int | None
    """Item place in the DM slot, from 1."""
    fee: FeeOut
    """What it costs, and what it has earned."""


class PromotionIdentity(Answer):
    """Which promotion it is."""

    id: UUID
    """Identifier of the promotion, the caller's or ours."""
    account_id: AccountId
    settlement_entity_id: UUID
    """Settlement entity 结算主体 of contracts that will deduct the fees."""
    number: str
    """Promotion number 促销编号, unique in the account."""


class PromotionSummary(PlanFields, PromotionIdentity):
    """A promotion as lists show it."""

    status: PromotionStatus
    """Where it stands: draft, submitted, approved, committed, started, ended or cancelled."""
    order_cap_quantity: Quantity | None
    """Units that may be ordered within the buy-in window 限量; null: no limit."""
    planned_amount: Amount
    """Sum of the planned fees, in its currency."""
    agreement_sha256: str | None
    """SHA-256 of the signed agreement's 促销协议 file in lower-case hex; null: none is on file."""
    agreement_signed_on: date | None
    """Day of signature."""
    submitted_on: date | None
    """Day on which it was handed in for approval; null in a draft."""
    rejection_reason: str | None
    """Why its last submission was sent back 驳回原因; null once it is submitted again."""
    cancellation_reason: str | None
    """Why it was given up 取消原因."""
    version: Version


class PromotionOut(PromotionSummary):
    """A promotion with everything."""

    agreement_signatory: str | None
    """Who signed the agreement for the retailer."""
    items: Annotated[tuple[ItemOut, ...], Field(max_length=ITEMS_MAX)]
    """Products with their prices."""
    store_ids: Annotated[tuple[UUID, ...], Field(max_length=STORES_MAX)]
    """Stores 门店 of store-ops that take part."""
    tactics: Annotated[tuple[TacticOut, ...], Field(max_length=TACTICS_MAX)]
    """What is done in each store, with its fees."""


class PromotionFeeOut(Answer):
    """A fee of a binding promotion."""

    id: UUID
    """Identifier of the fee; the subject of promotion_fee_earned."""
    account_id: AccountId
    promotion_id: PromotionId
    promotion_number: str
    """Number of that promotion 促销编号."""
    tactic_id: TacticId
    tactic_kind: TacticKind
    """price 价格执行, dm DM海报 or endcap 端架/TG."""
    product_id: ProductId
    fee_kind: FeeKind
    """What the fee is for 费用科目 (domain digest 2.1)."""
    basis: FeeBasis
    """What it is counted by: lump, per_store or per_unit_sold."""
    currency: str
    """ISO 4217 code of its amounts."""
    planned_amount: Amount
    """Amount that was planned for it."""
    committed: Amount
    """What the fund holds for it now."""
    earned_amount: Amount | None
    """What the retailer has earned by proof 核销; null until the days for verification are over."""
    uncovered: Amount
    """Earned beyond what the fund could cover."""
    verified_count: int | None
    """Stores whose latest verdict is executed; null until it is earned."""
    planned_count: int
    """Stores that take part."""
    units_sold: Quantity | None
    """Units that counted, for per_unit_sold."""
    earned_on: date | None
    """Business date of the calculation."""
    evidence_task_ids: Annotated[tuple[UUID, ...], Field(max_length=STORES_MAX)] | None
    """Tasks of store-ops whose verdict is executed: the proof; null until it is earned."""
