"""One running Gondola for all journeys of a test process: separate processes, real HTTP, a database of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.dev.run import Stack
from tests.journeys.world import World


@pytest.fixture(scope="session")
def stack(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if worker_id != "master":  # Side by side two stacks take twice the time, and a story would lose its thread.
        (tmp_path_factory.getbasetemp().parent / "journeys-run-in-one-worker").touch(exist_ok=False)
    with (
        tempfile.TemporaryDirectory(prefix="gondola-journey-") as folder,
        Stack(Path(folder) / ".run", durable=False, preferred_ports=False) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def world(stack: Stack) -> Iterator[World]:
    world = World(stack)
    yield world
    world.close()
