"""A service is this one declaration: from it come the API, the worker, the migrations and the published schemas."""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import MetaData
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from shared.kernel.errors import DomainError
from shared.kernel.events import Event
from shared.platform import problems
from shared.platform.auth import EVERYTHING, Authenticator, Unauthenticated
from shared.platform.backlog import backlog
from shared.platform.catalogue import Catalogue
from shared.platform.db import OUTAGE, Database
from shared.platform.events_api import routers as event_routers
from shared.platform.http import JsonResponse
from shared.platform.inbox import Handlers
from shared.platform.jobs import Job, JobContext
from shared.platform.json import Unreadable
from shared.platform.limits import RateLimiter
from shared.platform.middleware import Observe
from shared.platform.outbox import announce
from shared.platform.revisions import head_revision
from shared.platform.settings import ServiceSettings
from shared.platform.worker import Worker

if TYPE_CHECKING:
    from shared.platform.migrate import Migrations

__all__ = ["Job", "JobContext", "Service"]

log = logging.getLogger(__name__)
START_ATTEMPTS = 20
START_PAUSE_SECONDS = 0.5
READY_TIMEOUT_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class Service:
    """What makes a service: its resources, the events it publishes and consumes, and its jobs."""

    name: str
    """Kebab-case: in URLs, as event source and as the package's name with underscores."""
    title: str
    description: str
    version: str = "1.0.0"
    settings: type[ServiceSettings]
    metadata: MetaData
    routers: Sequence[APIRouter] = ()
    examples: Sequence[Event] = ()
    """One example of each event that the service publishes; its class is published with it."""
    inbound: Handlers = field(default_factory=Handlers)
    jobs: Sequence[Job] = ()
    constraints: Mapping[str, DomainError] = field(default_factory=dict)
    """Which domain error a violated constraint of the database means, by the constraint's name."""
    folder: Path
    """The package's folder: ``Path(__file__).parent`` of the module that declares the service."""

    @property
    def package(self) -> str:
        """The Python package and database schema."""
        return self.name.replace("-", "_")

    @property
    def catalogue(self) -> Catalogue:
        """The events that the service publishes."""
        return Catalogue(service=self.package, examples=self.examples, folder=self.folder / "events" / "published")

    @property
    def migrations_folder(self) -> Path:
        """The folder of Alembic's scripts, beside ``src``."""
        return self.folder.parents[1] / "migrations"

    def migrations(self, settings: ServiceSettings) -> "Migrations":
        """The service's migrations, on the owner's URL."""
        from shared.platform.migrate import Migrations  # noqa: PLC0415 - Alembic costs every process half a second

        return Migrations(self.migrations_folder, self.metadata, settings.owner_database_url.get_secret_value())

    def create_app(self, settings: ServiceSettings | None = None) -> FastAPI:
        """Return the ASGI application; with ``worker=inline`` it also does the worker's work."""
        chosen = settings or self.settings()
        announce(self.package, chosen.public_url)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with self.running(app, chosen):
                if chosen.worker == "separate":
                    yield
                    return
                stop = asyncio.Event()
                task = asyncio.create_task(self.worker(app, chosen).run(stop))
                yield
                stop.set()
                await task

        app = FastAPIOffline(
            title=f"Gondola {self.title}",
            description=self.description,
            version=self.version,
            lifespan=lifespan,
            default_response_class=JsonResponse,
            swagger_ui_parameters={"persistAuthorization": True},
            telemetry={"tracing": False, "metrics": False, "logs": False},  # Ours is `Observe`.
        )
        app.state.service, app.state.settings = self, chosen
        self._wire(app)
        return app

    @asynccontextmanager
    async def running(self, app: FastAPI, settings: ServiceSettings) -> AsyncIterator[None]:
        """Hold the database and the HTTP client open, on ``app.state``."""
        database = await _connect(settings, self.name)
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
            app.state.database = database
            app.state.migration_head = head_revision(self.migrations_folder)
            app.state.rate_limiter = RateLimiter(settings.requests_per_minute)
            app.state.authenticator = Authenticator(
                issuer=settings.issuer, audience=settings.audience, keys_url=settings.keys_url, client=client
            )
            yield
        await database.close()

    def worker(self, app: FastAPI, settings: ServiceSettings) -> Worker:
        """Return the worker on the open database of ``app``."""
        return Worker(
            service=self.name, database=app.state.database, settings=settings, handlers=self.inbound, jobs=self.jobs
        )

    def _wire(self, app: FastAPI) -> None:
        registry = CollectorRegistry()
        app.add_middleware(Observe, registry=registry)
        for router in (*self.routers, *event_routers):  # Not included: that would look every request's route up twice.
            app.router.routes.extend(router.routes)
        _add_problem_handlers(app, self.constraints)
        _add_health(app, registry)
        _add_security(app)

    def main(self) -> None:
        """Run one of the service's processes: ``api``, ``worker``, ``migrate`` or ``events``."""
        parser = argparse.ArgumentParser(prog=self.package, description=self.description)
        commands = parser.add_subparsers(dest="command", required=True)
        api = commands.add_parser("api", help="serve the API")
        api.add_argument("--host", default="127.0.0.1")
        api.add_argument("--port", type=int, required=True)
        commands.add_parser("worker", help="send events, apply events, run the jobs")
        migrate = commands.add_parser("migrate", help="change the schema, as its owner")
        migrate.add_argument("action", choices=("up", "down", "check"))
        commands.add_parser("events", help="write the published event schemas")
        commands.add_parser("openapi", help="print the OpenAPI document")
        options = parser.parse_args()
        logging.basicConfig(
            level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
        )
        logging.getLogger("httpx").setLevel(logging.WARNING)
        if options.command == "events":
            self.catalogue.write()
        elif options.command == "openapi":
            sys.stdout.write(
                json.dumps(
                    self.create_app(self.settings(environment="development")).openapi(), indent=1, ensure_ascii=False
                )
            )
        else:
            self._run(options, self.settings())

    def _run(self, options: argparse.Namespace, settings: ServiceSettings) -> None:
        if options.command == "api":
            uvicorn.run(
                self.create_app(settings), host=options.host, port=options.port, access_log=False, log_level="warning",
                timeout_keep_alive=75, timeout_graceful_shutdown=10, server_header=False, date_header=False,
            )  # fmt: skip
        elif options.command == "worker":
            uvloop.run(self._work(settings))
        else:
            getattr(self.migrations(settings), options.action)()

    async def _work(self, settings: ServiceSettings) -> None:
        app = self.create_app(settings)
        async with self.running(app, settings):
            await self.worker(app, settings).run_until_signal()


