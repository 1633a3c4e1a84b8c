"""Migrations: Alembic, driven from Python, as the owner of the schema."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command, context
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

LOCK_TIMEOUT = "10s"


class Migrations:
    """The migrations of one service: a folder of Alembic scripts and the metadata that they must add up to."""

    def __init__(self, folder: Path, metadata: MetaData, owner_url: str) -> None:
        self.metadata = metadata
        self.owner_url = owner_url
        self.config = Config()
        self.config.set_main_option("script_location", str(folder))
        self.config.set_main_option("path_separator", "os")
        self.config.attributes["migrations"] = self

    def up(self, revision: str = "head") -> None:
        """Bring the schema up to ``revision``."""
        command.upgrade(self.config, revision)

    def down(self, revision: str = "base") -> None:
        """Take the schema down to ``revision``."""
        command.downgrade(self.config, revision)

    def check(self) -> None:
        """Raise if the tables in the database are not those of the metadata."""
        command.check(self.config)


def run() -> None:
    """Run what Alembic was asked to; the only line of each service's ``migrations/env.py``."""
    migrations: Migrations = context.config.attributes["migrations"]
    asyncio.run(_run(migrations))


async def _run(migrations: Migrations) -> None:
    async def connect() -> Any:
        return await asyncpg.connect(migrations.owner_url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, migrations)
        await connection.commit()
    await engine.dispose()


def _migrate(connection: SyncConnection, migrations: Migrations) -> None:
    known = set(migrations.metadata.tables)

    def ours(item: Any, name: str | None, kind: str, reflected: bool, against: Any) -> bool:  # noqa: ARG001, FBT001
        """Leave out what is in the database only: the platform's own tables, and expression indexes."""
        return not reflected or (kind == "table" and name in known) or kind == "column"

    environment: EnvironmentContext | Any = context
    environment.configure(
        connection=connection,
        target_metadata=migrations.metadata,
        include_object=ours,
        compare_type=True,
        transaction_per_migration=True,
    )
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    connection.commit()
    with environment.begin_transaction():
        environment.run_migrations()
