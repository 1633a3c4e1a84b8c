"""The runner starts in order, says what failed, revives what dies and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.dev import clean, postgres, processes
from deploy.dev.stack import Stack, StackError
from deploy.dev.table import Process

Table = tuple[Process, ...]
RUNNER = (
    "import sys; sys.path.insert(0, {tests!r}); from pathlib import Path; from conftest import FAKE_TABLE;"
    "from deploy.dev.run import run; sys.exit(run(Path(sys.argv[1]), table=FAKE_TABLE))"
)


def ready(stack: Stack) -> int:
    return httpx.get(f"{stack.url('contracts')}/readyz", trust_env=False).status_code


def own_children() -> set[int]:
    """Return this process's own children: other tests of this worker may have a stack running."""
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def started_since(before: set[int]) -> list[int]:
    """Return the children that came since, with theirs."""
    return [pid for child in own_children() - before for pid in (child, *processes.descendants(child))]


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_all_is_started_revived_and_ended(folder: Path, table: Table):
    said: list[str] = []
    before = own_children()
    with Stack(folder, table=table, durable=False, preferred_ports=False, say=said.append) as stack:
        assert ready(stack) == 200
        settings = stack.environment("contracts")
        assert settings["GONDOLA_ISSUER"] == stack.url("issuer")
        assert settings["CONTRACTS_PUBLIC_URL"] == stack.url("contracts")
        assert "contracts_app" in settings["CONTRACTS_DATABASE_URL"]
        assert "CONTRACTS_OWNER_DATABASE_URL" not in settings

        stack.kill("contracts")
        with pytest.raises(httpx.ConnectError):
            ready(stack)
        stack.restart("contracts")
        assert ready(stack) == 200

        stack.kill("postgres")
        stack.restart("postgres")
        assert ready(stack) == 200

        killed = stack.pid("contracts-worker")
        os.kill(killed, signal.SIGKILL)

        def revived() -> bool:
            stack.check()
            return stack.pid("contracts-worker") != killed

        assert until(revived)
        assert any("contracts-worker: ended with -9" in line for line in said)

        with pytest.raises(StackError, match=f"process {os.getpid()}"):
            Stack(folder, table=table).start()
        children = started_since(before)
        assert len(children) >= 5
        url = stack.url("contracts")
    assert not [pid for pid in children if processes.alive(pid)]

    with Stack(folder, table=table, durable=False, preferred_ports=False) as stack:
        assert (stack.url("contracts"), ready(stack)) == (url, 200)


def test_a_database_from_outside_is_used(folder: Path, table: Table, cluster: postgres.Cluster):
    brought = {"GONDOLA_ADMIN_DATABASE_URL": cluster.admin_url}
    with Stack(folder, table=table, preferred_ports=False, brought=brought) as first:
        assert ready(first) == 200
        assert first.cluster is None
        urls = first.databases["contracts"]
    brought = {"CONTRACTS_DATABASE_URL": urls.app, "CONTRACTS_OWNER_DATABASE_URL": urls.owner}
    with Stack(folder, table=table, preferred_ports=False, brought=brought) as second:
        assert ready(second) == 200
    del brought["CONTRACTS_OWNER_DATABASE_URL"]
    with pytest.raises(StackError, match="missing: CONTRACTS_OWNER_DATABASE_URL"):
        Stack(folder, table=table, brought=brought).start()


def test_a_failed_migration_is_shown_and_leaves_nothing(folder: Path, table: Table):
    broken = tuple(replace(p, argv=(*p.argv, "no")) if p.kind == "migration" else p for p in table)
    before = own_children()
    with pytest.raises(StackError, match=r"(?s)contracts-migrate failed with 1.*cannot be migrated"):
        Stack(folder, table=broken, durable=False, preferred_ports=False).start()
    assert not started_since(before)


def test_a_process_that_dies_at_once_is_shown_with_its_log(folder: Path, table: Table):
    broken = tuple(replace(p, argv=(*p.argv, "no")) if p.name == "contracts" else p for p in table)
    with pytest.raises(StackError, match=r"(?s)contracts ended with 1.*cannot be migrated"):
        Stack(folder, table=broken, durable=False, preferred_ports=False).start()


def start_runner(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """Start the runner as `make run` does, wait until it runs and return it with all that it started."""
    program = RUNNER.format(tests=str(Path(__file__).parent))
    with (folder / "out").open("w") as out:
        runner = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=out, stderr=out, text=True)
    assert until(lambda: "Ctrl-C ends all" in (folder / "out").read_text(), 30), (folder / "out").read_text()
    started = processes.descendants(runner.pid)
    assert len(started) >= 6  # Database, its guard, the guard of the others, issuer, API, worker.
    return runner, started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all(folder: Path, number: signal.Signals):
    runner, started = start_runner(folder)
    runner.send_signal(number)
    assert runner.wait(30) == 0
    assert not [pid for pid in started if processes.alive(pid)]


def test_killing_the_runner_ends_all_and_the_next_start_works(folder: Path):
    runner, started = start_runner(folder)
    runner.kill()
    runner.wait()
    assert until(lambda: not [pid for pid in started if processes.alive(pid)])
    runner, started = start_runner(folder)
    runner.send_signal(signal.SIGINT)
    assert runner.wait(30) == 0


def test_clean_stops_a_runner_and_removes_its_folder(folder: Path):
    place = folder / "run"
    place.mkdir()
    runner, started = start_runner(place)
    clean.clean(place)
    assert runner.wait(5) == 0
    assert not place.exists()
    assert not [pid for pid in started if processes.alive(pid)]
