"""How far behind the events of a service are, for dashboards, alarms and autoscaling."""

from shared.platform.db import Connection

COUNTED_MAX = 10_000
BACKLOG = """
SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE pos IS NULL LIMIT $1) AS few) AS outbox_unstamped,
       (SELECT COALESCE(max(last_pos - cursor_pos), 0) FROM webhook_endpoints, feed WHERE state = 'active')
           AS relay_lag,
       (SELECT count(*) FROM webhook_endpoints WHERE failing_since IS NOT NULL) AS endpoints_failing,
       (SELECT count(*) FROM (SELECT FROM parked_deliveries LIMIT $1) AS few) AS deliveries_parked,
       (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'pending' LIMIT $1) AS few) AS inbox_pending,
       (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'waiting' LIMIT $1) AS few) AS inbox_waiting,
       (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'retrying' LIMIT $1) AS few) AS inbox_retrying,
       (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'dead' LIMIT $1) AS few) AS inbox_dead,
       (SELECT COALESCE(sum(duplicates), 0)::bigint FROM event_sources) AS inbox_duplicates
"""


async def backlog(connection: Connection) -> dict[str, int]:
    """Return what is waiting, by name; counts stop at 10,000. The transaction must see everything."""
    row = await connection.fetchrow(BACKLOG, COUNTED_MAX)
    assert row is not None
    return dict(row)
