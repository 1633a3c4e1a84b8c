import pytest

from tests.architecture.databases import Urls, migrate_all


@pytest.fixture(scope="session")
async def migrated(database_urls: Urls) -> Urls:
    """Return the URLs of the four services after all their migrations."""
    await migrate_all(database_urls)
    return database_urls
