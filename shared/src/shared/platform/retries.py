"""When to try again: the schedule of the contract, and jitter."""

from collections.abc import Callable

from shared.platform.db import OUTAGE

PAUSES_SECONDS = (5.0, 30.0, 300.0, 1800.0, 7200.0, 21_600.0, 43_200.0, 86_400.0, 108_000.0)
"""Pauses after the first attempt, which is made at once: about three days in all."""
JITTER = 0.2


def jittered(seconds: float, chance: Callable[[], float]) -> float:
    """Return ``seconds`` give or take a fifth; ``chance`` gives a number from 0 to 1."""
    return seconds * (1 + JITTER * (2 * chance() - 1))


def is_outage(error: BaseException) -> bool:
    """Say whether the database is away, so that no row is to blame."""
    return isinstance(error, OUTAGE)
