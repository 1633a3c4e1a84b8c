"""The one middleware, pure ASGI: trace, one log line a request, metrics, and a problem document for a defect."""

import logging
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.platform import trace
from shared.platform.problems import problem

log = logging.getLogger("gondola.requests")
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
            log.exception("defect in %s %s", scope["method"], scope["path"])
            if not status:
                await problem(Request(scope), 500, "internal_error", "This is our fault. Quote trace_id.")(
                    scope, receive, answer
                )
        finally:
            self._count(scope, status or 500, perf_counter() - started)
            trace.current.reset(token)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        if scope["path"] in QUIET:
            return
        operation = getattr(scope.get("route"), "operation_id", None) or "other"
        self.requests.labels(operation, status).inc()
        self.seconds.labels(operation).observe(seconds)
        log.info("%s %s %d %.1f ms trace=%s", scope["method"], scope["path"], status, seconds * 1000, trace.trace_id())


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)
