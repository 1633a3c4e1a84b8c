"""A small process that ends others when the process that started it is gone, however that happened."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from deploy.dev import processes

ROOT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 8.0


class Guard:
    """Watches over child processes. The kernel closes its pipe when this process dies; then the children are ended."""

    def __init__(self) -> None:
        """Start the guarding process."""
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "deploy.dev.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )

    @classmethod
    def over(cls, pid: int, number: signal.Signals) -> "Guard":
        """Return a new guard over one process."""
        guard = cls()
        guard.add(pid, number)
        return guard

    def add(self, pid: int, number: signal.Signals) -> None:
        """Watch over a process: it gets signal ``number`` when we are gone, and SIGKILL if that does not end it."""
        self._tell(f"+ {pid} {processes.started_at(pid) or 0} {int(number)}")

    def remove(self, pid: int) -> None:
        """Forget a process."""
        self._tell(f"- {pid} 0 0")

    def close(self) -> None:
        """Dismiss the guard without harm to anybody."""
        self._tell("quit")
        pipe = self._process.stdin
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()


def _send(pid: int, number: int) -> None:
    """Signal the process and, if it leads a group of its own, all of that group."""
    with contextlib.suppress(OSError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def end_all(watched: Iterable[tuple[int, str, int]], grace_seconds: float = GRACE_SECONDS) -> None:
    """End the processes in the order given: asked at first, killed when the grace is over."""

    def is_same(pid: int, start: str) -> bool:
        return (processes.started_at(pid) or "0") == start

    def left() -> list[int]:
        return [pid for pid, start, _ in watched if processes.alive(pid) and is_same(pid, start)]

    still_there = left()
    for pid, _, number in watched:
        if pid in still_there:
            _send(pid, number)
    deadline = time.monotonic() + grace_seconds
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left():
        _send(pid, signal.SIGKILL)


def main() -> None:
    """Follow the orders on standard input; when it closes without a farewell, end who is watched."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched: dict[int, tuple[int, str, int]] = {}
    for line in sys.stdin:
        if line.strip() == "quit":
            return
        order, pid, start, number = line.split()
        watched.pop(int(pid), None)
        if order == "+":
            watched[int(pid)] = (int(pid), start, int(number))
    end_all(list(reversed(watched.values())))


if __name__ == "__main__":
    main()
