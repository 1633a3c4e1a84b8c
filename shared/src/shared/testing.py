"""A pytest plugin for the services: a real database, a client that calls as any role, and what was emitted.

A service's ``conftest.py`` gives the fixture ``service``; the repository's root gives ``database_urls``.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from pydantic import SecretStr

from shared.platform import clock as platform_clock
from shared.platform import local_issuer
from shared.platform.auth import EVERYTHING, Role
from shared.platform.db import Connection
from shared.platform.ids import new_id
from shared.platform.inbox import BATCH, Applier, parse, store
from shared.platform.json import decode, encode
from shared.platform.local_issuer import Signer
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings

ISSUER = "https://issuer.test"
KEPT_TABLES = ("alembic_version", "feed")


class ServiceUrls(Protocol):
    """Where a service finds its data: as the restricted role, and as the owner."""

    app: str
    owner: str


class Emitted(NamedTuple):
    """An event in the outbox."""

    type: str
    subject: str
    version: int
    data: dict[str, Any]


class Api(httpx.AsyncClient):
    """A client of the service's API; ``as_`` gives the same client with another caller's token."""

    signer: Signer
    app: FastAPI

    def as_(
        self, *roles: Role, accounts: Sequence[UUID] | None = None, regions: Sequence[str] = (), subject: str = "tester"
    ) -> "Api":
        """Return a client that calls as ``subject`` with ``roles`` on these accounts and regions (neither: all)."""
        scope: Any = "all" if accounts is None and not regions else [str(account) for account in accounts or ()]
        token = self.signer.token(subject, [str(role) for role in roles], accounts=scope, regions=regions)
        return client_of(self.app, self.signer, {"Authorization": f"Bearer {token}"})


def client_of(app: FastAPI, signer: Signer, headers: dict[str, str]) -> Api:
    """Return a client that calls ``app`` in this process."""
    api = Api(transport=httpx.ASGITransport(app=app), base_url="http://service.test", headers=headers)
    api.signer, api.app = signer, app
    return api


@dataclass(slots=True)
class Clock:
    """The clock of a test: it stands until it is set."""

    instant: datetime

    def set(self, instant: datetime) -> None:
        """Let it be ``instant``."""
        self.instant = instant

    def advance(self, **parts: float) -> None:
        """Let time pass; takes what ``timedelta`` takes."""
        self.instant += timedelta(**parts)


@pytest.fixture(scope="session")
def signer() -> Signer:
    """Signs tokens that the service under test accepts."""
    return Signer(issuer=ISSUER, audience="gondola", key=Ed25519PrivateKey.generate())


class Running:
    """The applications that have been started in this test process, each on its own freshly migrated schema.

    They outlive a test, and services differ from folder to folder; a session fixture that asks for an overridden one
    would keep the first it saw, so they are kept here.
    """

    def __init__(self, signer: Signer, folder: Path) -> None:
        self.signer, self.folder = signer, folder
        self.stack = AsyncExitStack()
        self.apps: dict[int, FastAPI] = {}

    async def app(self, service: Service, urls: ServiceUrls) -> FastAPI:
        """Return the application of ``service``, started at the first call."""
        if id(service) not in self.apps:
            settings = service.settings(
                environment="test",
                database_url=SecretStr(urls.app),
                owner_database_url=SecretStr(urls.owner),
                issuer=ISSUER,
                public_url="http://service.test",
                data_dir=self.folder / f"{service.name}-{id(service)}",
            )
            await asyncio.to_thread(service.migrations(settings).up)  # In a thread: Alembic runs a loop of its own.
            app = service.create_app(settings)
            await self.stack.enter_async_context(service.running(app, settings))
            issuer = httpx.ASGITransport(app=local_issuer.create_app(self.signer, "unused"))
            app.state.authenticator.client = await self.stack.enter_async_context(httpx.AsyncClient(transport=issuer))
            self.apps[id(service)] = app
        return self.apps[id(service)]


@pytest.fixture(scope="session")
async def running(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The applications of this test process."""
    running = Running(signer, tmp_path_factory.mktemp("data"))
    yield running
    await running.stack.aclose()


@pytest.fixture
async def app(service: Service, database_urls: Mapping[str, ServiceUrls], running: Running) -> FastAPI:
    """The service's application on a freshly migrated database."""
    return await running.app(service, database_urls[service.package])


@pytest.fixture
def settings(app: FastAPI) -> ServiceSettings:
    """Settings of the service under test, on the test's own database."""
    return cast("ServiceSettings", app.state.settings)


@pytest.fixture
async def clean(app: FastAPI, settings: ServiceSettings) -> None:
    """Empty every table of the service."""
    owner: Connection = await asyncpg.connect(settings.owner_database_url.get_secret_value())
    try:
        tables = await owner.fetchval(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables"
            " WHERE schemaname = current_schema() AND tablename <> ALL($1)",
            KEPT_TABLES,
        )
        await owner.execute(f"TRUNCATE {tables} CASCADE")
    finally:
        await owner.close()


@pytest.fixture
async def api(app: FastAPI, signer: Signer, clean: None) -> AsyncIterator[Api]:
    """A client without a token; ``api.as_(Role.KA_MANAGER)`` has one."""
    async with client_of(app, signer, {}) as api:
        yield api


@pytest.fixture
async def database(app: FastAPI, clean: None) -> AsyncIterator[Connection]:
    """A connection as the service's own role that sees all accounts; what it changes is committed at once."""
    async with app.state.database.pool.acquire() as connection:
        await connection.execute("SET gondola.scope = 'all'")
        yield connection
        await connection.execute("RESET gondola.scope")


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The platform's clock, standing at the present until it is set."""
    clock = Clock(platform_clock.now())
    before = platform_clock.replace_clock(lambda: clock.instant)
    yield clock
    platform_clock.replace_clock(before)


@pytest.fixture
def emitted(app: FastAPI) -> Any:
    """A function that returns what is in the outbox, in order; give it a type's ending to see only that."""

    async def read(ending: str = "") -> list[Emitted]:
        async with app.state.database.raw(EVERYTHING) as connection:
            rows = await connection.fetch("SELECT type, subject, subject_version, envelope FROM outbox ORDER BY seq")
        found = [
            Emitted(row["type"], row["subject"], row["subject_version"], decode(row["envelope"].encode())["data"])
            for row in rows
        ]
        return [event for event in found if event.type.removesuffix(".v1").endswith(ending)]

    return read


@pytest.fixture
def deliver(app: FastAPI, service: Service) -> Any:
    """A function that delivers one event of another service and applies it as the worker would.

    It raises if the event was parked; ``apply=False`` only stores it.
    """
    versions: dict[str, int] = {}

    async def send(kind: str, data: dict[str, Any], *, version: int | None = None, apply: bool = True) -> None:
        subject = f"{service.inbound.noun_of[kind]}/{data['id']}"
        versions[subject] = version or versions.get(subject, 0) + 1
        envelope = {
            "specversion": "1.0", "id": new_id(), "source": f"/{kind.split('.')[1].replace('_', '-')}", "type": kind,
            "subject": subject, "subjectversion": versions[subject], "time": platform_clock.now(), "data": data,
        }  # fmt: skip
        async with app.state.database.raw(EVERYTHING) as connection:
            await store(connection, parse(encode([envelope]), BATCH), at=platform_clock.now())
        while apply and await Applier(database=app.state.database, handlers=service.inbound).step() == 0:
            pass
        async with app.state.database.raw(EVERYTHING) as connection:
            error = await connection.fetchval("SELECT error FROM inbox WHERE event_id = $1", envelope["id"])
        assert not apply or error is None, error

    return send
