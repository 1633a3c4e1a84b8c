"""`make clean`: stop what runs in `.run`, then remove it; standard library only."""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from deploy.dev import postgres, processes
from deploy.dev.children import end_left_over

ROOT = Path(__file__).resolve().parents[2]
RUNNER_SECONDS_MAX = 60.0


def stop_runner(folder: Path) -> None:
    """Ask the runner that holds ``folder`` to stop, and wait for it."""
    with contextlib.suppress(OSError, ValueError):
        pid_text, start = (folder / "runner.lock").read_text().split()
        pid = int(pid_text)
        if processes.alive(pid) and processes.started_at(pid) == start and pid != os.getpid():
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + RUNNER_SECONDS_MAX
            while processes.alive(pid) and time.monotonic() < deadline:
                time.sleep(0.1)


def clean(folder: Path) -> None:
    """Leave nothing running and nothing on disk."""
    stop_runner(folder)
    end_left_over(folder)
    postgres.stop_left_over(folder / "postgres")
    with contextlib.suppress(OSError):
        socket_dir = Path((folder / "postgres" / "socket-dir").read_text())
        if socket_dir.name.startswith("gondola-"):
            shutil.rmtree(socket_dir, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    clean(ROOT / ".run")
    sys.exit(0)
