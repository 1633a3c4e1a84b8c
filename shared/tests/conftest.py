"""The platform's own tests run a sample service, in a database of its own."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sample.main import service as sample

from deploy.dev import database
from shared.platform.service import Service


@pytest.fixture(scope="session")
def service() -> Service:
    return sample


@pytest.fixture(scope="session")
async def database_urls(
    worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, database.ServiceUrls]]:
    """Another database than the services': the sample uses the schema of one of them."""
    admin_url, name, suffix = (
        os.environ["GONDOLA_ADMIN_DATABASE_URL"],
        f"gondola_shared_{os.getpid()}_{worker_id}",
        f"_shared_{os.getpid()}_{worker_id}",
    )
    passwords = database.StoredPasswords(Path(tmp_path_factory.mktemp("passwords")) / "passwords.json")
    yield await database.prepare(admin_url, name, passwords, role_suffix=suffix)
    await database.drop(admin_url, name, role_suffix=suffix)


@pytest.fixture
def admin_url() -> str:
    """The server's superuser: ends connections as a crash would."""
    return os.environ["GONDOLA_ADMIN_DATABASE_URL"]
