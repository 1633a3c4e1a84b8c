"""Values that many tests start from."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from promotions.domain.dm import DmSlot
from promotions.domain.fees import Fee, FeeBasis, FeeKind, SettlementMethod, fee_rate
from promotions.domain.funds import Fund, FundTerms
from promotions.domain.plan import Agreement, DmPlace, Item, Mechanic, Plan, Tactic, TacticKind, TaxBasis
from promotions.domain.promotion import Promotion
from shared.kernel.periods import Span

ACCOUNT = UUID("018f3a00-0000-7000-8000-00000000000a")
OTHER_ACCOUNT = UUID("018f3a00-0000-7000-8000-00000000000b")
ENTITY = UUID("018f3a00-0000-7000-8000-0000000000e1")
FUND = UUID("018f3a00-0000-7000-8000-0000000000f1")
SLOT = UUID("018f3a00-0000-7000-8000-0000000000d1")
PROMOTION = UUID("018f3a00-0000-7000-8000-000000000b01")
JUICE, TEA = UUID("018f3a00-0000-7000-8000-0000000000c1"), UUID("018f3a00-0000-7000-8000-0000000000c2")
STORES = tuple(UUID(int=0x018F3A00000070008000000000005000 + number) for number in range(10))
OTHER_STORE = UUID("018f3a00-0000-7000-8000-0000000060ff")
WINDOW = Span(start=date(2026, 6, 1), end=date(2026, 6, 14))
AGREEMENT = Agreement(document_sha256="a" * 64, signed_on=date(2026, 5, 20), signatory="Wang Fang")
SLOT_2026_12 = DmSlot(
    id=SLOT,
    account_id=ACCOUNT,
    calendar_year=2026,
    slot_no=12,
    span=WINDOW,
    submit_deadline=date(2026, 4, 17),
    buy_in=Span(start=date(2026, 5, 25), end=date(2026, 6, 17)),
    positions=20,
)
SLOTS = {SLOT: SLOT_2026_12}


def fee(number: int, basis: FeeBasis, amount: str, planned: str | None = None) -> Fee:
    kind = {
        FeeBasis.LUMP: FeeKind.DM_FEE,
        FeeBasis.PER_STORE: FeeKind.TG_FEE,
        FeeBasis.PER_UNIT_SOLD: FeeKind.PRICE_COMPENSATION,
    }[basis]
    rate = fee_rate(basis, Decimal(amount), Decimal(planned) if planned else None)
    return Fee(id=UUID(int=0xFEE0 + number), fee_kind=kind, rate=rate, settlement_method=SettlementMethod.OFFSET)


def item(product_id: UUID = JUICE) -> Item:
    return Item(
        product_id=product_id,
        regular_cost=Decimal("8.0000"),
        promo_cost=Decimal("6.8000"),
        regular_retail=Decimal("9.9000"),
        promo_retail=Decimal("7.9000"),
        tax_basis=TaxBasis.INCL,
        forecast_quantity=Decimal("12000.0000"),
    )


def tactic(number: int, kind: TacticKind, its_fee: Fee, count: int = 1, position: int | None = None) -> Tactic:
    place = DmPlace(dm_slot_id=SLOT, position=position) if position else None
    return Tactic(
        id=UUID(int=0x7AC0 + number), kind=kind, product_id=JUICE, count_per_store=count, place=place, fee=its_fee
    )


PRICE = tactic(1, TacticKind.PRICE, fee(1, FeeBasis.PER_UNIT_SOLD, "1.2000", "14400.00"))
DM = tactic(2, TacticKind.DM, fee(2, FeeBasis.LUMP, "2340.00"), position=3)
ENDCAP = tactic(3, TacticKind.ENDCAP, fee(3, FeeBasis.PER_STORE, "500.00"), count=2)


def plan(**changes: object) -> Plan:
    base = Plan(
        name="Summer juice",
        mechanic=Mechanic.PRICE_OFF,
        window=WINDOW,
        buy_in=Span(start=date(2026, 5, 25), end=date(2026, 6, 17)),
        order_cap_quantity=Decimal("15000.0000"),
        fund_id=FUND,
        currency="CNY",
        items=(item(),),
        store_ids=STORES,
        tactics=(PRICE, DM, ENDCAP),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def promotion(**changes: object) -> Promotion:
    values: dict[str, Any] = {
        "id": PROMOTION,
        "account_id": ACCOUNT,
        "settlement_entity_id": ENTITY,
        "number": "P-17",
        "plan": plan(),
    }
    return Promotion(**values | changes)


def fund(budget: str = "100000.00") -> Fund:
    span = Span(start=date(2026, 1, 1), end=date(2026, 12, 31))
    return Fund(
        id=FUND,
        terms=FundTerms(account_id=ACCOUNT, name="Trade fund 2026", currency="CNY", span=span, budget=Decimal(budget)),
    )
