"""Callers of a running Gondola: people with a role and a scope, and waiting for what comes by itself."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpx

from deploy.dev.stack import Stack
from deploy.dev.table import SERVICES

NAMES = tuple(name for name, _, _ in SERVICES)
OUTBOX = ("outbox_unstamped", "relay_lag", "deliveries_parked")
INBOX = ("inbox_pending", "inbox_waiting", "inbox_retrying")
WAITING = re.compile(r'^gondola_events\{place="(?P<place>\w+)"\} (?P<count>\S+)$', re.MULTILINE)
QUIET_LOOKS = 2
POLL_SECONDS = 0.1
SECONDS_MAX = 90.0
"""A killed worker's job is taken over after a minute."""

Json = dict[str, Any]
Found = TypeVar("Found")


class Person:
    """A caller with roles and a scope; the scope is `all` or a list of accounts."""

    def __init__(self, world: "World", token: str) -> None:
        self._world = world
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(
        self, method: str, service: str, path: str, body: object = None, *, key: str = "", **more: Any
    ) -> httpx.Response:
        """Send a request and return whatever is answered."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        options = {"json": body} if body is not None else more
        return self._world.http.request(method, self._world.url(service) + path, headers=headers, **options)

    def upload(self, service: str, path: str, content: bytes, media_type: str) -> httpx.Response:
        """Send a file."""
        headers = self._headers | {"Content-Type": media_type}
        return self._world.http.put(self._world.url(service) + path, headers=headers, content=content)

    def put(self, service: str, path: str, body: object) -> Json:
        """Put what must be accepted."""
        return _good(self.call("PUT", service, path, body))

    def post(self, service: str, path: str, body: object = None, *, key: str = "") -> Json:
        """Send a command that must be accepted."""
        return _good(self.call("POST", service, path, body, key=key))

    def get(self, service: str, path: str, **query: object) -> Json:
        """Read what must be there."""
        params = {name: str(value) for name, value in query.items()}
        return _good(self.call("GET", service, path, params=params))

    def items(self, service: str, path: str, **query: object) -> list[Json]:
        """Read a list that fits one page."""
        page = self.get(service, path, limit=500, **query)
        assert page["next"] is None
        items: list[Json] = page["items"]
        return items

    def problem(self, method: str, service: str, path: str, body: object = None, *, key: str = "") -> tuple[int, str]:
        """Send what must be refused; return status and code."""
        answer = self.call(method, service, path, body, key=key)
        assert answer.is_client_error, answer.text
        return answer.status_code, answer.json()["code"]


class World:
    """The services of a stack, its people, and its processes."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.Client(trust_env=False, timeout=30)
        self._people: dict[tuple[str, tuple[str, ...]], Person] = {}

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def url(self, service: str) -> str:
        """Return the base URL of a service."""
        return self.stack.url(service)

    def person(self, role: str, *accounts: str) -> Person:
        """Return a caller with ``role`` for these accounts; without any for all."""
        if (role, accounts) not in self._people:
            body = {
                "grant_type": "client_credentials",
                "client_id": f"{role} {' '.join(accounts)}".strip()[:100],
                "roles": [role],
                "client_secret": self.stack.settings()["GONDOLA_CLIENT_SECRET"],
                "accounts": accounts or "all",
            }
            token = _good(self.http.post(f"{self.stack.url('issuer')}/token", json=body))["access_token"]
            self._people[role, accounts] = Person(self, token)
        return self._people[role, accounts]

    def down(self, services: Iterable[str]) -> None:
        """Kill the APIs and the workers of ``services``."""
        for service in services:
            self.stack.kill(f"{service}-worker")
            self.stack.kill(service)

    def up(self, services: Iterable[str]) -> None:
        """Start them again."""
        for service in services:
            self.stack.restart(service)
            self.stack.restart(f"{service}-worker")

    def nudge(self) -> None:
        """Have the relays try failing subscribers again now, as an administrator may, instead of after a pause."""
        admin = self.person("admin")
        for service in NAMES:
            for endpoint in admin.items(service, "/v1/webhook-endpoints"):
                if endpoint["failures"]:
                    admin.post(service, f"/v1/webhook-endpoints/{endpoint['id']}:test")

    def delivered(self, producer: str, consumer: str) -> None:
        """Wait until ``consumer`` has applied all that ``producer`` has announced by now, whoever else is down."""
        auditor = self.person("auditor")
        eventually(lambda: not self.backlog(producer)["outbox_unstamped"], f"{producer} to stamp its events")
        endpoints = auditor.items(producer, "/v1/webhook-endpoints")
        announced = max(int(each["cursor"]) + each["lag"] for each in endpoints)
        (endpoint,) = (each["id"] for each in endpoints if each["description"] == consumer)
        path = f"/v1/webhook-endpoints/{endpoint}"
        sent = f"{producer} to send what it announced to {consumer}"
        eventually(lambda: int(auditor.get(producer, path)["cursor"]) >= announced, sent)
        applied = f"{consumer} to apply what it got"
        eventually(lambda: not any(self.backlog(consumer)[place] for place in INBOX), applied)

    def quiet(self) -> None:
        """Wait until every event has been sent and applied, and what that caused as well."""
        in_a_row = 0

        def look() -> bool:
            nonlocal in_a_row
            is_quiet = not any(self.backlog(service)[place] for service in NAMES for place in (*OUTBOX, *INBOX))
            in_a_row = in_a_row + 1 if is_quiet else 0
            return in_a_row == QUIET_LOOKS

        eventually(look, "every event to be sent and applied")

    def backlog(self, service: str) -> dict[str, float]:
        """Return how many events wait at a service, by place, as its metrics show it."""
        found = {match["place"]: float(match["count"]) for match in WAITING.finditer(self._metrics(service))}
        assert not found["inbox_dead"], f"{service} could not apply an event"
        return found

    def _metrics(self, service: str) -> str:
        return self.http.get(f"{self.url(service)}/metrics").raise_for_status().text


def eventually(look: Callable[[], Found], what: str, *, pause_seconds: float = POLL_SECONDS) -> Found:
    """Return what ``look`` finds, as soon as it finds something.

    Raises:
        AssertionError: time is up.
    """
    deadline = time.monotonic() + SECONDS_MAX
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {SECONDS_MAX:.0f} s for {what}"
        time.sleep(pause_seconds)
    return found


def _good(answer: httpx.Response) -> Json:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    document: Json = answer.json()
    return document
