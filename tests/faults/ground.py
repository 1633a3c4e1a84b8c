"""What the load needs to stand on: an account, its payer, a product, and a promotion committed in some stores."""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from tests.faults.client import Client, Json

ACCOUNT = UUID("20000000-0000-7000-8000-000000000001")
PAYER = UUID("20000000-0000-7000-8000-000000000002")
TEA = UUID("20000000-0000-7000-8000-000000000003")
FUND = UUID("20000000-0000-7000-8000-000000000004")
PROMOTION = UUID("20000000-0000-7000-8000-000000000005")
STORES = tuple(UUID(int=(0x20 << 120) + 0x7000_8000_0000_0000_0000 + 0x100 + number) for number in range(4))
STARTS_ON, ENDS_ON = "2031-03-03", "2031-03-16"
PRICE, ENDCAPS = "33.9000", 2
PHOTO = b"\x89PNG\r\n\x1a\nan end-cap"
PHOTO_SHA256 = hashlib.sha256(PHOTO).hexdigest()


@dataclass(slots=True, kw_only=True)
class Facts:
    """What the services have accepted, as the callers remember it."""

    stores: dict[UUID, list[Json]] = field(default_factory=dict)
    """Every description of a store that was accepted and differed from the one before."""
    invoices: dict[UUID, str] = field(default_factory=dict)
    """Net amount by invoice."""
    audits: dict[UUID, Json] = field(default_factory=dict)
    repeated: int = 0
    """Commands that were sent once more after they had been accepted."""
    absorbed: int = 0
    """Those of them that were answered without a second effect."""

    @property
    def commands(self) -> int:
        """How many commands were accepted."""
        return sum(map(len, self.stores.values())) + len(self.invoices) + len(self.audits)


def store_body(code: str, name: str) -> Json:
    """Return the description of a store."""
    return {
        "account_id": str(ACCOUNT), "code": code, "name": name, "grade": "A", "store_format": "HYPER",
        "province": "Shanghai", "city": "Shanghai", "opened_on": "2005-01-01", "status": "active",
    }  # fmt: skip


async def name_partners(client: Client) -> None:
    """Make account, payer and product, and send the photo that all visits refer to."""
    terms = {"term_type": "invoice_received", "days": 45, "pay_days": [5, 20]}
    await client.send("ka_manager", "PUT", "contracts", f"/v1/accounts/{ACCOUNT}", {
        "code": "RTM", "name": "RT-Mart", "ka_class": "NKA", "account_type": "hypermarket", "store_format": "HYPER",
        "decision_structure": "centralised", "delivery_mode": "direct_store", "region": "East", "owner_id": "kam",
        "performance_unit_id": "KA", "cost_unit_id": "KA", "currency": "CNY", "status": "active"})  # fmt: skip
    await client.send("ka_manager", "PUT", "contracts", f"/v1/settlement-entities/{PAYER}", {
        "account_id": str(ACCOUNT), "code": "HQ", "name": "Headquarters", "tax_id": "91310000607213675M",
        "payment_terms": terms})  # fmt: skip
    await client.send("ka_manager", "PUT", "contracts", f"/v1/products/{TEA}", {
        "sku": "TEA-500", "gtin": "6901234567892", "name": "Green tea", "brand": "Gondola", "category": "tea",
        "pack_quantity": 15, "unit_size": "500", "unit_of_measure": "ml", "role": "volume", "vat_rate": "0.13",
        "list_price": "30.0000", "tax_basis": "excl", "currency": "CNY", "is_sensitive": True,
        "is_private_label": False})  # fmt: skip
    await client.send("field_rep", "PUT", "store-ops", f"/v1/photos/{PHOTO_SHA256}", content=PHOTO)


async def open_stores(client: Client, facts: Facts) -> None:
    """Describe the promoted stores; the account must have arrived at store operations."""
    for number, store in enumerate(STORES):
        body = store_body(f"P{number}", f"Promoted store {number}")
        await client.send("ka_manager", "PUT", "store-ops", f"/v1/stores/{store}", body)
        facts.stores[store] = [body]


async def commit_promotion(client: Client) -> None:
    """Commit a promotion with a price and an end-cap in each of `STORES`; account and stores must have arrived."""
    await client.send("ka_manager", "PUT", "promotions", f"/v1/funds/{FUND}", {
        "account_id": str(ACCOUNT), "name": "Spring", "currency": "CNY", "starts_on": "2031-01-01",
        "ends_on": "2031-06-30", "budget": "90000.00"})  # fmt: skip
    fee = {"basis": "per_store", "amount": "500.00", "settlement_method": "offset"}
    await client.send("ka_manager", "POST", "promotions", "/v1/promotions", {
        "id": str(PROMOTION), "account_id": str(ACCOUNT), "settlement_entity_id": str(PAYER), "number": "P-1",
        "name": "Green tea", "mechanic": "price_off", "starts_on": STARTS_ON, "ends_on": ENDS_ON,
        "buy_in_starts_on": STARTS_ON, "buy_in_ends_on": ENDS_ON, "fund_id": str(FUND), "currency": "CNY",
        "items": [{"product_id": str(TEA), "regular_cost": "30.0000", "promo_cost": "27.0000",
                   "regular_retail": "39.9000", "promo_retail": PRICE, "tax_basis": "incl",
                   "forecast_quantity": "800"}],
        "store_ids": [str(store) for store in STORES],
        "tactics": [{"kind": "price", "product_id": str(TEA), "fee": {"fee_kind": "price_compensation", **fee}},
                    {"kind": "endcap", "product_id": str(TEA), "count_per_store": ENDCAPS,
                     "fee": {"fee_kind": "tg_fee", **fee}}]}, key="promotion")  # fmt: skip
    path = f"/v1/promotions/{PROMOTION}"
    agreement = {"document_sha256": "6" * 64, "signed_on": "2031-01-10", "signatory": "Buyer"}
    await client.send("ka_manager", "POST", "promotions", f"{path}:attach-agreement", agreement, key="agreement")
    submission = {"submitted_on": "2031-01-12"}
    await client.send("ka_manager", "POST", "promotions", f"{path}:submit", submission, key="submit")
    await client.send("ka_director", "POST", "promotions", f"{path}:approve", key="approve")
    await client.send("ka_manager", "POST", "promotions", f"{path}:commit", key="commit")
