"""Transactions: what they see, what they leave behind, and what a lost connection does to them."""

from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from shared.platform.auth import EVERYTHING
from shared.platform.db import OUTAGE, Database


async def end_all(database: Database, admin_url: str) -> None:
    """End every connection of the service's role, as an immediate restart of the server does."""
    role = await database.pool.fetchval("SELECT current_user")
    killer = await asyncpg.connect(admin_url)
    try:
        await killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
    finally:
        await killer.close()


async def test_connections_that_have_died_are_replaced(app: FastAPI, clean: None, admin_url: str) -> None:
    database: Database = app.state.database
    async with database.raw(EVERYTHING) as connection:
        assert await connection.fetchval("SELECT current_setting('gondola.scope')") == "all"
    for _ in range(3):
        await end_all(database, admin_url)
        async with database.raw(EVERYTHING) as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_a_transaction_that_loses_its_connection_says_so_and_nothing_is_kept(
    app: FastAPI, clean: None, admin_url: str
) -> None:
    database: Database = app.state.database
    statement = "INSERT INTO accounts (id, region, version) VALUES (gen_random_uuid(), 'north', 1)"
    with pytest.raises(OUTAGE):  # noqa: PT012 - the whole block is the transaction
        async with database.raw(EVERYTHING) as connection:
            await connection.execute(statement)
            await end_all(database, admin_url)
            await connection.fetchval("SELECT 1")
    async with database.raw(EVERYTHING) as connection:
        assert await connection.fetchval("SELECT count(*) FROM accounts") == 0


async def test_an_aborted_transaction_is_not_taken_for_committed(app: FastAPI, clean: None) -> None:
    database: Database = app.state.database

    async def swallow(connection: Any) -> None:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetchval("SELECT 1 / 0")

    with pytest.raises(AssertionError, match="aborted"):
        async with database.raw(EVERYTHING) as connection:
            await swallow(connection)


async def test_a_scope_ends_with_its_transaction(app: FastAPI, clean: None) -> None:
    database: Database = app.state.database
    async with database.raw(EVERYTHING) as connection:
        await connection.execute("INSERT INTO accounts (id, region, version) VALUES (gen_random_uuid(), 'north', 1)")
    async with database.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM accounts") == 0
