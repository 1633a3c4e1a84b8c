"""The crash run: load, kills at drawn moments, restarts, rest, and the comparison of facts with effects."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.dev.stack import DATABASE, Stack
from tests.faults import ground, load
from tests.faults.client import Callers, Client
from tests.faults.ground import Facts
from tests.faults.ledger import Connection, Finding, Report, connect, examine
from tests.faults.plan import POSTGRES, Kill, Plan
from tests.faults.rest import rest

SHOWN_MAX = 50
SEND_AGAIN = "UPDATE {schema}.webhook_endpoints SET cursor_pos = 0 WHERE description = $1"


@dataclass(slots=True, kw_only=True)
class Run:
    """A stack under load and what is known of it."""

    stack: Stack
    callers: Callers
    facts: Facts = field(default_factory=Facts)
    kills: int = 0
    say: Callable[[str], None] = print

    @property
    def url(self) -> str:
        """The superuser's URL; another port may come with a restart."""
        assert self.stack.cluster is not None
        return self.stack.cluster.socket_admin_url

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[Connection]:
        """Yield a superuser's connection to the services' database."""
        connection = await connect(self.url, DATABASE)
        try:
            yield connection
        finally:
            await connection.close()

    async def rest(self, seconds_max: float) -> None:
        """Wait until nothing is left to do."""
        async with self.admin() as admin:
            seconds = await rest(admin, seconds_max)
        self.say(f"at rest after {seconds:.1f} s")

    async def examine(self) -> Report:
        """Compare facts with effects."""
        async with self.admin() as admin:
            return await examine(admin, self.facts)

    def show(self, findings: Sequence[Finding], at_most: int = SHOWN_MAX) -> None:
        """Say what does not fit."""
        for finding in findings[:at_most]:
            self.say(f"  {finding.kind}: {finding.what}")

    async def prepare(self, seconds_max: float) -> None:
        """Make what the load stands on, and wait until every service knows of it."""
        client = Client(self.callers)
        await ground.name_partners(client)
        await self.rest(seconds_max)
        await ground.open_stores(client, self.facts)
        await self.rest(seconds_max)
        await ground.commit_promotion(client)
        await self.rest(seconds_max)
        await client.close()

    async def crash(self, plan: Plan) -> Report:
        """Kill what the plan says while all clients send; then let it come to rest and compare."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(load.send_until(stop, plan, self.callers, self.facts))
            for kill in plan.schedule():
                await self._kill(kill)
            stop.set()
        self.say(f"{self.facts.commands} commands accepted; not at once: {dict(self.callers.outcomes)}")
        await self.rest(plan.quiet_seconds_max)
        await self.send_again("store_ops", "receivables")
        await self.rest(plan.quiet_seconds_max)
        report = await self.examine()
        self.show(report.findings)
        return report

    async def send_again(self, schema: str, consumer: str) -> None:
        """Have a subscriber sent everything a second time, as by a relay that died before it noted its success."""
        async with self.admin() as admin:
            await admin.execute(SEND_AGAIN.format(schema=schema), consumer)

    async def _kill(self, kill: Kill) -> None:
        await asyncio.sleep(kill.pause_seconds)
        self.kills += 1
        self.say(f"kill {self.kills}: {kill}")
        await asyncio.to_thread(self.stack.kill, kill.name, kill.number)
        await asyncio.sleep(kill.down_seconds)
        await asyncio.to_thread(self.stack.restart, kill.name)
        if kill.name == POSTGRES:  # Its socket and port stay; the services reconnect by themselves.
            async with self.admin():
                pass


@contextmanager
def running(say: Callable[[str], None] = print) -> Iterator[Run]:
    """Start a durable stack of its own in a temporary folder."""
    with (
        tempfile.TemporaryDirectory(prefix="gondola-faults-") as folder,
        Stack(Path(folder) / ".run", durable=True, preferred_ports=False) as stack,
    ):
        yield Run(stack=stack, callers=Callers.of(stack), say=say)
