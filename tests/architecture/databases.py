"""The four services' schemas, migrated, in the database of the test process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
from pydantic import SecretStr

from deploy.dev.database import ServiceUrls
from shared.platform.db import Connection
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings
from tests.architecture.discovery import services

Urls = Mapping[str, ServiceUrls]


def settings_of(service: Service, urls: Urls) -> ServiceSettings:
    """Return settings on the test's database."""
    found = urls[service.package]
    return service.settings(
        environment="test", database_url=SecretStr(found.app), owner_database_url=SecretStr(found.owner)
    )


async def migrate_all(urls: Urls) -> None:
    """Bring all schemas to their newest version; Alembic runs a loop of its own, so it runs in a thread."""
    for service in services():
        await asyncio.to_thread(service.migrations(settings_of(service, urls)).up)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Yield a connection that sees all accounts."""
    connection = await asyncpg.connect(url, server_settings={"gondola.scope": "all"})
    try:
        yield connection
    finally:
        await connection.close()
