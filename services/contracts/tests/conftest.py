"""The service under test."""

import pytest

from contracts.main import service as contracts_service
from shared.platform.service import Service


@pytest.fixture(scope="session")
def service() -> Service:
    return contracts_service
