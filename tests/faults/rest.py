"""Waiting until the services have come to rest: everything sent, applied and worked off, within a bounded time."""

import asyncio
import time

from tests.faults.ledger import SCHEMAS, Connection

POLL_SECONDS = 0.1
STILL_POLLS = 4
POLLS_PER_HURRY = 10
BACKLOG = """
SELECT (SELECT count(*) FROM {schema}.outbox WHERE pos IS NULL)
     + (SELECT count(*) FROM {schema}.webhook_endpoints, {schema}.feed WHERE cursor_pos < last_pos OR state <> 'active')
     + (SELECT count(*) FROM {schema}.parked_deliveries)
     + (SELECT count(*) FROM {schema}.inbox WHERE state IN ('pending', 'retrying', 'waiting')) AS left_over,
       (SELECT last_pos FROM {schema}.feed) AS last_pos
"""
JOBS = """
SELECT (SELECT count(*) FROM store_ops.audits WHERE verified_at IS NULL)
     + (SELECT count(*) FROM store_ops.photos WHERE verified_at IS NULL)
     + (SELECT count(*) FROM store_ops.tasks WHERE is_stale)
     + (SELECT count(*) FROM receivables.promotion_fees WHERE accrued_version < version)
"""
TRY_NOW = (
    "UPDATE {schema}.webhook_endpoints SET next_attempt_at = NULL WHERE next_attempt_at IS NOT NULL",
    "UPDATE {schema}.parked_deliveries SET next_attempt_at = now() WHERE state = 'retrying' AND attempts < 4",
    "UPDATE {schema}.inbox SET next_attempt_at = now() WHERE state = 'retrying' AND attempts < 4",
    "UPDATE {schema}.inbox_subjects SET pull_at = now() WHERE gap_since IS NOT NULL",
)
END_LEASES = "UPDATE {schema}.job_runs SET next_due_at = now() WHERE finished_at IS NULL"


async def rest(admin: Connection, seconds_max: float, *, hurry: bool = True) -> float:
    """Wait until nothing is left to do and nothing new comes; return how long that took.

    With ``hurry`` pauses after failures are cut short, as an administrator may do: a failing endpoint is tried again
    after 5, 30 and 300 seconds, and a killed worker's job is taken over after a minute. Nothing else depends on it.

    Raises:
        TimeoutError: something is left; the message says what.
    """
    begun = time.monotonic()
    if hurry:
        for schema in SCHEMAS.values():
            await admin.execute(END_LEASES.format(schema=schema))
    seen: dict[str, tuple[int, int]] = {}
    still = polls = 0
    while still < STILL_POLLS:
        state = await backlog(admin)
        still = still + 1 if state == seen and not any(left for left, _ in state.values()) else 0
        seen = state
        if time.monotonic() - begun > seconds_max:
            raise TimeoutError(f"no rest after {seconds_max:.0f} s; left over and last position: {state}")
        polls += 1
        if hurry and polls % POLLS_PER_HURRY == 0:
            for statement in TRY_NOW:
                for schema in SCHEMAS.values():
                    await admin.execute(statement.format(schema=schema))
        await asyncio.sleep(POLL_SECONDS)
    return time.monotonic() - begun


async def backlog(admin: Connection) -> dict[str, tuple[int, int]]:
    """Return per service how much is left to do, and the last position of its feed."""
    found = {}
    for service, schema in SCHEMAS.items():
        row = await admin.fetchrow(BACKLOG.format(schema=schema))
        found[service] = row["left_over"], row["last_pos"]
    found["jobs"] = await admin.fetchval(JOBS), 0
    return found
