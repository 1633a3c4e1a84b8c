"""Promotions in the database: loaded whole, in three statements however many; saved by set-based statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from promotions.domain.errors import PromotionOverlaps, PromotionUnknown, UnknownReferences
from promotions.domain.fees import Fee, FeeBasis, FeeKind, FeeRate, SettlementMethod, fee_rate
from promotions.domain.plan import Agreement, DmPlace, Item, Mechanic, Plan, Tactic, TacticKind, TaxBasis
from promotions.domain.promotion import Promotion
from promotions.domain.status import PromotionStatus
from shared.kernel.periods import Span
from shared.platform.db import Connection

LOAD = "SELECT * FROM promotions WHERE id = ANY($1) ORDER BY id"
LOCK = f"{LOAD} FOR UPDATE"
ITEMS = "SELECT * FROM promotion_items WHERE promotion_id = ANY($1) ORDER BY promotion_id, place"
TACTICS = "SELECT * FROM promotion_tactics WHERE promotion_id = ANY($1) ORDER BY promotion_id, place"
INSERT = """
INSERT INTO promotions (id, account_id, settlement_entity_id, number, name, mechanic, status, starts_on, ends_on,
    buy_in_starts_on, buy_in_ends_on, order_cap_quantity, fund_id, currency, planned_amount, store_ids,
    version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, $16, $16)
"""
REPLACE = """
UPDATE promotions SET settlement_entity_id = $3, number = $4, name = $5, mechanic = $6, starts_on = $7, ends_on = $8,
    buy_in_starts_on = $9, buy_in_ends_on = $10, order_cap_quantity = $11, fund_id = $12, currency = $13,
    planned_amount = $14, store_ids = $15, updated_at = $16
WHERE id = $1 AND account_id = $2
"""
INSERT_ITEM = """
INSERT INTO promotion_items (promotion_id, product_id, account_id, place, regular_cost, promo_cost, regular_retail,
    promo_retail, tax_basis, forecast_quantity)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
INSERT_TACTIC = """
INSERT INTO promotion_tactics (id, promotion_id, account_id, place, kind, product_id, count_per_store, dm_slot_id,
    dm_position, fee_id, fee_kind, basis, unit_amount, planned_amount, settlement_method)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
SAVE_STATUS = """
UPDATE promotions SET status = $2, agreement_sha256 = $3, agreement_signed_on = $4, agreement_signatory = $5,
    submitted_on = $6, rejection_reason = $7, cancellation_reason = $8, version = version + 1, updated_at = $9
