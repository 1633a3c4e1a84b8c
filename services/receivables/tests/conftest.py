import pytest

from receivables.main import service as receivables
from shared.platform.service import Service


@pytest.fixture(scope="session")
def service() -> Service:
    return receivables
