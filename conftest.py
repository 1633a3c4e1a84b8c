"""The database of a test run: one that the environment names, else a container's, else an embedded one."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.dev import database, postgres

pytest_plugins = ["shared.testing"]

ADMIN_URL = "GONDOLA_ADMIN_DATABASE_URL"
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
