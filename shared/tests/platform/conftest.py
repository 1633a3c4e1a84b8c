"""What the tests of the events' way share: things to publish, a receiver on a real socket, a relay and an inbox."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI
from sample.main import ThingMade

from shared.platform.auth import EVERYTHING
from shared.platform.clock import now
from shared.platform.db import Connection, Database
from shared.platform.ids import new_id
from shared.platform.outbox import emit_many
from shared.platform.outgoing import Outgoing
from shared.platform.relay import Relay, Rules
from shared.platform.sequencer import Sequencer
from shared.platform.settings import ServiceSettings
from shared.platform.signing import new_secret, verify


def thing(thing_id: UUID | None = None, name: str = "a thing") -> ThingMade:
    return ThingMade(id=thing_id or new_id(), name=name, price=Decimal("1.50"))


Behave = Callable[[list[dict[str, Any]]], int | tuple[int, dict[str, str]]]


@dataclass
class Receiver:
    """A webhook receiver; ``behave`` gets the events of a request and says what to answer."""

    secret: str
    port: int = 0
    behave: Behave = lambda _: 204
    echoes: bool = True
    requests: list[tuple[dict[str, str], list[dict[str, Any]]]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    """Events of requests that were answered with success, in order of arrival."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def names(self) -> list[str]:
        return [event["data"]["name"] for event in self.taken]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = {name.lower(): value for name, value in re.findall(r"^([\w-]+): (.*)\r$", head, re.MULTILINE)}
                body = await reader.readexactly(int(headers["content-length"]))
                writer.write(self.answer(headers, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, headers: dict[str, str], body: bytes) -> bytes:
        verify([self.secret], headers, body)
        found = json.loads(body)
        events = found if isinstance(found, list) else [found]
        if events[0]["type"].endswith(".webhook_ping.v1"):
            text = json.dumps(events[0]["data"]) if self.echoes else "{}"
            return f"HTTP/1.1 200 OK\r\ncontent-length: {len(text)}\r\n\r\n{text}".encode()
        self.requests.append((headers, events))
        answer = self.behave(events)
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        if status < 300:
            self.taken += events
        lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        length = "" if status == 204 else "content-length: 0\r\n"
        return f"HTTP/1.1 {status} X\r\n{length}{lines}\r\n".encode()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver(secret=new_secret())
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, limit=4 << 20)
    receiver.port = server.sockets[0].getsockname()[1]
    yield receiver
    server.close()


@dataclass
class Outside:
    """The sending side of one service, driven step by step."""

    database: Database
    settings: ServiceSettings
    relays: list[Relay] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)

    async def publish(self, *events: ThingMade) -> None:
        async with self.database.raw(EVERYTHING) as connection:
            await emit_many(connection, events, at=now())
        await self.stamp()

    async def stamp(self) -> None:
        sequencer = Sequencer(database=self.database, stamped=lambda: None)
        while await sequencer.step() == 0:
            pass

    async def connect(self) -> Connection:
        url = self.settings.database_url.get_secret_value()
        return await asyncpg.connect(url, server_settings={"gondola.scope": "all"})

    def relay(self, **rules: Any) -> Relay:
        outgoing = Outgoing(local=True)
        relay = Relay(service="contracts", connect=self.connect, outgoing=outgoing, rules=Rules(**rules))
        self.relays.append(relay)
        self.outgoing.append(outgoing)
        return relay

    async def run(self, relay: Relay) -> None:
        """Let ``relay`` work until nothing is due."""
        await relay.step()
        await asyncio.gather(*relay._tasks.values(), return_exceptions=True)

    async def subscribe(self, receiver: Receiver, **columns: Any) -> UUID:
        row = {"id": new_id(), "url": receiver.url, "owner": "tester", "batches": True, "secret": receiver.secret,
               "cursor_pos": await self.value("SELECT last_pos FROM feed"), "created_at": now(), "state": "active",
               "ping_due": False} | columns  # fmt: skip
        marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        async with self.database.raw(EVERYTHING) as connection:
            await connection.execute(
                f"INSERT INTO webhook_endpoints ({', '.join(row)}) VALUES ({marks})", *row.values()
            )
        endpoint_id: UUID = row["id"]
        return endpoint_id

    async def value(self, statement: str, *arguments: Any) -> Any:
        async with self.database.raw(EVERYTHING) as connection:
            return await connection.fetchval(statement, *arguments)

    async def rows(self, statement: str, *arguments: Any) -> Sequence[Any]:
        async with self.database.raw(EVERYTHING) as connection:
            return await connection.fetch(statement, *arguments)

    async def endpoint(self, endpoint_id: UUID) -> Any:
        return (await self.rows("SELECT * FROM webhook_endpoints WHERE id = $1", endpoint_id))[0]


@pytest.fixture
async def outside(app: FastAPI, settings: ServiceSettings, clean: None) -> AsyncIterator[Outside]:
    outside = Outside(app.state.database, settings)
    yield outside
    for relay in outside.relays:
        await relay.close()
    for outgoing in outside.outgoing:
        await outgoing.close()


@pytest.fixture(name="thing")
def thing_fixture() -> Callable[..., ThingMade]:
    return thing