async def _connect(settings: ServiceSettings, name: str) -> Database:
    """Open the database; wait a little for one that is just starting."""
    for attempt in range(START_ATTEMPTS):
        try:
            return await Database.connect(
                settings.database_url.get_secret_value(), pool_size=settings.pool_size, application=name
            )
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, TimeoutError):
            if attempt == START_ATTEMPTS - 1:
                raise
            log.info("waiting for the database")
            await asyncio.sleep(START_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _add_problem_handlers(app: FastAPI, constraints: Mapping[str, DomainError]) -> None:
    app.add_exception_handler(DomainError, problems.on_domain_error)
    app.add_exception_handler(ValueError, problems.on_value_error)
    app.add_exception_handler(RequestValidationError, problems.on_validation_error)
    app.add_exception_handler(problems.FrameworkError, problems.on_http_exception)
    app.add_exception_handler(problems.HttpProblem, problems.on_http_problem)
    app.add_exception_handler(Unauthenticated, problems.on_unauthenticated)
    app.add_exception_handler(Unreadable, problems.on_unreadable)
    database_problems = problems.DatabaseProblems(constraints)
    for kind in (asyncpg.PostgresError, SQLAlchemyError, TimeoutError, *OUTAGE):
        app.add_exception_handler(kind, database_problems)


def _add_health(app: FastAPI, registry: CollectorRegistry) -> None:
    events = Gauge(
        "gondola_events", "Events that are waiting, by place; counts stop at 10,000", ("place",), registry=registry
    )

    @app.get("/healthz", include_in_schema=False)
    async def get_health() -> Response:
        return Response("alive\n", media_type="text/plain")

    @app.get("/readyz", include_in_schema=False)
    async def get_readiness(request: Request) -> Response:
        try:
            async with asyncio.timeout(READY_TIMEOUT_SECONDS), request.app.state.database.pool.acquire() as connection:
                revision = await connection.fetchval("SELECT version_num FROM alembic_version")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return Response(f"database: {type(error).__name__}\n", status_code=503, media_type="text/plain")
        head = request.app.state.migration_head
        if revision != head:
            return Response(f"migrations: at {revision}, need {head}\n", status_code=503, media_type="text/plain")
        return Response("ready\n", media_type="text/plain")

    @app.get("/metrics", include_in_schema=False)
    async def get_metrics(request: Request) -> Response:
        with suppress(*OUTAGE):  # Without the database there are still the process's own figures.
            async with request.app.state.database.raw(EVERYTHING) as connection:
                for name, value in (await backlog(connection)).items():
                    events.labels(name).set(value)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_security(app: FastAPI) -> None:
    """Complete the OpenAPI document: the problem's schema; a bearer token for all that do not check a signature."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = make()
            components = document.setdefault("components", {})
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
            problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            components.setdefault("schemas", {}).update(problem.pop("$defs"), Problem=problem)
            for path in document["paths"].values():
                for operation in path.values():
                    operation["security"] = [] if operation.get("x-roles") == "signed" else [{"token": []}]
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
