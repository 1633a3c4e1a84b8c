"""The service under test and the master data that its tests start from."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from promotions.main import service as promotions_service
from services.promotions.tests import examples
from shared.platform.service import Service

Deliver = Callable[..., Awaitable[None]]


@pytest.fixture(scope="session")
def service() -> Service:
    return promotions_service


@pytest.fixture
async def master_data(api: Any, deliver: Deliver) -> None:
    """Two accounts, two products, ten stores of the first account and one of the second."""
    for index, account in enumerate((examples.ACCOUNT, examples.OTHER_ACCOUNT)):
        data = {"id": account, "code": f"A{index}", "name": f"Retailer {index}", "region": f"region-{index}",
                "currency": "CNY", "status": "active"}  # fmt: skip
        await deliver("gondola.contracts.account_changed.v1", data)
    for product, sku in ((examples.JUICE, "JU-1000"), (examples.TEA, "TE-500")):
        data = {"id": product, "sku": sku, "name": sku, "brand": "Demo", "category": "drinks"}
        await deliver("gondola.contracts.product_changed.v1", data)
    for index, store in enumerate(examples.STORES):
        await deliver("gondola.store_ops.store_changed.v1", store_of(store, examples.ACCOUNT, f"S{index:03}"))
    await deliver("gondola.store_ops.store_changed.v1", store_of(examples.OTHER_STORE, examples.OTHER_ACCOUNT, "S000"))


def store_of(store: Any, account: Any, code: str) -> dict[str, Any]:
    return {"id": store, "account_id": account, "code": code, "name": code, "grade": "A", "status": "active"}
