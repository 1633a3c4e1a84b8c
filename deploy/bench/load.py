"""The load generator: a process of its own with raw sockets, so that the server is what is measured.

It reads a plan as JSON from standard input, keeps a fixed number of connections busy with one request each, and prints
what came back. It ends by itself and talks to loopback only.
"""

import asyncio
import itertools
import json
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import uvloop

HOST = "127.0.0.1"
NUMBER = "@NUMBER@"
"""In a template: eight hex digits, another value in each request of a run."""
SECONDS_MAX = 60.0
GRACE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be sent."""

    port: int
    templates: Sequence[str]
    """Whole requests in latin-1; request n is made from template n modulo their number."""
    connections: int
    seconds: float
    first: int = 0
    """Number of the first request."""
    requests_max: int = 1 << 31


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came back."""

    requests: int
    seconds: float
    statuses: dict[str, int]
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    """Processor time of the generator itself."""
    sample: str
    """The last answer, cut short; helps where a status is not the expected one."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def request_of(
    method: str, path: str, *, headers: dict[str, str] | None = None, body: str | None = None, number_digits: int = 8
) -> str:
    """Return a template: a whole HTTP/1.1 request, its length reckoned with ``NUMBER`` replaced."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        length = len(body.encode()) + body.count(NUMBER) * (number_digits - len(NUMBER))
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]) + (body or "").encode().decode("latin-1")


class Client(asyncio.Protocol):
    """One connection with one request under way."""

    def __init__(self, following: Callable[[], bytes | None], note: Callable[[bytes, float, bytes], None]) -> None:
        self._following, self._note = following, note
        self._buffer, self._wanted, self._sent_at = b"", -1, 0.0
        self._transport: Any = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """End; a connection that the server closed shows as missing requests."""
        if not self.ended.done():
            self.ended.set_result(None)

    def _send(self) -> None:
        request = self._following()
        if request is None:
            self._transport.close()
            return
        self._sent_at = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of one."""
        self._buffer = buffer = self._buffer + data if self._buffer else data
        if self._wanted < 0:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = buffer[: end + 2].lower()
            place = head.find(b"\r\ncontent-length:")
            length = int(head[place + 17 : head.find(b"\r\n", place + 2)]) if place >= 0 else 0
            self._wanted = end + 4 + length
        if len(buffer) >= self._wanted:
            self._buffer, self._wanted = b"", -1
            self._note(buffer[9:12], perf_counter() - self._sent_at, buffer)
            self._send()


async def _run(plan: Plan) -> Outcome:
    templates = [template.encode("latin-1") for template in plan.templates]
    token = NUMBER.encode()
    numbers = itertools.count(plan.first)
    statuses: Counter[bytes] = Counter()
    durations: list[float] = []
    sample = b""
    started = perf_counter()
    deadline = started + min(plan.seconds, SECONDS_MAX)
    last = plan.first + plan.requests_max

    def following() -> bytes | None:
        number = next(numbers)
        if number >= last or perf_counter() >= deadline:
            return None
        return templates[number % len(templates)].replace(token, b"%08x" % number)

    def note(status: bytes, seconds: float, answer: bytes) -> None:
        nonlocal sample
        statuses[status] += 1
        durations.append(seconds)
        sample = answer

    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(following, note), HOST, plan.port))[1]
        for _ in range(plan.connections)
    ]
    async with asyncio.timeout(plan.seconds + GRACE_SECONDS):
        await asyncio.gather(*(client.ended for client in clients))
    seconds = perf_counter() - started
    durations.sort()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Outcome(
        requests=len(durations),
        seconds=seconds,
        statuses={status.decode(): count for status, count in statuses.items()},
        p50_ms=_quantile(durations, 0.5) * 1000,
        p99_ms=_quantile(durations, 0.99) * 1000,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        sample=sample[:2000].decode("latin-1"),
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


async def drive(plan: Plan) -> Outcome:
    """Run the plan in a process of its own.

    Raises:
        RuntimeError: the generator failed; the message ends with what it said.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.bench.load", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate(json.dumps(asdict(plan)).encode())
    if process.returncode:
        raise RuntimeError(f"the load generator failed:\n{err.decode(errors='replace')[-2000:]}")
    return Outcome(**json.loads(out))


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_run(Plan(**json.load(sys.stdin)))))))
