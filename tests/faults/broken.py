"""A process of a service with a known defect: ``python -m tests.faults.broken DEFECT PACKAGE api|worker …``.

The checks of the crash test must see what such a process does; a check that cannot fail is worth nothing.
"""

import asyncio
import importlib
import sys

from shared.platform import inbox, sequencer
from shared.platform.relay import Rules, Verdict
from shared.platform.service import Service

NAIVE_STAMP = """
WITH stamped AS (
    UPDATE outbox SET pos = seq
    WHERE event_id IN (SELECT event_id FROM outbox WHERE pos IS NULL ORDER BY seq LIMIT $1) RETURNING pos
)
UPDATE feed SET last_pos = greatest(last_pos, (SELECT max(pos) FROM stamped))
"""


def _deaf_relay(service: Service) -> None:
    """Mark events as sent whatever is answered, as one does who marks before sending."""

    async def work() -> None:
        settings = service.settings()
        app = service.create_app(settings)
        async with service.running(app, settings):
            worker = service.worker(app, settings)
            worker.rules = Rules(judge=lambda _: Verdict.DELIVERED)
            await worker.run_until_signal()

    asyncio.run(work())


def _greedy_inbox(service: Service) -> None:
    """Store an event as often as it comes; somebody has dropped the unique constraint as well."""
    inbox.STORE = inbox.STORE.replace("ON CONFLICT (source, event_id) DO NOTHING", "")
    service.main()


def _hasty_sequencer(service: Service) -> None:
    """Take the sequence number for the position, so that who commits late is behind every cursor."""
    sequencer.STAMP = NAIVE_STAMP
    service.main()


DEFECTS = {"deaf-relay": _deaf_relay, "greedy-inbox": _greedy_inbox, "hasty-sequencer": _hasty_sequencer}

if __name__ == "__main__":
    _, defect, package, *rest = sys.argv
    sys.argv = [package, *rest]
    DEFECTS[defect](importlib.import_module(f"{package}.main").service)
