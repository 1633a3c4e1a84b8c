"""The database of a test run: one that the environment names, else a container's, else an embedded one."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.dev import database, postgres

pytest_plugins = ["shared.testing"]

ADMIN_URL = "GONDOLA_ADMIN_DATABASE_URL"
SHARING = ("tests/journeys/", "tests/faults/")
"""Folders whose tests share running services, which take all of a machine."""
STACK = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, before the worker processes; they find it in the environment."""
    if hasattr(config, "workerinput") or os.environ.get(ADMIN_URL) or config.option.collectonly:
        return
    stack = ExitStack()
    config.stash[STACK] = stack
    os.environ[ADMIN_URL] = _container(stack) or _embedded(stack)
    stack.callback(os.environ.pop, ADMIN_URL)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server that was started here."""
    if STACK in config.stash:
        config.stash[STACK].close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests that share a running Gondola in one worker, in their order.

    That is what ``--dist loadgroup`` and the mark ``xdist_group`` are for; but xdist 3.8 writes the group into a node's
    id, and pytest 9.2 takes no such change, so that the mark had no effect.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where xdist runs the tests

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "stack" if nodeid.startswith(SHARING) else nodeid

    return ByFolder(config, log) if config.option.dist == "loadgroup" else None


def _container(stack: ExitStack) -> str | None:
    """Return the URL of a PostgreSQL in a container, where a Docker engine answers."""
    try:
        import docker  # noqa: PLC0415 - only tests need it
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415

        docker.from_env(timeout=2).ping()
    except Exception:  # noqa: BLE001 - whatever the reason, there is no engine to use
        return None
    container = PostgresContainer("postgres:18", driver=None)
    stack.enter_context(container)
    return str(container.get_connection_url())


def _embedded(stack: ExitStack) -> str:
    """Return the URL of a throw-away server from the wheel."""
    folder = Path(tempfile.mkdtemp(prefix="gondola-test-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    cluster = postgres.start(folder, durable=False)
    stack.callback(postgres.stop, cluster)
    return cluster.admin_url


@pytest.fixture(scope="session")
async def database_urls(
    worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, database.ServiceUrls]]:
    """The URLs of the four services in a database of this test process's own."""
    admin_url, suffix = os.environ[ADMIN_URL], f"_{os.getpid()}_{worker_id}"
    name = f"gondola_test{suffix}"
    passwords = database.StoredPasswords(tmp_path_factory.mktemp("passwords") / "passwords.json")
    yield await database.prepare(admin_url, name, passwords, role_suffix=suffix)
    await database.drop(admin_url, name, role_suffix=suffix)
