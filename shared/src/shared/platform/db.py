"""Connections, transactions that carry the caller's scope, and the column types that all tables share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

import asyncpg
from sqlalchemy import Column, DateTime, MetaData, Numeric, Uuid
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from shared.platform.auth import Scope

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection
    Pool: TypeAlias = asyncpg.Pool

ACQUIRE_TIMEOUT_SECONDS = 10
COMMAND_TIMEOUT_SECONDS = 60
OUTAGE: tuple[type[Exception], ...] = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
"""The database is away (restarting, unreachable, full of connections): nothing else is to blame."""
SET_SCOPE = """
SELECT set_config('gondola.scope', $1, true), set_config('gondola.accounts', $2, true),
       set_config('gondola.regions', $3, true)
"""
NAMING = {
    "ix": "%(table_name)s_%(column_0_N_name)s_ix",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


class Database:
    """One service's database: an engine for commands and a raw pool for hot writes and lists.

    Both open transactions the same way: the scope is set before anything else, and leaving the block commits.
    """

    def __init__(self, engine: AsyncEngine, pool: Pool) -> None:
        self.engine = engine
        self.pool = pool

    @classmethod
    async def connect(cls, url: str, *, pool_size: int, application: str) -> Self:
        """Open both pools on ``url`` (``postgresql://``)."""

        async def connection(*_: object, **__: object) -> Connection:
            return await asyncpg.connect(
                url,
                timeout=ACQUIRE_TIMEOUT_SECONDS,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                server_settings={"application_name": application},
            )

        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=connection, pool_size=pool_size, max_overflow=0,
            pool_timeout=ACQUIRE_TIMEOUT_SECONDS, hide_parameters=True,
        )  # fmt: skip
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=pool_size,
            timeout=ACQUIRE_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            server_settings={"application_name": application},
            reset=_leave_transaction,
        )
        return cls(engine, pool)

    async def close(self) -> None:
        """Close both pools."""
        await self.engine.dispose()
        await self.pool.close()

    @asynccontextmanager
    async def session(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        """Yield a session in one transaction with ``scope``; commit on leaving, roll back on any error."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            connection = await session.connection()
            await connection.exec_driver_sql(SET_SCOPE, scope.values())
            yield session

    @asynccontextmanager
    async def raw(self, scope: Scope) -> AsyncIterator[Connection]:
        """Yield an asyncpg connection in one transaction with ``scope``; commit on leaving, roll back on any error."""
        connection = await self._begun(scope)
        try:
            try:
                yield connection
            except BaseException:
                if not is_gone(connection):
                    await connection.execute("ROLLBACK")
                raise
            outcome = await connection.execute("COMMIT")
            assert outcome == "COMMIT", f"the transaction was aborted before its end: {outcome}"
        finally:
            await self._release(connection)

    async def _release(self, connection: Connection) -> None:
        await self.pool.release(cast("Any", connection))

    async def _begun(self, scope: Scope) -> Connection:
        """Return a connection in a transaction; one whose server has died meanwhile is dropped for another."""
        for left in reversed(range(self.pool.get_max_size() + 1)):
            connection = cast("Connection", await self.pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS))
            try:
                await connection.execute(f"BEGIN; {scope.statement()}")
            except BaseException as error:
                if not is_gone(connection):
                    connection.terminate()
                await self._release(connection)
                if not left or not isinstance(error, OUTAGE):
                    raise
            else:
                return connection
        raise AssertionError("unreachable")


async def raw_of(session: AsyncSession) -> Connection:
    """Return the asyncpg connection inside the session's transaction; what runs on it commits with the session."""
    connection = (await (await session.connection()).get_raw_connection()).driver_connection
    assert isinstance(connection, asyncpg.Connection)
    return connection


def is_gone(connection: Connection) -> bool:
    """Say whether ``connection`` has ended; one of a pool has then been taken back, and can only say so by an error."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


async def _leave_transaction(connection: Any) -> None:
    """Reset nothing but an open transaction: sessions carry no state here, and RESET ALL costs a fifth of the rate."""
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


def new_metadata() -> MetaData:
    """Return metadata whose constraint names follow the house's pattern."""
    return MetaData(naming_convention=NAMING)


def uuid_key(name: str = "id") -> Column[Any]:
    """A UUID primary key that the application gives."""
    return Column(name, Uuid, primary_key=True)


def amount() -> Numeric[Any]:
    """Money: ``NUMERIC(18,2)``."""
    return Numeric(18, 2)


def unit_price() -> Numeric[Any]:
    """A price per unit: ``NUMERIC(18,4)``."""
    return Numeric(18, 4)


def quantity() -> Numeric[Any]:
    """A quantity: ``NUMERIC(18,4)``."""
    return Numeric(18, 4)


def rate() -> Numeric[Any]:
    """A fraction: ``NUMERIC(12,6)``."""
    return Numeric(12, 6)


def instant() -> DateTime:
    """An instant: ``TIMESTAMPTZ``."""
    return DateTime(timezone=True)
