import os
from collections.abc import AsyncIterator

import pytest

from deploy.dev import database
from tests.architecture.databases import Urls, migrate_all


@pytest.fixture(scope="session")
async def migrated(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Urls]:
    """Return the URLs of the four services in a database of these tests' own, whose tables are always empty."""
    admin_url, suffix = os.environ["GONDOLA_ADMIN_DATABASE_URL"], f"_contracts_{os.getpid()}_{worker_id}"
    name = f"gondola{suffix}"
    passwords = database.StoredPasswords(tmp_path_factory.mktemp("passwords") / "passwords.json")
    urls = await database.prepare(admin_url, name, passwords, role_suffix=suffix)
    await migrate_all(urls)
    yield urls
    await database.drop(admin_url, name, role_suffix=suffix)
