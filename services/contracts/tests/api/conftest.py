"""Callers, and an account that can make contracts."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.contracts.tests import bodies
from shared.platform.auth import Role
from shared.testing import Api


@pytest.fixture
def manager(api: Api) -> Api:
    """A key-account manager who sees everything."""
    return api.as_(Role.KA_MANAGER)


@pytest.fixture
async def payer(manager: Api) -> None:
    """The account and its settlement entity."""
    assert (await manager.put(f"/v1/accounts/{bodies.ACCOUNT}", json=bodies.account())).status_code == 201
    answer = await manager.put(f"/v1/settlement-entities/{bodies.ENTITY}", json=bodies.settlement_entity())
    assert answer.status_code == 201, answer.text


@pytest.fixture
def drafted(manager: Api, payer: None) -> Callable[..., Awaitable[dict[str, Any]]]:
    """A function that drafts a contract and returns it."""

    async def draft(**changes: Any) -> dict[str, Any]:
        answer = await manager.post("/v1/contracts", json=bodies.contract(**changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return draft


@pytest.fixture
def signed(manager: Api, drafted: Callable[..., Awaitable[dict[str, Any]]]) -> Callable[..., Awaitable[str]]:
    """A function that drafts and signs a contract and returns its path."""

    async def sign(**changes: Any) -> str:
        path = f"/v1/contracts/{(await drafted(**changes))['id']}"
        answer = await manager.post(f"{path}:sign", json=bodies.signature())
        assert answer.status_code == 200, answer.text
        return path

    return sign
