"""A caller that does not give up: what was not answered, or answered by an outage, is sent again as it was."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.dev.stack import Stack
from deploy.dev.table import SERVICES

PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 90.0
TOKEN_SECONDS = 1800.0
OUTAGES = frozenset({500, 502, 503, 504, 429})
IN_FLIGHT = "request_in_flight"

Json = dict[str, Any]


class Refused(AssertionError):
    """A service said no to a command that is in order."""


@dataclass(slots=True, kw_only=True)
class Callers:
    """The services under their URLs and tokens per role, shared by all clients of a run."""

    urls: Mapping[str, str]
    issuer: str
    secret: str
    outcomes: Counter[str] = field(default_factory=Counter)
    """Answers and failures that were not the end of it: by status, or by the name of the error."""
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack) -> "Callers":
        """Return the callers of a running stack."""
        secret = stack.settings()["GONDOLA_CLIENT_SECRET"]
        return cls(urls={name: stack.url(name) for name, _, _ in SERVICES}, issuer=stack.url("issuer"), secret=secret)

    async def token(self, client: httpx.AsyncClient, role: str) -> str:
        """Return a token of ``role`` for all accounts."""
        token, until = self._tokens.get(role, ("", 0.0))
        if until < time.monotonic():
            body = {"grant_type": "client_credentials", "client_id": role, "client_secret": self.secret}
            token = (await client.post(f"{self.issuer}/token", json=body)).raise_for_status().json()["access_token"]
            self._tokens[role] = token, time.monotonic() + TOKEN_SECONDS
        return token


class Client:
    """One caller with one connection at a time."""

    def __init__(self, callers: Callers) -> None:
        self.callers = callers
        self._http = httpx.AsyncClient(trust_env=False, timeout=10)

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def send(
        self,
        role: str,
        method: str,
        service: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send until it is accepted, always the same request.

        Raises:
            Refused: the service answered 4xx.
            TimeoutError: patience ended.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        headers = {"Authorization": f"Bearer {await self.callers.token(self._http, role)}"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"Content-Type": "image/png"} if content is not None else {}
        payload: dict[str, Any] = {"content": content} if content is not None else {"json": body} if body else {}
        url = f"{self.callers.urls[service]}{path}"
        while True:
            try:
                answer = await self._http.request(method, url, headers=headers, **payload)
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.is_success:
                    return answer
                why = str(answer.status_code)
                if answer.status_code not in OUTAGES and IN_FLIGHT not in answer.text:
                    raise Refused(f"{method} {url}: {why} {answer.text[:500]}")
            self.callers.outcomes[why] += 1
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {url}: still {why} after {PATIENCE_SECONDS:.0f} s")
            await asyncio.sleep(PAUSE_SECONDS)
