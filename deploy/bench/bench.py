"""What all figures use: the running stack, a database connection that may do all, tokens, and sides to measure."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic, perf_counter
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import httpx

from deploy.bench.figure import Sample, Side
from deploy.bench.load import HOST, Outcome, Plan, drive
from deploy.bench.machine import cpu_seconds, family_cpu_seconds
from deploy.dev.children import Children
from deploy.dev.database import url_for
from deploy.dev.postgres import free_port
from deploy.dev.stack import DATABASE, Stack

Connection: TypeAlias = Any  # asyncpg's classes are generic over a record type that is of no use here.
READY_SECONDS_MAX = 20.0
WAIT_SECONDS_MAX = 120.0
NUMBERS_A_ROUND = 1 << 18


class BenchError(RuntimeError):
    """A figure could not be measured; the message says why."""


def id_of(kind: int, number: int | str) -> str:
    """Return the identifier of the bench's row ``number`` (or a template's placeholder) of ``kind``."""
    head = number if isinstance(number, str) else f"{number:08x}"
    return f"{head}-0000-7000-8000-{kind:012x}"


SQL_ID = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE OR REPLACE FUNCTION bench.id_of(kind integer, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(number), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(kind), 12, '0'))::uuid
$$
"""


@dataclass(kw_only=True)
class Bench:
    """The place where figures are measured."""

    stack: Stack
    admin: Connection
    children: Children
    rounds: int
    seconds: float
    connections: int
    _ports: dict[str, int] = field(default_factory=dict)
    _numbers: int = 0
    _seeded: set[str] = field(default_factory=set)

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the services' database, over the unix socket."""
        assert self.stack.cluster is not None
        cluster = self.stack.cluster
        return url_for(cluster.socket_admin_url, role="gondola_admin", password=cluster.password, database=DATABASE)

    def take_numbers(self, count: int) -> int:
        """Return the first of ``count`` numbers that no request has used yet."""
        first = self._numbers
        self._numbers += count
        return first

    async def once(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do ``work`` if it has not been done under this name."""
        if name not in self._seeded:
            self._seeded.add(name)
            await work()

    async def start(self, name: str, module: str, *arguments: str) -> int:
        """Start a helper process of the bench that listens, if it does not run yet; return its port."""
        if name not in self._ports:
            self._ports[name] = port = free_port()
            environment = os.environ | {"BENCH_DATABASE_URL": self.admin_url, "PYTHONUNBUFFERED": "1"}
            argv = [sys.executable, "-m", module, "--port", str(port), *arguments]
            self.children.start(name, argv, environment, fresh_log=True)
            await _listening(port)
        return self._ports[name]

    def port(self, service: str) -> int:
        """Return the port of a service."""
        return int(self.stack.url(service).rpartition(":")[2])

    async def token(self, role: str, accounts: Sequence[UUID | str] | None = None) -> str:
        """Return a bearer token of the local issuer."""
        body: dict[str, Any] = {
            "grant_type": "client_credentials",
            "client_id": role,
            "client_secret": self.stack.settings()["GONDOLA_CLIENT_SECRET"],
            "accounts": "all" if accounts is None else [str(account) for account in accounts],
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{self.stack.url('issuer')}/token", json=body)
        if not answer.is_success:
            raise BenchError(f"no token: {answer.text}")
        return str(answer.json()["access_token"])

    def pid_of(self, name: str) -> int:
        """Return the process number of a service, a worker, or a helper of the bench."""
        return self.children.pid(name) if name in self._ports else self.stack.pid(name)

    def http_side(
        self, name: str, templates: Sequence[str], *, statuses: Sequence[str], weight: int = 1,
        connections: int | None = None,
    ) -> Side:  # fmt: skip
        """Return a side that sends ``templates`` to a process for a round; ``weight``: operations in a request."""
        port = self._ports.get(name) or self.port(name)

        async def run() -> Sample:
            plan = Plan(
                port=port, templates=templates, connections=connections or self.connections, seconds=self.seconds,
                first=self.take_numbers(NUMBERS_A_ROUND), requests_max=NUMBERS_A_ROUND,
            )  # fmt: skip
            return await self.measured(name, plan, statuses=statuses, weight=weight)

        return run

    async def measured(self, name: str, plan: Plan, *, statuses: Sequence[str], weight: int = 1) -> Sample:
        """Run one plan against a process, and add what it cost."""
        outcome, server, postgres = await self.costs(name, drive(plan))
        unexpected = sum(count for status, count in outcome.statuses.items() if status not in statuses)
        if unexpected or not outcome.requests:
            raise BenchError(f"{name}: {outcome.statuses}, expected {list(statuses)}; last: {outcome.sample[:1000]}")
        operations = outcome.requests * weight
        return Sample(
            value=operations / outcome.seconds,
            server_us=server / operations * 1e6,
            postgres_us=postgres / operations * 1e6,
            p50_ms=outcome.p50_ms,
            p99_ms=outcome.p99_ms,
        )

    async def costs(self, name: str, work: Awaitable[Outcome]) -> tuple[Outcome, float, float]:
        """Do ``work``; return its outcome and the processor seconds of a process and of PostgreSQL meanwhile."""
        server, postgres = self.pid_of(name), self.stack.pid("postgres")
        before = cpu_seconds(server), family_cpu_seconds(postgres)
        outcome = await work
        return outcome, cpu_seconds(server) - before[0], family_cpu_seconds(postgres) - before[1]

    def stop_workers(self, names: Sequence[str]) -> None:
        """End workers until they are needed again."""
        for name in names:
            self.stack.kill(name, signal.SIGTERM)

    async def until(self, statement: str, *arguments: object, pause_seconds: float = 0.02) -> float:
        """Wait until a query says true; return the seconds that it took."""
        started = perf_counter()
        while not await self.admin.fetchval(statement, *arguments):
            if perf_counter() - started > WAIT_SECONDS_MAX:
                raise BenchError(f"this did not come true in time: {statement}")
            await asyncio.sleep(pause_seconds)
        return perf_counter() - started


async def _listening(port: int) -> None:
    deadline = monotonic() + READY_SECONDS_MAX
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            if monotonic() > deadline:
                raise BenchError(f"nothing listens on port {port}") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def connect(url: str) -> Connection:
    """Open the connection that prepares and looks."""
    connection = await asyncpg.connect(url, command_timeout=300)
    await connection.execute(SQL_ID)
    return connection
