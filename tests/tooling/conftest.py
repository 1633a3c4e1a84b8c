import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.dev import postgres
from deploy.dev.table import Process

FAKE = str(Path(__file__).with_name("fake_service.py"))
FAKE_TABLE = (
    Process(name="issuer", kind="issuer", argv=("{python}", FAKE, "api", "{port}"), port=8100, ready="/jwks.json"),
    Process(name="contracts-migrate", kind="migration", argv=("{python}", FAKE, "migrate"), package="contracts"),
    Process(
        name="contracts",
        kind="api",
        argv=("{python}", FAKE, "api", "{port}"),
        package="contracts",
        port=8101,
        ready="/readyz",
    ),
    Process(name="contracts-worker", kind="worker", argv=("{python}", FAKE, "worker"), package="contracts"),
)


@pytest.fixture(autouse=True)
def _no_database_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GONDOLA_ADMIN_DATABASE_URL", raising=False)  # The test session has one for the services.


@pytest.fixture
def table() -> tuple[Process, ...]:
    return FAKE_TABLE


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return an empty folder with a short path; pytest's own are too long for a socket on some machines."""
    place = Path(tempfile.mkdtemp(prefix="gd-"))
    yield place
    postgres.stop_left_over(place)
    postgres.stop_left_over(place / "postgres")
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    with tempfile.TemporaryDirectory(prefix="gd-") as place, postgres.start(Path(place), durable=False) as running:
        yield running
