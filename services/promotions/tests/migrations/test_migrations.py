"""The migrations go up, down and up again, and make the tables that the code knows."""

import asyncio

from fastapi import FastAPI

from shared.platform.db import Connection
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings

WITHOUT_ACCOUNT = {"accounts", "products"}


async def test_migrations_go_up_down_and_up_again_and_match_the_code(
    app: FastAPI, service: Service, settings: ServiceSettings
) -> None:
    migrations = service.migrations(settings)
    for step in (migrations.check, migrations.down, migrations.up, migrations.check):
        await asyncio.to_thread(step)


async def test_every_table_with_an_account_is_secured_by_row(database: Connection, service: Service) -> None:
    secured = {
        row["relname"]
        for row in await database.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
            " AND relrowsecurity AND relforcerowsecurity"
        )
    }
    ours = {name for name, table in service.metadata.tables.items() if "account_id" in table.columns}
    assert ours | {"accounts"} <= secured
    assert set(service.metadata.tables) - ours == WITHOUT_ACCOUNT
