"""What the demo's people send: the data and the plan as JSON bodies of the public APIs."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from deploy.demo.constants import (
    CURRENCY,
    DM_FEE,
    ENDCAP_FEE,
    ITEMS,
    PRIVATE_LABEL,
    TAX_RATE,
    demo_id,
    first_day,
    last_day,
)
from deploy.demo.dataset import Dataset, Promotion, Row
from deploy.demo.plan import (
    CONTRACT_NUMBER,
    CONTRACT_UNTIL,
    PAYMENT_TERMS,
    TACTIC_FEE_KINDS,
    Json,
    Plan,
    promotion_days,
)
from shared.kernel.money import round_cents

ACCOUNT: Final = demo_id("account", "DFF")
ENTITY: Final = demo_id("settlement-entity", "DFF")
GRADES: Final = (("A", "1.5"), ("B", "1.1"), ("C", "0.8"), ("D", "0"))
CONTRACT: Final = demo_id("contract", CONTRACT_NUMBER)


def item_id(item: int) -> str:
    """Return the product's id."""
    return str(demo_id("product", item))


def store_id(store: int) -> str:
    """Return the store's id."""
    return str(demo_id("store", store))


def fund_id(year: int) -> str:
    """Return the id of a year's fund."""
    return str(demo_id("fund", year))


def slot_id(week: int) -> str:
    """Return the id of a week's flyer slot."""
    return str(demo_id("slot", week))


def promotion_id(promotion: Promotion) -> str:
    """Return the promotion's id."""
    return str(demo_id("promotion", promotion.number))


def tactic_id(promotion: Promotion, kind: str) -> str:
    """Return the id of one of the promotion's tactics."""
    return str(demo_id("tactic", promotion.number, kind))


def document(*parts: object) -> str:
    """Return the SHA-256 of a generated stand-in for a signed paper."""
    return hashlib.sha256("/".join(["Gondola demo, generated", *map(str, parts)]).encode()).hexdigest()


def money(amount: Decimal) -> str:
    """Return a decimal as the APIs take it."""
    return f"{amount:f}"


# Master data


def account() -> Json:
    """The key account."""
    return {
        "code": "DFF",
        "name": "Dominick's Finer Foods",
        "ka_class": "LKA",
        "account_type": "supermarket",
        "store_format": "supermarket",
        "decision_structure": "centralised",
        "delivery_mode": "dc",
        "region": "Chicago",
        "owner_id": "ka_manager",
        "performance_unit_id": "KA-EAST",
        "cost_unit_id": "KA-EAST",
        "currency": CURRENCY,
        "status": "active",
    }


def settlement_entity() -> Json:
    """Who pays."""
    return {
        "account_id": str(ACCOUNT),
        "code": "DFF-HQ",
        "name": "Dominick's Finer Foods, headquarters",
        "tax_id": "DEMO-0001",
        "payment_terms": PAYMENT_TERMS,
    }


def product(item: int, dataset: Dataset) -> Json:
    """One item; the list price is the first week's highest unit cost."""
    name, brand, size = ITEMS[item]
    first = next(week for week in dataset.weeks if (item, week) in dataset.by_item_week)
    return {
        "sku": f"OJ-{item:02d}",
        "name": name,
        "brand": brand,
        "category": "refrigerated orange juice",
        "pack_quantity": 1,
        "unit_size": str(size),
        "unit_of_measure": "oz",
        "role": "volume" if item in PRIVATE_LABEL else "profit",
        "vat_rate": money(TAX_RATE),
        "list_price": money(max(row.unit_cost for row in dataset.by_item_week[item, first])),
        "tax_basis": "excl",
        "currency": CURRENCY,
        "is_sensitive": item in {1, 4, 5},
        "is_private_label": item in PRIVATE_LABEL,
    }


def store(number: int, profile: Mapping[str, str]) -> Json:
    """One store; graded by its sales against the nearest warehouse store (SSTRVOL)."""
    volume = Decimal(profile["SSTRVOL"])
    grade = next(name for name, least in GRADES if volume >= Decimal(least))
    return {
        "account_id": str(ACCOUNT),
        "code": f"DFF-{number:03d}",
        "name": f"Dominick's store {number}",
        "grade": grade,
        "store_format": "supermarket",
        "province": "Illinois",
        "city": "Chicago",
        "opened_on": "1980-01-01",
        "status": "active",
    }


# Contract


def contract(plan: Plan) -> Json:
    """The draft of the contract's first version."""
    first = plan.contract_versions[0]
    return {
        "id": str(CONTRACT),
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "number": CONTRACT_NUMBER,
        "valid_from": first["valid_from"].isoformat(),
        "valid_to": CONTRACT_UNTIL.isoformat(),
        "currency": CURRENCY,
        "tax_basis": "excl",
        "payment_terms": PAYMENT_TERMS,
        "terms": [contract_term(term) for term in first["terms"]],
    }


def contract_term(term: Json) -> Json:
    """One term line, its way of calculating apart."""
    own = ("method", "rate", "tier_mode", "tiers", "amount")
    period = {"period": term["period"]} if "period" in term else {}
    calculation = {key: term[key] for key in own if key in term} | period
    rest = {key: value for key, value in term.items() if key not in {*own, "period"}}
    return {**rest, "calculation": calculation}


