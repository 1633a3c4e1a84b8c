"""The one middleware, pure ASGI: trace, one log line a request, metrics, and a problem document for a defect."""

import logging
import sys
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.platform import trace
from shared.platform.clock import now
from shared.platform.problems import problem

log = logging.getLogger(__name__)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Observe:
    """Gives each request a trace, counts it, logs it once, and answers 500 for what nobody caught."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.requests = Counter(
            "gondola_requests", "Requests by operation and status", ("operation", "status"), registry=registry
        )
        self.seconds = Histogram(
            "gondola_request_seconds", "Time to the answer", ("operation",), buckets=SECONDS, registry=registry
        )
        self._metrics: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 0
        traceparent = trace.continue_or_start(_header(scope, b"traceparent"))
        token = trace.current.set(traceparent)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"traceparent", traceparent.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            log.exception("defect in %s %s", scope["method"], _path(scope))
            if not status:
                await problem(Request(scope), 500, "internal_error", "This is our fault. Quote trace_id.")(
                    scope, receive, answer
                )
        finally:
            self._count(scope, status or 500, perf_counter() - started)
            trace.current.reset(token)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count the request and log it, past ``logging``: that would cost as much as authenticating it."""
        if scope["path"] in QUIET:
            return
        operation = getattr(scope.get("route"), "operation_id", None) or "other"
        found = self._metrics.get((operation, status))
        if found is None:
            found = self.requests.labels(operation, status), self.seconds.labels(operation)
            self._metrics[operation, status] = found
        found[0].inc()
        found[1].observe(seconds)
        at = now().isoformat(timespec="milliseconds")[:23]
        took = f"{status} {seconds * 1000:.1f} ms"
        sys.stderr.write(f"{at}Z {scope['method']} {_path(scope)} {took} {operation} trace={trace.trace_id()}\n")


def _path(scope: Scope) -> str:
    """Return the path as it was sent, still percent-encoded: a decoded line feed would forge a line of the log."""
    return str(scope.get("raw_path", b"").decode("latin-1")) or scope["path"].encode("unicode_escape").decode()


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)
