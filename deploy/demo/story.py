"""What all steps of the demo share: plan, people, the running stack, and waiting until the services are quiet."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from deploy.demo.claims import Remittance
from deploy.demo.client import Person, World, say
from deploy.demo.dataset import Dataset, Promotion
from deploy.demo.plan import Plan
from deploy.dev.run import Stack
from shared.platform.clock import today

SERVICES: Final = ("contracts", "promotions", "store-ops", "receivables")
STILL_SECONDS: Final = 0.7
STILL_SECONDS_OF_JOBS: Final = 2.0
"""Where a job that looks once a second has to have had its turn."""
POLL_SECONDS: Final = 0.2
QUIET_SECONDS_MAX: Final = 120.0


def latest(day: date) -> date:
    """Return ``day``, or today where that is later: what services settle by themselves bears the date of today."""
    return max(day, today("Asia/Shanghai"))


@dataclass(kw_only=True)
class Story:
    """One run."""

    world: World
    stack: Stack
    plan: Plan
    payments: list[Remittance]
    grosses: dict[int, Decimal]
    """What each week's invoice comes to with tax."""
    started: float = field(default_factory=time.monotonic)
    batches: list[int] = field(default_factory=list)
    """Numbers of the ERP's batches that the story closed, one a chapter."""
    counts_at_kill: int = 0
    """Requests that had been repeated when receivables was killed."""

    @property
    def dataset(self) -> Dataset:
        """The rows."""
        return self.plan.dataset

    def person(self, role: str, service: str) -> Person:
        """Return ``role`` as a caller of ``service``."""
        return self.world.person(role, service)

    def headline(self, text: str) -> None:
        """Show that a step begins, and when."""
        say(f"\n[{time.monotonic() - self.started:6.1f} s] {text}")

    def weeks(self, chapter: tuple[date, date]) -> list[int]:
        """Return the weeks that begin in the chapter."""
        return list(self.plan.weeks_of(*chapter))

    def promotions(self, weeks: Iterable[int]) -> list[Promotion]:
        """Return the promotions that begin in one of ``weeks``."""
        chosen = set(weeks)
        return [promotion for promotion in self.dataset.promotions if promotion.first_week in chosen]

    async def quiet(self, why: str, still_seconds: float = STILL_SECONDS) -> None:
        """Wait until every event has been delivered and applied and nothing new has come for a moment.

        Raises:
            TimeoutError: they do not come to rest; the message says where the backlog is.
            RuntimeError: an event could not be applied.
        """
        begun = time.monotonic()
        seen, since = None, begun
        while True:
            feeds = await self._feeds()
            now = time.monotonic()
            if feeds != seen:
                seen, since = feeds, now
            is_still = now - since >= still_seconds and not any(lag for _, lag in feeds.values())
            held = await self._held("pending") if is_still else None
            if held == 0 and not await self._held("retrying", "waiting"):
                await self._no_dead()
                say(f"  {why}: quiet after {now - begun:.1f} s")
                return
            if now - begun > QUIET_SECONDS_MAX:
                await self._no_dead()
                backlog = f"feeds (position, undelivered): {feeds}; not applied: {held}"
                raise TimeoutError(f"{why}: no rest after {QUIET_SECONDS_MAX:.0f} s; {backlog}")
            await asyncio.sleep(POLL_SECONDS)

    async def _feeds(self) -> dict[str, tuple[int, int]]:
        """Return per service the position of its feed, and by how much its subscribers are behind."""
        found = {}
        for service in SERVICES:
            endpoints = (await self.person("auditor", service).get("/v1/webhook-endpoints", limit=50))["items"]
            position = max((int(endpoint["cursor"]) + endpoint["lag"] for endpoint in endpoints), default=0)
            found[service] = (position, sum(endpoint["lag"] for endpoint in endpoints))
        return found

    async def _held(self, *states: str) -> int:
        """Return how many events (a page at most) are in the services' inboxes in one of ``states``."""
        held = 0
        for service in SERVICES:
            for state in states:
                held += len((await self.person("auditor", service).get("/v1/inbox", state=state, limit=100))["items"])
        return held

    async def _no_dead(self) -> None:
        """Make sure that no event was given up.

        Raises:
            RuntimeError: one was.
        """
        for service in SERVICES:
            for dead in (await self.person("auditor", service).get("/v1/inbox", state="dead", limit=1))["items"]:
                raise RuntimeError(f"{service} could not apply {dead['type']} of {dead['subject']}: {dead['error']}")

    async def undelivered(self, consumer: str, producers: Iterable[str]) -> int:
        """Return how many positions ``consumer`` is behind the feeds of ``producers``."""
        behind = 0
        for producer in producers:
            endpoints = (await self.person("auditor", producer).get("/v1/webhook-endpoints", limit=50))["items"]
            behind += sum(endpoint["lag"] for endpoint in endpoints if endpoint["description"] == consumer)
        return behind

    async def nudge(self, consumer: str, producers: Iterable[str]) -> None:
        """Ask the relays to try ``consumer`` again now, as an administrator would, instead of after their pause."""
        for producer in producers:
            admin = self.person("admin", producer)
            for endpoint in (await admin.get("/v1/webhook-endpoints", limit=50))["items"]:
                if endpoint["description"] == consumer and endpoint["failures"]:
                    await admin.post(f"/v1/webhook-endpoints/{endpoint['id']}:test")
