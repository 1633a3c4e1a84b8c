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
from deploy.demo.constants import first_day
from deploy.demo.dataset import Dataset, Promotion
from deploy.demo.plan import Plan
from deploy.dev.run import Stack
from shared.platform.clock import today

SERVICES: Final = ("contracts", "promotions", "store-ops", "receivables")
STILL_SECONDS: Final = 0.7
STILL_SECONDS_OF_JOBS: Final = 1.7
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

    def year_of(self, promotion: Promotion) -> int:
        """Return the calendar year in which the promotion begins."""
        return first_day(promotion.first_week).year

    async def quiet(self, why: str, still_seconds: float = STILL_SECONDS) -> None:
        """Wait until every event has been delivered and applied and nothing new has come for a moment.

        Raises:
            TimeoutError: they do not come to rest; the message says where the backlog is.
        """
        begun = time.monotonic()
        seen, since = None, begun
        while True:
            state = await self.backlog()
            now = time.monotonic()
            if state != seen:
                seen, since = state, now
            if not any(left for _, left in state.values()) and now - since >= still_seconds:
                say(f"  {why}: quiet after {now - begun:.1f} s")
                return
            if now - begun > QUIET_SECONDS_MAX:
                raise TimeoutError(f"{why}: no rest after {QUIET_SECONDS_MAX:.0f} s; position and backlog: {state}")
            await asyncio.sleep(POLL_SECONDS)

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

    async def backlog(self, services: Iterable[str] = SERVICES) -> dict[str, tuple[int, int]]:
        """Return per service the position of its feed, and how many events wait to be sent or applied.

        Raises:
            RuntimeError: an event is dead: it could not be applied, or was refused for good.
        """
        found = {}
        for service in services:
            auditor = self.person("auditor", service)
            endpoints = (await auditor.get("/v1/webhook-endpoints", limit=50))["items"]
            waiting = sum(endpoint["lag"] for endpoint in endpoints)
            for state in ("pending", "retrying", "waiting"):
                waiting += len((await auditor.get("/v1/inbox", state=state, limit=500))["items"])
            for dead in (await auditor.get("/v1/inbox", state="dead", limit=1))["items"]:
                raise RuntimeError(f"{service} could not apply {dead['type']} of {dead['subject']}: {dead['error']}")
            position = max((int(endpoint["cursor"]) + endpoint["lag"] for endpoint in endpoints), default=0)
            found[service] = (position, waiting)
        return found
