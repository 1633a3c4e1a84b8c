"""When to try again: the schedule of the contract, jitter, and which database errors mean that it is away."""

from collections.abc import Callable

import asyncpg

from shared.platform.db import Connection

PAUSES_SECONDS = (5.0, 30.0, 300.0, 1800.0, 7200.0, 21_600.0, 43_200.0, 86_400.0, 108_000.0)
"""Pauses after the first attempt, which is made at once: about three days in all."""
JITTER = 0.2


def jittered(seconds: float, chance: Callable[[], float]) -> float:
    """Return ``seconds`` give or take a fifth; ``chance`` gives a number from 0 to 1."""
    return seconds * (1 + JITTER * (2 * chance() - 1))


def is_outage(error: BaseException) -> bool:
    """Say whether the database is away (restarting, unreachable, full of connections), so that no row is to blame."""
    return isinstance(
        error,
        OSError
        | asyncpg.PostgresConnectionError
        | asyncpg.InterfaceError
        | asyncpg.InternalClientError
        | asyncpg.AdminShutdownError
        | asyncpg.CrashShutdownError
        | asyncpg.CannotConnectNowError
        | asyncpg.TooManyConnectionsError,
    )


def is_gone(connection: Connection) -> bool:
    """Say whether ``connection`` has ended; one of a pool has then been taken back, and can only say so by an error."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True
