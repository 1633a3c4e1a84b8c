"""A key account with a contract and a promotion, as requests: the same figures for every account of this kind."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from tests.journeys.world import Json

TERMS_OF_PAYMENT = {"term_type": "invoice_received", "days": 45, "pay_days": [5, 20]}
FIRST_PAPER, SECOND_PAPER, AGREEMENT = "1" * 64, "2" * 64, "6" * 64
PRICE, DEARER = "33.9000", "36.9000"


@dataclass(frozen=True)
class Deal:
    """Identifiers and bodies; ``number`` tells one account from another."""

    number: int

    def id(self, place: int) -> str:
        """Return the identifier of the thing at ``place``."""
        return str(UUID(int=(0x30 << 120) + (0x7000 << 64) + (0x8000 << 48) + (self.number << 32) + place))

    @cached_property
    def code(self) -> str:
        return f"KA{self.number}"

    @cached_property
    def account(self) -> str:
        return self.id(1)

    @cached_property
    def payer(self) -> str:
        return self.id(2)

    @cached_property
    def tea(self) -> str:
        return self.id(3)

    @cached_property
    def sku(self) -> str:
        return f"TEA-{self.number}"

    @cached_property
    def contract(self) -> str:
        return self.id(4)

    @cached_property
    def promotion(self) -> str:
        return self.id(5)

    @cached_property
    def slot(self) -> str:
        return self.id(6)

    @cached_property
    def fund(self) -> str:
        return self.id(7)

    @cached_property
    def stores(self) -> tuple[str, ...]:
        return tuple(self.id(10 + place) for place in range(3))

    @cached_property
    def photo(self) -> bytes:
        return b"\x89PNG\r\n\x1a\n" + self.code.encode()

    @cached_property
    def photo_sha256(self) -> str:
        return hashlib.sha256(self.photo).hexdigest()

    @cached_property
    def contract_number(self) -> str:
        return f"C{self.number}-2032"

    @cached_property
    def promotion_number(self) -> str:
        return f"P{self.number}-1"

    def account_body(self) -> Json:
        return {
            "code": self.code, "name": "RT-Mart 大润发", "ka_class": "NKA", "account_type": "hypermarket",
            "store_format": "HYPER", "decision_structure": "centralised", "delivery_mode": "direct_store",
            "region": "East", "owner_id": "kam", "performance_unit_id": "KA", "cost_unit_id": "KA",
            "currency": "CNY", "status": "active",
        }  # fmt: skip

    def payer_body(self) -> Json:
        return {
            "account_id": self.account, "code": "HQ", "name": "Headquarters", "tax_id": "91310000607213675M",
            "payment_terms": TERMS_OF_PAYMENT,
        }  # fmt: skip

    def product_body(self) -> Json:
        return {
            "sku": self.sku, "name": "Green tea", "brand": "Gondola", "category": "tea", "pack_quantity": 15,
            "unit_size": "500", "unit_of_measure": "ml", "role": "volume", "vat_rate": "0.13", "list_price": "30.0000",
            "tax_basis": "excl", "currency": "CNY", "is_sensitive": True, "is_private_label": False,
        }  # fmt: skip

    def store_body(self, place: int) -> Json:
        return {
            "account_id": self.account, "code": f"S{place}", "name": f"Store {place}", "grade": "A",
            "store_format": "HYPER", "province": "Shanghai", "city": "Shanghai", "opened_on": "2005-01-01",
            "status": "active",
        }  # fmt: skip

    def terms(self, *, per_year: str, rate: str) -> list[Json]:
        """A retroactive scale on the year's purchases, a lump sum per year settled by quarters, a rate per month."""
        scale = [{"threshold": "0", "rate": "0.01"}, {"threshold": "100000", "rate": "0.02"}]
        return [
            {"id": self.id(41), "code": "T1", "clause": "§4.1", "fee_kind": "tier_rebate", "tax_basis": "excl",
             "calculation": {"method": "tiered", "tier_mode": "retroactive", "tiers": scale},
             "cycle": "year", "settlement_method": "offset"},
            {"id": self.id(42), "code": "T2", "clause": "§4.2", "fee_kind": "it_fee", "tax_basis": "incl",
             "calculation": {"method": "fixed", "amount": per_year, "period": "year"},
             "cycle": "quarter", "settlement_method": "offset"},
            {"id": self.id(43), "code": "T3", "clause": "§4.3", "fee_kind": "invoice_discount", "tax_basis": "excl",
             "calculation": {"method": "pct", "rate": rate}, "cycle": "month", "settlement_method": "offset"},
        ]  # fmt: skip

    def contract_body(self) -> Json:
        """2032 has 366 days: 36,600.00 a year is 100.00 a day."""
        return {
            "id": self.contract, "account_id": self.account, "settlement_entity_id": self.payer,
            "number": self.contract_number, "valid_from": "2032-01-01", "valid_to": "2032-12-31", "currency": "CNY",
            "tax_basis": "excl", "payment_terms": TERMS_OF_PAYMENT,
            "terms": self.terms(per_year="36600.00", rate="0.05"),
        }  # fmt: skip

    def amendment_body(self) -> Json:
        """From the middle of March on: 200.00 a day, 6 %."""
        return {
            "valid_from": "2032-03-16", "payment_terms": TERMS_OF_PAYMENT,
            "terms": self.terms(per_year="73200.00", rate="0.06"),
        }  # fmt: skip

    def slot_body(self) -> Json:
        return {
            "account_id": self.account, "calendar_year": 2032, "slot_no": 6, "starts_on": "2032-03-07",
            "ends_on": "2032-03-20", "submit_deadline": "2032-01-17", "buy_in_starts_on": "2032-02-28",
            "buy_in_ends_on": "2032-03-23", "positions": 8,
        }  # fmt: skip

    def fund_body(self, budget: str = "20000.00") -> Json:
        return {
            "account_id": self.account, "name": "Spring", "currency": "CNY", "starts_on": "2032-01-01",
            "ends_on": "2032-06-30", "budget": budget,
        }  # fmt: skip

    def promotion_body(self) -> Json:
        """A flyer place for 3,000.00 and two end-caps a store for 500.00 each, in three stores: 6,000.00 planned."""
        return {
            "id": self.promotion, "account_id": self.account, "settlement_entity_id": self.payer,
            "number": self.promotion_number, "name": "Green tea", "mechanic": "price_off", "starts_on": "2032-03-07",
            "ends_on": "2032-03-20", "buy_in_starts_on": "2032-02-28", "buy_in_ends_on": "2032-03-23",
            "fund_id": self.fund, "currency": "CNY",
            "items": [{"product_id": self.tea, "regular_cost": "30.0000", "promo_cost": "27.0000",
                       "regular_retail": "39.9000", "promo_retail": PRICE, "tax_basis": "incl",
                       "forecast_quantity": "800"}],
            "store_ids": list(self.stores),
            "tactics": [
                {"id": self.id(51), "kind": "dm", "product_id": self.tea, "dm_slot_id": self.slot, "dm_position": 3,
                 "fee": {"fee_kind": "dm_fee", "basis": "lump", "amount": "3000.00", "settlement_method": "offset"}},
                {"id": self.id(52), "kind": "endcap", "product_id": self.tea, "count_per_store": 2,
                 "fee": {"fee_kind": "tg_fee", "basis": "per_store", "amount": "500.00",
                         "settlement_method": "offset"}}],
        }  # fmt: skip

    def visit_body(self, place: int, visited_at: str, *, is_in_flyer: bool, endcaps: int) -> Json:
        """What a representative saw in a store, with its photo."""
        seen = {"product_id": self.tea, "photo_sha256s": [self.photo_sha256]}
        return {
            "store_id": self.stores[place], "visited_at": visited_at, "template_version": "2032.1",
            "findings": [{**seen, "kind": "dm", "is_present": is_in_flyer},
                         {**seen, "kind": "endcap", "is_present": endcaps > 0, "count_found": endcaps}],
        }  # fmt: skip

    def line(self, net_amount: str) -> Json:
        return {
            "line_no": 1, "product_id": self.tea, "quantity": "1000", "unit_price": "27.0000",
            "net_amount": net_amount, "tax_rate": "0.13",
        }  # fmt: skip

    def invoice(self, place: int, day: str, net_amount: str) -> Json:
        return {
            "id": self.id(60 + place), "number": f"I{place}-{self.code}", "account_id": self.account,
            "settlement_entity_id": self.payer, "invoiced_on": day, "currency": "CNY", "tax_basis": "excl",
            "lines": [self.line(net_amount)],
        }  # fmt: skip

    def receipt(self, place: int, day: str, net_amount: str, kind: str = "receipt") -> Json:
        return {
            "id": self.id(70 + place), "number": f"G{place}-{self.code}", "account_id": self.account,
            "settlement_entity_id": self.payer, "store_id": self.stores[0], "received_on": day, "kind": kind,
            "currency": "CNY", "lines": [self.line(net_amount)],
        }  # fmt: skip
