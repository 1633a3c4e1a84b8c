"""Products 商品: what is sold; seen by everybody, of no account."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, Field
from starlette.responses import Response

from contracts.api import examples
from contracts.api.common import READERS, Id, created_or_changed
from contracts.api.master_data import fields_of, get_row, put_row, select_of
from contracts.db import tables
from contracts.domain.gtin import check_gtin
from contracts.domain.product import ProductChanged, ProductNotFound, ProductRole
from contracts.domain.terms import TaxBasis
from shared.kernel.money import round_rate, round_unit_price
from shared.platform.auth import Role
from shared.platform.fields import Answer, Body, Code, Currency, Quantity, Rate, ShortText, UnitPrice
from shared.platform.http import IfMatch, Raw, Router, Tx
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/products", tags=["products"])
NOT_FOUND = ProductNotFound("There is no such product; see GET /v1/products.")
ProductId = Annotated[UUID, Path(description="The product's identifier; for a new one, of your own choice.")]
Gtin = Annotated[str, AfterValidator(check_gtin)]


class ProductFields(Answer):
    """What is known of a product."""

    sku: Code
    """Our article number, unique."""
    gtin: Gtin | None = None
    """Barcode 商品条码 of the sales unit: 8, 12, 13 or 14 digits with a correct check digit."""
    name: ShortText
    """Name as printed on price tags 品名."""
    brand: ShortText
    """Brand 品牌."""
    category: ShortText
    """Category 品类."""
    pack_quantity: Annotated[int, Field(ge=1, le=100_000)]
    """Sales units per case 箱入数."""
    unit_size: Annotated[Quantity, Field(gt=0)]
    """Content of one sales unit, in unit_of_measure, four decimals."""
    unit_of_measure: Code
    """Unit of unit_size, like ml, g or oz."""
    role: ProductRole
    """profit 利润产品, image 烘托产品 or volume 跑量产品."""
    vat_rate: Annotated[Rate, Field(ge=0, le=1)]
    """Value-added tax as a fraction 增值税率: "0.13" is 13 %."""
    list_price: Annotated[UnitPrice, Field(ge=0)]
    """Price per sales unit before any term 供价, four decimals, in currency and tax_basis."""
    tax_basis: TaxBasis
    """incl 含税 or excl 未税: how list_price is meant."""
    currency: Currency
    """ISO 4217 code of list_price."""
    is_sensitive: bool = False
    """Whether shoppers compare its price 敏感商品."""
    is_private_label: bool = False
    """Whether it is made for one retailer 自有品牌/OEM."""


class ProductIn(ProductFields, Body):
    """A product to create or to replace."""

    model_config = examples.shows(examples.PRODUCT)


class ProductOut(ProductFields):
    """A product."""

    id: Id


PRODUCTS = ListQuery(
    select=select_of(tables.products),
    order=("sku", "id"),
    filters={"brand": "brand = {}", "category": "category = {}", "gtin": "gtin = {}", "sku": "sku = {}"},
)


@router.put(
    "/{product_id}",
    operation_id="put_product",
    policy=(Role.ADMIN, Role.KA_MANAGER),
    answers=ProductOut,
    responses=created_or_changed(ProductOut),
)
async def put_product(product_id: ProductId, body: ProductIn, tx: Tx, if_match: IfMatch = None) -> Response:
    """Create a product (201) or replace it (200); the same again changes nothing."""
    precise = {
        "unit_size": round_unit_price(body.unit_size),
        "vat_rate": round_rate(body.vat_rate),
        "list_price": round_unit_price(body.list_price),
    }
    event = ProductChanged(id=product_id, **(fields_of(body) | precise))
    return await put_row(tx, tables.products, event, if_match=if_match, missing=NOT_FOUND)


@router.get("/{product_id}", operation_id="get_product", policy=READERS, answers=ProductOut)
async def get_product(product_id: ProductId, tx: Tx) -> Response:
    """Show a product."""
    return await get_row(tx, tables.products, product_id, missing=NOT_FOUND)


@router.get("", operation_id="list_products", policy=READERS, list_of=ProductOut)
async def list_products(
    raw: Raw,
    page: Page,
    brand: str | None = None,
    category: str | None = None,
    gtin: str | None = None,
    sku: str | None = None,
) -> Response:
    """List products by article number."""
    return await PRODUCTS.page(raw, page, brand=brand, category=category, gtin=gtin, sku=sku)
