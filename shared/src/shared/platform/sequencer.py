"""Stamps committed events with the next position of the feed; without holes, so that a reader's cursor misses nothing.

Numbers of a sequence are no cursor: transactions do not commit in the order in which they took theirs. One sequencer
at a time (an advisory lock held to the end of its transaction) gives positions to rows that have been committed, in the
order of ``seq``; that keeps the order of a subject's events, because their ``seq`` rises with their commits (see
``outbox``). The commit of the stamps is durable like any other: a position that was seen is never given again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from shared.platform.auth import EVERYTHING
from shared.platform.db import Database

BATCH_EVENTS = 2000
POLL_SECONDS = 0.1

LOCK = """
SELECT CASE WHEN EXISTS (SELECT FROM outbox WHERE pos IS NULL)
       THEN pg_try_advisory_xact_lock(hashtextextended(current_schema() || ' sequencer', 0)) END
"""
STAMP = """
WITH batch AS (
    SELECT event_id, row_number() OVER (ORDER BY seq) AS place
    FROM (SELECT event_id, seq FROM outbox WHERE pos IS NULL ORDER BY seq LIMIT $1) AS unstamped
), moved AS (
    UPDATE feed SET last_pos = last_pos + (SELECT count(*) FROM batch)
    WHERE EXISTS (SELECT FROM batch)
    RETURNING last_pos - (SELECT count(*) FROM batch) AS before
)
UPDATE outbox SET pos = moved.before + batch.place FROM batch, moved WHERE outbox.event_id = batch.event_id
"""


@dataclass(slots=True, kw_only=True)
class Sequencer:
    """Stamps the outbox of one service."""

    database: Database
    stamped: Callable[[], None]
    """Called after each commit of new positions; wakes the relay of the same process."""

    async def step(self) -> float:
        """Stamp one batch; return the seconds to wait before looking again."""
        async with self.database.raw(EVERYTHING) as connection:
            if not await connection.fetchval(LOCK):
                return POLL_SECONDS
            stamped = int((await connection.execute(STAMP, BATCH_EVENTS)).rpartition(" ")[2])
        if stamped:
            self.stamped()
        return 0.0 if stamped == BATCH_EVENTS else POLL_SECONDS
