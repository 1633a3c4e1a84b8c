"""All of Gondola on one machine: database, issuer, services and workers as processes under one roof."""

import asyncio
import contextlib
import fcntl
import importlib.util
import inspect
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TextIO, TypeVar

import httpx

from deploy.dev import database, postgres, processes
from deploy.dev.children import Children, tail
from deploy.dev.database import ServiceUrls
from deploy.dev.table import TABLE, Process

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "gondola"
READY_SECONDS_MAX = 60.0
MIGRATION_SECONDS_MAX = 600.0
BACKOFF_SECONDS_MAX = 30.0
RESTARTS_MAX = 8  # In a row; a process that stays up for a minute starts counting anew.
STEADY_SECONDS = 60.0


Outcome = TypeVar("Outcome")


class StackError(RuntimeError):
    """Something did not start; the message names it and ends with its log."""


class Cancelled(Exception):
    """The caller asked to stop while the stack was starting."""


class Stack:
    """Starts, watches and ends the processes of the table, with all of their state in one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        table: Sequence[Process] = TABLE,
        durable: bool = True,
        preferred_ports: bool = True,
        settings: Mapping[str, str] | None = None,
        brought: Mapping[str, str] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take the place and the table; nothing is started yet.

        ``brought`` is where a database from outside may be named: GONDOLA_ADMIN_DATABASE_URL, or for each service
        <SERVICE>_DATABASE_URL and <SERVICE>_OWNER_DATABASE_URL; without it a server of our own is started.
        ``settings`` are environment variables for all processes, on top of ours. ``preferred_ports=False`` takes ports
        at random, for tests side by side. ``cancelled`` is asked while waiting. ``say`` is told what happens.
        """
        self.folder = folder.resolve()
        self.databases: dict[str, ServiceUrls] = {}
        self.cluster: postgres.Cluster | None = None
        self._table = {process.name: process for process in table}
        self._durable = durable
        self._preferred_ports = preferred_ports
        self._settings = dict(settings or {})
        self._brought = dict(brought or {})
        self._cancelled = cancelled
        self._say = say
        self._ports: dict[str, int] = {}
        self._children: Children | None = None
        self._lock: TextIO | None = None
        self._failures: dict[str, tuple[int, float]] = {}  # Name: restarts in a row, time of the next one.
        self._started_at: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Start all."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End all."""
        self.stop()

    def start(self) -> None:
        """Start all in order and return when every service is ready.

        Raises:
            StackError: another runner holds the folder, a migration failed or a process did not become ready in time.
            Cancelled: the caller asked to stop. Either way nothing is left running.
        """
        try:
            self.migrate()
            self._start_all([process for process in self._table.values() if process.kind != "migration"])
            self._wire()
        except BaseException:
            self.stop()
            raise

    def migrate(self) -> None:
        """Start the database, prepare it and run the migrations; for `start`, and alone for `make migrate`."""
        self._take_folder()
        self._children = Children(self.folder)
        self._say("database: starting")
        self.databases = self._prepare_databases()
        self._choose_ports()
        migrations = [process for process in self._table.values() if process.kind == "migration"]
        if migrations:
            self._say("migrations: running")
        for process in migrations:
            self._launch(process, fresh_log=True)
        for process in migrations:
            self._wait_for_migration(process)

    def stop(self) -> None:
        """End all, services before the database, within a bounded time. Stopping twice is fine."""
        if self._children is not None:
            self._children.close()
            self._children = None
        if self.cluster is not None:
            postgres.stop(self.cluster)
            self.cluster = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def url(self, name: str) -> str:
        """Return the base URL of the issuer or a service, by name (`store-ops`) or package (`store_ops`)."""
        return f"http://{postgres.HOST}:{self._ports[self._known(name).name]}"

    def pid(self, name: str) -> int:
        """Return the process number of ``name``; `postgres` is the database."""
        if name == "postgres":
            return self._own_cluster().pid
        return self._running().pid(self._known(name).name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a process as a crash would, with its group, and wait until it is gone. It stays down until `restart`."""
        if name == "postgres":
            os.kill(self._own_cluster().pid, number)
            deadline = time.monotonic() + 10
            while postgres.is_running(self._own_cluster()) and time.monotonic() < deadline:
                time.sleep(0.02)
            return
        self._running().end([self._known(name).name], number)

    def restart(self, name: str) -> None:
        """Start a process again, ended first if it runs, and wait until it is ready."""
        if name == "postgres":
            cluster = self._own_cluster()
            postgres.stop(cluster)
            self.cluster = postgres.start(cluster.folder, durable=self._durable)
            return
        process = self._known(name)
        self._running().end([process.name])
        self._launch(process, fresh_log=False)
        self.wait_ready(process.name)

    def log_tail(self, name: str, lines: int = 20) -> str:
        """Return the last lines that a process logged."""
        if name == "postgres":
            return postgres.log_tail(self.folder / "postgres", lines)
        return tail(self._running().log(self._known(name).name), lines)

    def environment(self, name: str) -> dict[str, str]:
        """Return all environment variables that the process ``name`` gets (owner URLs for migrations only)."""
        process = self._known(name)
        ours = self.settings()
        if process.package is not None:
            prefix = process.package.upper()
            urls = self.databases[process.package]
            ours[f"{prefix}_DATABASE_URL"] = urls.app
            if process.kind == "migration":
                ours[f"{prefix}_OWNER_DATABASE_URL"] = urls.owner
        hidden = {"GONDOLA_ADMIN_DATABASE_URL", *_url_names(self._packages())}
        outside = {key: value for key, value in os.environ.items() if key not in hidden}
        return {**outside, "PYTHONUNBUFFERED": "1", **ours}

    def settings(self) -> dict[str, str]:
        """Return the settings that hold no database secret: issuer, public URLs, client, folders."""
        ours = {
            "GONDOLA_ENVIRONMENT": "development",
            "GONDOLA_AUDIENCE": "gondola",
            "GONDOLA_WORKER": "separate",
            "GONDOLA_DATA_DIR": str(self.folder / "data"),
            "GONDOLA_CLIENT_SECRET": self._client_secret(),
            "GONDOLA_OUTGOING_NETWORKS": '["127.0.0.0/8"]',
        }
        for process in self._table.values():
            if process.kind == "issuer":
                ours["GONDOLA_ISSUER"] = self.url(process.name)
            elif process.kind == "api" and process.package is not None:
                prefix = process.package.upper()
                ours[f"{prefix}_PUBLIC_URL"] = self.url(process.name)
                ours[f"{prefix}_DATA_DIR"] = str(self.folder / "data" / process.package)
        return ours | self._settings

    def check(self) -> None:
        """Look after the processes once: name who died, and start it again when its back-off is over.

        Raises:
            StackError: a process died too often in a row.
        """
        if self.cluster is not None and self.cluster.owned and not postgres.is_running(self.cluster):
            self._say(f"database: it died, starting it again\n{self.log_tail('postgres', 10)}")
            self.restart("postgres")
        children = self._running()
        for name in children.names():
            code = children.exit_code(name)
            if code is not None:
                self._revive(name, code)

    def wait_ready(self, name: str) -> None:
        """Wait until the process answers that it is ready."""
        process = self._known(name)
        deadline = time.monotonic() + READY_SECONDS_MAX
        with httpx.Client(trust_env=False, timeout=2) as client:
            while not self._is_ready(process, client):
                self._pause()
                code = self._running().exit_code(process.name)
                if code is not None:
                    raise StackError(f"{process.name} ended with {code}; its log:\n{self.log_tail(process.name)}")
                if time.monotonic() > deadline:
                    waited = f"was not ready after {READY_SECONDS_MAX:.0f} s"
                    raise StackError(f"{process.name} {waited}; its log:\n{self.log_tail(process.name)}")

    def _is_ready(self, process: Process, client: httpx.Client) -> bool:
        if process.ready is None:
            return self._running().exit_code(process.name) is None
        with contextlib.suppress(httpx.HTTPError):
            return client.get(self.url(process.name) + process.ready).is_success
        return False

    def _start_all(self, table: Sequence[Process]) -> None:
        """Start the issuer and wait for it, then all others at once."""
        for first in (True, False):
            batch = [process for process in table if (process.kind == "issuer") == first]
            for process in batch:
                self._say(f"{process.name}: starting")
                self._launch(process, fresh_log=True)
            for process in batch:
                self.wait_ready(process.name)

    def _launch(self, process: Process, *, fresh_log: bool) -> None:
        port = self._ports.get(process.name, 0)
        argv = [argument.format(python=sys.executable, port=port) for argument in process.argv]
        environment = self.environment(process.name)
        if process.package is not None:
            (self.folder / "data" / process.package).mkdir(parents=True, exist_ok=True)
        self._started_at[process.name] = time.monotonic()
        self._running().start(process.name, argv, environment, fresh_log=fresh_log)

    def _wait_for_migration(self, process: Process) -> None:
        deadline = time.monotonic() + MIGRATION_SECONDS_MAX
        children = self._running()
        while (code := children.exit_code(process.name)) is None:
            self._pause()
            if time.monotonic() > deadline:
                raise StackError(f"{process.name} did not end; its log:\n{self.log_tail(process.name)}")
        if code:
            raise StackError(f"{process.name} failed with {code}; its log:\n{self.log_tail(process.name, 40)}")
        children.end([process.name])

    def _revive(self, name: str, code: int) -> None:
        now = time.monotonic()
        restarts, due = self._failures.get(name, (0, 0.0))
        if due == 0.0:
            if now - self._started_at[name] > STEADY_SECONDS:
                restarts = 0
            if restarts >= RESTARTS_MAX:
                raise StackError(f"{name} died {restarts + 1} times in a row; its log:\n{self.log_tail(name)}")
            pause = min(0.5 * 2**restarts, BACKOFF_SECONDS_MAX)
            self._failures[name] = (restarts + 1, now + pause)
            self._say(f"{name}: ended with {code}, starting again in {pause:g} s\n{self.log_tail(name, 10)}")
        elif now >= due:
            self._failures[name] = (restarts, 0.0)
            self._running().end([name])
            self._launch(self._table[name], fresh_log=False)

    def _prepare_databases(self) -> dict[str, ServiceUrls]:
        """Return the URLs that were given, else those of a database made ready here."""
        packages = self._packages()
        given = {name: self._brought[name] for name in _url_names(packages) if self._brought.get(name)}
        if packages and given:
            missing = sorted(set(_url_names(packages)) - set(given))
            if missing:
                raise StackError(f"either all database URLs are given or none; missing: {', '.join(missing)}")
            pairs = {package: _url_names([package]) for package in packages}
            return {package: ServiceUrls(given[app], given[owner]) for package, (app, owner) in pairs.items()}
        admin_url = self._brought.get("GONDOLA_ADMIN_DATABASE_URL")
        if not admin_url:
            self.cluster = postgres.start(self.folder / "postgres", durable=self._durable)
            admin_url = self.cluster.socket_admin_url
        passwords = database.StoredPasswords(self.folder / "passwords.json")
        return _in_own_loop(database.prepare(admin_url, DATABASE, passwords))

    def _packages(self) -> list[str]:
        return list(dict.fromkeys(process.package for process in self._table.values() if process.package))

    def _choose_ports(self) -> None:
        """Give each process that listens its port of last time, or the one it prefers, or the next free one."""
        memory = self.folder / "ports.json"
        remembered: dict[str, int] = json.loads(memory.read_text()) if memory.exists() else {}
        for process in self._table.values():
            if process.port is None:
                continue
            taken = set(self._ports.values())
            following = [port for port in range(process.port, process.port + 100) if port not in taken]
            candidates = [remembered.get(process.name), *(following if self._preferred_ports else [])]
            free = (port for port in candidates if port and port not in taken and postgres.free_port(port) == port)
            self._ports[process.name] = next(free, None) or postgres.free_port()
        memory.write_text(json.dumps(self._ports, indent=1))

    def _client_secret(self) -> str:
        """Return the secret of the workers at the local issuer, made once."""
        return database.StoredPasswords(self.folder / "passwords.json")("client_secret")

    def _take_folder(self) -> None:
        """Hold the folder for this runner alone, and write down who it is."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self.folder / "runner.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().split()
            lock.close()
            raise StackError(
                f"already running here, as process {holder[0] if holder else '?'} ({self.folder})"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()} {processes.started_at(os.getpid())}")
        lock.flush()
        self._lock = lock

    def _wire(self) -> None:
        """Let the services subscribe to one another, once the module that does it exists."""
        if importlib.util.find_spec("deploy.dev.wire") is None or self._table.keys() != {p.name for p in TABLE}:
            return
        self._say("wiring: subscribing the services to one another")
        module = importlib.import_module("deploy.dev.wire")
        outcome = module.wire(self.settings())
        if inspect.iscoroutine(outcome):
            _in_own_loop(outcome)

    def _pause(self) -> None:
        if self._cancelled():
            raise Cancelled
        time.sleep(0.05)

    def _known(self, name: str) -> Process:
        return self._table[name.replace("_", "-")]

    def _running(self) -> Children:
        if self._children is None:
            raise StackError("the stack is not started")
        return self._children

    def _own_cluster(self) -> postgres.Cluster:
        if self.cluster is None:
            raise StackError("the database is not ours: it was given by URL, or the stack is not started")
        return self.cluster


def _url_names(packages: Sequence[str]) -> list[str]:
    """Return the variables that bring a database: for each package the restricted role's, then the owner's."""
    kinds = ("DATABASE_URL", "OWNER_DATABASE_URL")
    return [f"{package.upper()}_{kind}" for package in packages for kind in kinds]


def _in_own_loop(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Run a coroutine to its end, also where an event loop is running already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
