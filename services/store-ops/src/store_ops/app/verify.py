"""Verify 核验: compare what audits found with what promotions asked for, and announce what changed."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shared.platform.auth import EVERYTHING
from shared.platform.db import Connection
from shared.platform.jobs import JobContext
from shared.platform.outbox import emit_many
from store_ops.db import verification as queries
from store_ops.domain.verification import reassess, verified
from store_ops.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What one transaction of the verification took and did."""

    audits: int = 0
    photos: int = 0
    tasks: int = 0
    announced: int = 0

    @property
    def took_something(self) -> bool:
        """Whether there may be more."""
        return bool(self.audits or self.photos or self.tasks)


async def verify_job(context: JobContext) -> bool:
    """Take one batch; call again at once while there was something to take."""
    assert isinstance(context.settings, Settings), "the service runs with its own settings"
    async with context.database.raw(EVERYTHING) as connection:
        return (await verify(connection, context)).took_something


async def verify(connection: Connection, context: JobContext) -> Verified:
    """Take new audits, newly arrived photos and changed tasks, and bring the tasks that they concern up to date.

    One transaction, so that a killed worker leaves everything as it was. One at a time over all replicas: a photo and
    the audit that refers to it must not pass each other unseen in two transactions.
    """
    settings = context.settings
    assert isinstance(settings, Settings), "the service runs with its own settings"
    if not await connection.fetchval(queries.LOCK):
        return Verified()
    at, limit = context.now, settings.verification_batch
    thresholds, zone = settings.thresholds, ZoneInfo(settings.time_zone)
    audits = [row["id"] for row in await connection.fetch(queries.TAKE_AUDITS, at, limit)]
    if audits:
        await connection.execute(queries.LINK_PHOTOS, audits)
    photos = [row["sha256"] for row in await connection.fetch(queries.TAKE_PHOTOS, at, limit)]
    window = thresholds.window_tolerance_days, settings.time_zone
    concerned = [row["id"] for row in await connection.fetch(queries.CONCERNED, audits, *window, photos, limit)]
    if not concerned:
        return Verified(audits=len(audits), photos=len(photos))
    cases = [queries.case_of(row) for row in await connection.fetch(queries.DECIDE, concerned, *window)]
    changed = [
        (case.task, outcome)
        for case in cases
        if (
            outcome := reassess(
                case.task, case.known, case.found, thresholds, zone, expectation_changed=case.expectation_changed
            )
        )
        is not None
    ]
    if changed:
        await queries.settle(connection, changed, at=at)
        await emit_many(connection, [verified(task, outcome) for task, outcome in changed], at=at)
    await queries.freshen(connection, concerned)
    return Verified(audits=len(audits), photos=len(photos), tasks=len(concerned), announced=len(changed))
