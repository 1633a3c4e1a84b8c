"""The public APIs as the demo's people use them: a token per role, some requests at once, patience with outages."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

import httpx

LANES: Final = 12
"""Connections per service; each is a client of its own, for httpx searches its whole pool at every request."""
AT_ONCE: Final = 8
"""Requests of one step at once: fewer than lanes, so that a question in between never waits behind a step."""
PATIENCE_SECONDS: Final = 90.0
PAUSE_SECONDS: Final = 0.1
TELL_SECONDS: Final = 3.0
PAGE: Final = 500
RETRIED: Final = frozenset({429, 502, 503, 504})

Json = dict[str, Any]
Item = TypeVar("Item")


class Refused(Exception):
    """A service answered with an error; the message is its problem document."""

    def __init__(self, method: str, url: str, answer: httpx.Response) -> None:
        super().__init__(f"{method} {url}: {answer.status_code} {answer.text[:2000]}")
        self.status = answer.status_code
        self.body = answer.text


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


@dataclass(slots=True)
class Counts:
    """What was sent in the whole run."""

    requests: int = 0
    retries: int = 0


@dataclass(slots=True)
class Lanes:
    """The open connections to one service."""

    url: str
    free: asyncio.Queue[httpx.AsyncClient] = field(default_factory=asyncio.Queue)
    all: list[httpx.AsyncClient] = field(default_factory=list)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a connection."""
        client = await self.free.get()
        try:
            yield client
        finally:
            self.free.put_nowait(client)


class World:
    """All services under their URLs, and who may ask them."""

    def __init__(self, urls: Mapping[str, str], issuer: str, secret: str) -> None:
        self.counts = Counts()
        self._issuer = issuer
        self._secret = secret
        self._tls = ssl.create_default_context()  # Made once: httpx would make one for each client.
        self._tokens: dict[str, str] = {}
        self._lanes = {name: Lanes(url) for name, url in urls.items()}

    async def __aenter__(self) -> Self:
        """Open the connections."""
        for lanes in self._lanes.values():
            for _ in range(LANES):
                client = httpx.AsyncClient(
                    base_url=lanes.url,
                    timeout=60,
                    trust_env=False,
                    verify=self._tls,
                    limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
                )
                lanes.all.append(client)
                lanes.free.put_nowait(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        for lanes in self._lanes.values():
            for client in lanes.all:
                await client.aclose()

    def person(self, role: str, service: str) -> "Person":
        """Return ``role`` as a caller of ``service``."""
        return Person(self, role, service)

    async def token(self, role: str) -> str:
        """Return the role's bearer token, asked for once."""
        if role not in self._tokens:
            body = {"grant_type": "client_credentials", "client_id": role, "client_secret": self._secret}
            async with httpx.AsyncClient(trust_env=False, verify=self._tls, timeout=10) as client:
                answer = await client.post(f"{self._issuer}/token", json=body)
            if answer.status_code != httpx.codes.OK:
                raise Refused("POST", "/token", answer)
            self._tokens[role] = answer.json()["access_token"]
        return self._tokens[role]

    async def send(self, service: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request and return its answer; a service that is down or busy is asked again until patience ends."""
        lanes = self._lanes[service]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            pause = PAUSE_SECONDS
            try:
                async with lanes.one() as client:
                    self.counts.requests += 1
                    answer = await client.request(method, path, **options)
                if answer.status_code not in RETRIED:
                    return answer
                pause = min(float(answer.headers.get("retry-after", PAUSE_SECONDS)), 5.0)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {service}{path}: not answered in {PATIENCE_SECONDS:.0f} s")
            self.counts.retries += 1
            await asyncio.sleep(pause)


@dataclass(frozen=True, slots=True)
class Person:
    """A role at one service."""

    world: World
    role: str
    service: str

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self.world.token(self.role)}", **options.pop("headers", {})}
        answer = await self.world.send(self.service, method, path, headers=headers, **options)
        if answer.is_error:
            raise Refused(method, f"{self.service}{path}", answer)
        return answer

    async def get(self, path: str, **query: object) -> Json:
        """Return a resource."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        result: Json = (await self._send("GET", path, params=params)).json()
        return result

    async def everything(self, path: str, **query: object) -> list[Json]:
        """Return all items of a list, page by page."""
        found: list[Json] = []
        after: str | None = None
        while True:
            page = await self.get(path, limit=PAGE, after=after, **query)
            found += page["items"]
            after = page["next"]
            if after is None:
                return found

    async def get_bytes(self, path: str) -> bytes:
        """Return a file."""
        return (await self._send("GET", path)).content

    async def put(self, path: str, body: object) -> httpx.Response:
        """Create a resource under our own id, or say the same again."""
        return await self._send("PUT", path, content=json.dumps(body, default=str), headers=JSON_HEADERS)

    async def put_bytes(self, path: str, content: bytes, media_type: str) -> httpx.Response:
        """Send bytes."""
        return await self._send("PUT", path, content=content, headers={"Content-Type": media_type})

    async def post(self, path: str, body: object = None, *, key: object = None) -> Json:
        """Send a command; the same ``key`` again gets the same answer."""
        headers = dict(JSON_HEADERS)
        if key is not None:
            headers["Idempotency-Key"] = str(key)
        content = json.dumps({} if body is None else body, default=str)
        answer = await self._send("POST", path, content=content, headers=headers)
        result: Json = answer.json() if answer.content else {}
        return result

    async def upload(self, path: str, content: bytes, media_type: str, **query: object) -> Json:
        """Send a file as a stream."""
        params = {name: str(value) for name, value in query.items()}
        answer = await self._send("POST", path, content=content, params=params, headers={"Content-Type": media_type})
        result: Json = answer.json()
        return result


JSON_HEADERS: Final = {"Content-Type": "application/json"}


async def for_all(
    name: str, items: Iterable[Item], work: Callable[[Item], Awaitable[object]], *, at_once: int = AT_ONCE
) -> None:
    """Do ``work`` for all items, some at once, and show how far it is; the first failure ends it."""
    queue = list(items)
    total, position, started, told = len(queue), 0, time.monotonic(), time.monotonic()

    async def worker() -> None:
        nonlocal position, told
        while position < total:
            item = queue[position]
            position += 1
            await work(item)
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                say(f"    {name}: {position:,} of {total:,}")

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, total)):
            group.create_task(worker())
    seconds = time.monotonic() - started
    say(f"  {name}: {total:,} in {seconds:.1f} s")
