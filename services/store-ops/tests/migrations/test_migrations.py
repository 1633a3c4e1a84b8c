"""The migrations go up, down and up again, and add up to the tables that the code names."""

import asyncio
from typing import Any

from fastapi import FastAPI

from shared.platform.service import Service
from shared.platform.settings import ServiceSettings


async def test_up_down_and_up_again(app: FastAPI, service: Service, settings: ServiceSettings):
    migrations = service.migrations(settings)

    def there_and_back() -> None:
        migrations.check()
        migrations.down()
        migrations.up()
        migrations.check()

    await asyncio.to_thread(there_and_back)


async def test_every_table_with_an_account_is_secured(app: FastAPI, database: Any):
    rows = await database.fetch(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS secured FROM pg_class AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'account_id'"
        " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
    )
    assert {row["relname"] for row in rows if not row["secured"]} == set()
    assert {"stores", "tasks", "audits", "audit_photos", "promotions"} <= {row["relname"] for row in rows}


async def test_without_a_scope_nothing_is_seen(app: FastAPI, database: Any):
    await database.execute("INSERT INTO promotions VALUES (gen_random_uuid(), gen_random_uuid(), 'P-1', 1)")
    await database.execute("RESET gondola.scope")
    assert await database.fetchval("SELECT count(*) FROM promotions") == 0