def amendment(plan: Plan) -> Json:
    """The contract's second version."""
    second = plan.contract_versions[1]
    return {
        "valid_from": second["valid_from"].isoformat(),
        "terms": [contract_term(term) for term in second["terms"]],
        "payment_terms": PAYMENT_TERMS,
    }


def signature(number: int, signed_on: date) -> Json:
    """The signature under a version."""
    return {
        "signed_on": signed_on.isoformat(),
        "signatory": "Head of key accounts",
        "document_sha256": document("contract", number),
    }


# Promotions


def fund(year: int, planned: Decimal) -> Json:
    """A year's fund: the planned fees and half as much again."""
    return {
        "account_id": str(ACCOUNT),
        "name": f"Promotion fund {year}",
        "currency": CURRENCY,
        "starts_on": f"{year}-01-01",
        "ends_on": f"{year}-12-31",
        "budget": money(round_cents(planned * Decimal("1.5"))),
    }


def slots(dataset: Dataset, weeks: Iterable[int]) -> Iterator[tuple[str, Json]]:
    """The flyer of each week with a place for each featured item."""
    for week in weeks:
        places = sum(week in promotion.weeks for promotion in dataset.promotions)
        start = first_day(week)
        number = sum(first_day(other).year == start.year for other in dataset.weeks if other <= week)
        if places:
            yield (
                slot_id(week),
                {
                    "account_id": str(ACCOUNT),
                    "calendar_year": start.year,
                    "slot_no": number,
                    "starts_on": start.isoformat(),
                    "ends_on": last_day(week).isoformat(),
                    "submit_deadline": (start - timedelta(days=45)).isoformat(),
                    "buy_in_starts_on": (start - timedelta(days=7)).isoformat(),
                    "buy_in_ends_on": (last_day(week) + timedelta(days=3)).isoformat(),
                    "positions": places,
                },
            )


def position(dataset: Dataset, promotion: Promotion) -> int:
    """Return the promotion's place in the flyer of its first week, by item."""
    beside = sorted(other.item for other in dataset.running(promotion.first_week))
    return beside.index(promotion.item) + 1


def planned_scan(promotion: Promotion) -> Decimal:
    """Return the forecast amount of the fee per pack sold."""
    return round_cents(promotion.forecast * promotion.scan_rate)


def planned(promotion: Promotion) -> Decimal:
    """Return what the promotion's fees are planned to cost."""
    return planned_scan(promotion) + DM_FEE + ENDCAP_FEE * len(promotion.stores)


def promotion(dataset: Dataset, one: Promotion) -> Json:
    """The draft: one item, three tactics; the flyer place is that of the first week."""
    starts_on, ends_on = promotion_days(one)
    return {
        "id": promotion_id(one),
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "number": one.number,
        "name": f"{ITEMS[one.item][0]}, week {one.first_week}",
        "mechanic": "price_off",
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
        "buy_in_starts_on": (starts_on - timedelta(days=7)).isoformat(),
        "buy_in_ends_on": (ends_on + timedelta(days=3)).isoformat(),
        "fund_id": fund_id(starts_on.year),
        "currency": CURRENCY,
        "items": [
            {
                "product_id": item_id(one.item),
                "regular_cost": money(max(one.regular_cost, one.promo_cost)),
                "promo_cost": money(one.promo_cost),
                "regular_retail": money(max(one.regular_price, one.agreed_price)),
                "promo_retail": money(one.agreed_price),
                "tax_basis": "excl",
                "forecast_quantity": money(one.forecast),
            }
        ],
        "store_ids": [store_id(store) for store in one.stores],
        "tactics": tactics(dataset, one),
    }


def tactics(dataset: Dataset, one: Promotion) -> list[Json]:
    """The agreed price, the flyer place and the end cap, each with its fee."""

    def tactic(kind: str, basis: str, amount: Decimal, **more: object) -> Json:
        fee = {
            "fee_kind": TACTIC_FEE_KINDS[kind],
            "basis": basis,
            "amount": money(amount),
            "settlement_method": "offset",
        }
        if basis == "per_unit_sold":
            fee["planned_amount"] = money(planned_scan(one))
        return {"id": tactic_id(one, kind), "kind": kind, "product_id": item_id(one.item), "fee": fee, **more}

    place = {"dm_slot_id": slot_id(one.first_week), "dm_position": position(dataset, one)}
    return [
        tactic("price", "per_unit_sold", one.scan_rate),
        tactic("dm", "lump", DM_FEE, **place),
        tactic("endcap", "per_store", ENDCAP_FEE, count_per_store=1),
    ]


def agreement(one: Promotion) -> Json:
    """The agreement on file, signed 50 days before the start."""
    return {
        "document_sha256": document("promotion", one.number),
        "signed_on": (first_day(one.first_week) - timedelta(days=50)).isoformat(),
        "signatory": "Buyer, Dominick's",
    }


def sell_out(rows: Iterable[Row]) -> bytes:
    """The retailer's sales as the CSV that promotions imports."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["store_code", "sku", "week_starts_on", "quantity", "retail_amount", "dm_flag", "display_flag"])
    for row in rows:
        sold = (f"DFF-{row.store:03d}", f"OJ-{row.item:02d}", first_day(row.week).isoformat())
        writer.writerow([*sold, money(row.quantity), money(row.retail_amount), int(row.in_flyer), int(row.deal)])
    return out.getvalue().encode()