WHERE id = $1 RETURNING version
"""
SAVE_STATUSES = """
UPDATE promotions SET status = new.status, version = version + 1, updated_at = $3
FROM unnest($1::uuid[], $2::text[]) AS new (id, status) WHERE promotions.id = new.id
"""
HOLDER = """
SELECT held.number, product.sku, store.code FROM promotion_item_stores AS taken
JOIN promotions AS held ON held.id = taken.promotion_id
LEFT JOIN products AS product ON product.id = taken.product_id LEFT JOIN stores AS store ON store.id = taken.store_id
WHERE taken.product_id = ANY($1) AND taken.store_id = ANY($2) AND taken.during && daterange($3, $4, '[]')
ORDER BY held.number, product.sku, store.code LIMIT 1
"""
HOLD = """
INSERT INTO promotion_item_stores (promotion_id, product_id, store_id, account_id, during)
SELECT $1, product_id, store_id, $2, daterange($5, $6, '[]')
FROM unnest($3::uuid[]) AS product_id CROSS JOIN unnest($4::uuid[]) AS store_id ORDER BY product_id, store_id
"""
LET_GO = "DELETE FROM promotion_item_stores WHERE promotion_id = $1"
UNKNOWN = """
SELECT 'product' AS kind, wanted.id FROM unnest($1::uuid[]) AS wanted (id)
WHERE NOT EXISTS (SELECT FROM products WHERE products.id = wanted.id)
UNION ALL
SELECT 'store', wanted.id FROM unnest($2::uuid[]) AS wanted (id)
WHERE NOT EXISTS (SELECT FROM stores WHERE stores.id = wanted.id AND stores.account_id = $3)
LIMIT 20
"""


async def load(connection: Connection, ids: Sequence[UUID], *, lock: bool = False) -> list[Promotion]:
    """Return the promotions of ``ids`` that exist within the scope, in the order of their ids."""
    rows = await connection.fetch(LOCK if lock else LOAD, ids)
    found = [row["id"] for row in rows]
    items, tactics = defaultdict(list), defaultdict(list)
    for row in await connection.fetch(ITEMS, found):
        items[row["promotion_id"]].append(_item(row))
    for row in await connection.fetch(TACTICS, found):
        tactics[row["promotion_id"]].append(_tactic(row))
    return [_promotion(row, items[row["id"]], tactics[row["id"]]) for row in rows]


async def get(connection: Connection, promotion_id: UUID, *, lock: bool = False) -> Promotion:
    """Return one promotion, locked for a change if asked.

    Raises:
        PromotionUnknown: there is none within the scope.
    """
    found = await load(connection, [promotion_id], lock=lock)
    if not found:
        raise PromotionUnknown(f"No promotion {promotion_id} in your scope: check the id.")
    return found[0]


async def insert(connection: Connection, promotion: Promotion, at: datetime) -> None:
    """Store a new draft."""
    await connection.execute(INSERT, *_header(promotion), at)
    await _insert_parts(connection, promotion)


async def replace_plan(connection: Connection, promotion: Promotion, at: datetime) -> None:
    """Store another plan of a promotion; its status is stored by ``save_status``."""
    await connection.execute("DELETE FROM promotion_items WHERE promotion_id = $1", promotion.id)
    await connection.execute("DELETE FROM promotion_tactics WHERE promotion_id = $1", promotion.id)
    await connection.execute(REPLACE, *_header(promotion), at)
    await _insert_parts(connection, promotion)


async def save_status(connection: Connection, promotion: Promotion, at: datetime) -> None:
    """Store status, agreement and reasons; the version rises."""
    agreement = promotion.agreement
    signed = (agreement.document_sha256, agreement.signed_on, agreement.signatory) if agreement else (None, None, None)
    promotion.version = await connection.fetchval(
        SAVE_STATUS, promotion.id, promotion.status, *signed, promotion.submitted_on, promotion.rejection_reason,
        promotion.cancellation_reason, at,
    )  # fmt: skip


async def save_statuses(connection: Connection, promotions: Iterable[Promotion], at: datetime) -> None:
    """Store the statuses of many promotions in one statement."""
    ids, statuses = zip(*((promotion.id, promotion.status) for promotion in promotions), strict=True)
    await connection.execute(SAVE_STATUSES, ids, statuses, at)


async def check_references(connection: Connection, promotion: Promotion, plan: Plan) -> None:
    """Make sure that the plan's products and stores are known here, and the stores the account's.

    Raises:
        UnknownReferences: some are not; the first twenty are named.
    """
    products = [item.product_id for item in plan.items]
    unknown = await connection.fetch(UNKNOWN, products, plan.store_ids, promotion.account_id)
    if unknown:
        names = ", ".join(f"{row['kind']} {row['id']}" for row in unknown)
        message = f"Not known here, or not the account's: {names}. Correct them, or wait until they have arrived."
        raise UnknownReferences(message, pointers=sorted({f"/{_LISTS[row['kind']]}" for row in unknown}))


_LISTS = {"product": "items", "store": "store_ids"}


async def hold_products(connection: Connection, promotion: Promotion) -> None:
    """Take the promotion's products in its stores for its dates; the exclusion constraint decides between two at once.

    Raises:
        PromotionOverlaps: another promotion has one of them.
    """
    plan = promotion.plan
    products = [item.product_id for item in plan.items]
    held = await connection.fetchrow(HOLDER, products, plan.store_ids, plan.window.start, plan.window.end)
    if held:
        product = f"product {held['sku']} in store {held['code']}"
        raise PromotionOverlaps(
            f"Promotion {held['number']} has {product} on some of these days: choose other dates, products or stores."
        )
    window = (plan.window.start, plan.window.end)
    await connection.execute(HOLD, promotion.id, promotion.account_id, products, plan.store_ids, *window)


async def let_products_go(connection: Connection, promotion: Promotion) -> None:
    """Free the promotion's products in its stores."""
    await connection.execute(LET_GO, promotion.id)


