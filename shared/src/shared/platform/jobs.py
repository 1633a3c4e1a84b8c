"""What a service does by itself, again and again: advancing by date, matching, verifying."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from shared.platform.db import Database
from shared.platform.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """What a job gets: the database (open transactions with ``EVERYTHING``), the settings, and the time to use."""

    database: Database
    settings: ServiceSettings
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job and its pace. It must be idempotent: two workers may run it, and a killed one starts it again.

    ``run`` returns True to be called again at once: there is more to do than it did in one go.
    """

    name: str
    every_seconds: float
    run: Callable[[JobContext], Awaitable[bool | None]]
