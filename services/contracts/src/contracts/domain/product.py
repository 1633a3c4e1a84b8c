"""Products 商品: master data whose event is their whole public state."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from shared.kernel.errors import Conflict, NotFound
from shared.kernel.events import Event


class ProductNotFound(NotFound):
    """No such product."""

    code = "product_not_found"


class SkuTaken(Conflict):
    """The article number belongs to another product."""

    code = "sku_taken"


class ProductRole(StrEnum):
    """What the product is for in the range (domain digest row 46)."""

    PROFIT = "profit"
    """利润产品."""
    IMAGE = "image"
    """烘托产品."""
    VOLUME = "volume"
    """跑量产品."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChanged(Event):
    """A product was created or changed; products belong to no account."""

    event_type: ClassVar[str] = "gondola.contracts.product_changed.v1"
    noun: ClassVar[str] = "product"

    sku: str
    """Our article number, unique."""
    gtin: str | None
    """Barcode 商品条码 of the sales unit: 8, 12, 13 or 14 digits, check digit verified."""
    name: str
    """Name as printed on price tags 品名."""
    brand: str
    """Brand 品牌."""
    category: str
    """Category 品类."""
    pack_quantity: int
    """Sales units per case 箱入数."""
    unit_size: Decimal
    """Content of one sales unit, in unit_of_measure, four decimals."""
    unit_of_measure: str
    """Unit of unit_size, like ml, g or oz."""
    role: str
    """profit 利润产品, image 烘托产品 or volume 跑量产品."""
    vat_rate: Decimal
    """Value-added tax as a fraction 增值税率: 0.13 is 13 %."""
    list_price: Decimal
    """Price per sales unit before any term 供价, four decimals, in currency and tax_basis."""
    tax_basis: str
    """incl 含税 or excl 未税: how list_price is meant."""
    currency: str
    """ISO 4217 code of list_price."""
    is_sensitive: bool
    """Whether shoppers compare its price 敏感商品."""
    is_private_label: bool
    """Whether it is made for one retailer 自有品牌/OEM."""