async def _insert_parts(connection: Connection, promotion: Promotion) -> None:
    plan, account = promotion.plan, promotion.account_id
    await connection.executemany(
        INSERT_ITEM,
        [
            (promotion.id, item.product_id, account, place, item.regular_cost, item.promo_cost, item.regular_retail,
             item.promo_retail, item.tax_basis, item.forecast_quantity)
            for place, item in enumerate(plan.items)
        ],
    )  # fmt: skip
    await connection.executemany(
        INSERT_TACTIC,
        [
            (tactic.id, promotion.id, account, place, tactic.kind, tactic.product_id, tactic.count_per_store,
             tactic.place.dm_slot_id if tactic.place else None, tactic.place.position if tactic.place else None,
             tactic.fee.id, tactic.fee.fee_kind, tactic.fee.rate.basis, tactic.fee.rate.amount, plan.planned(tactic),
             tactic.fee.settlement_method)
            for place, tactic in enumerate(plan.tactics)
        ],
    )  # fmt: skip


def _header(promotion: Promotion) -> tuple[object, ...]:
    plan = promotion.plan
    return (
        promotion.id, promotion.account_id, promotion.settlement_entity_id, promotion.number, plan.name, plan.mechanic,
        plan.window.start, plan.window.end, plan.buy_in.start, plan.buy_in.end, plan.order_cap_quantity, plan.fund_id,
        plan.currency, plan.planned_amount, plan.store_ids,
    )  # fmt: skip


def _promotion(row: Any, items: list[Item], tactics: list[Tactic]) -> Promotion:
    agreement = None
    if row["agreement_sha256"]:
        agreement = Agreement(
            document_sha256=row["agreement_sha256"],
            signed_on=row["agreement_signed_on"],
            signatory=row["agreement_signatory"],
        )
    plan = Plan(
        name=row["name"],
        mechanic=Mechanic(row["mechanic"]),
        window=Span(start=row["starts_on"], end=row["ends_on"]),
        buy_in=Span(start=row["buy_in_starts_on"], end=row["buy_in_ends_on"]),
        order_cap_quantity=row["order_cap_quantity"],
        fund_id=row["fund_id"],
        currency=row["currency"],
        items=tuple(items),
        store_ids=tuple(row["store_ids"]),
        tactics=tuple(tactics),
    )
    return Promotion(
        id=row["id"],
        account_id=row["account_id"],
        settlement_entity_id=row["settlement_entity_id"],
        number=row["number"],
        plan=plan,
        status=PromotionStatus(row["status"]),
        agreement=agreement,
        submitted_on=row["submitted_on"],
        rejection_reason=row["rejection_reason"],
        cancellation_reason=row["cancellation_reason"],
        version=row["version"],
    )


def _item(row: Any) -> Item:
    return Item(
        product_id=row["product_id"],
        regular_cost=row["regular_cost"],
        promo_cost=row["promo_cost"],
        regular_retail=row["regular_retail"],
        promo_retail=row["promo_retail"],
        tax_basis=TaxBasis(row["tax_basis"]),
        forecast_quantity=row["forecast_quantity"],
    )


def _tactic(row: Any) -> Tactic:
    place = DmPlace(dm_slot_id=row["dm_slot_id"], position=row["dm_position"]) if row["dm_slot_id"] else None
    return Tactic(
        id=row["id"],
        kind=TacticKind(row["kind"]),
        product_id=row["product_id"],
        count_per_store=row["count_per_store"],
        place=place,
        fee=Fee(
            id=row["fee_id"],
            fee_kind=FeeKind(row["fee_kind"]),
            rate=rate_of(FeeBasis(row["basis"]), row["unit_amount"], row["planned_amount"]),
            settlement_method=SettlementMethod(row["settlement_method"]),
        ),
    )


def rate_of(basis: FeeBasis, unit_amount: Decimal, planned_amount: Decimal) -> FeeRate:
    """Return a stored fee's rate; its planned amount is part of the rate for ``per_unit_sold`` only."""
    return fee_rate(basis, unit_amount, planned_amount if basis is FeeBasis.PER_UNIT_SOLD else None)
