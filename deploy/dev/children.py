"""Child processes with logs: started, ended as a group, remembered on disk so that none outlives its runner."""

import contextlib
import json
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.dev import processes
from deploy.dev.guard import Guard, end_all

TERM_SECONDS_MAX = 10.0


def tail(path: Path, lines: int = 20) -> str:
    """Return the last lines of a log."""
    with contextlib.suppress(OSError), path.open(errors="replace") as file:
        return "".join(deque(file, lines)).rstrip()
    return ""


class Children:
    """The processes that we started and have not ended yet, by name."""

    def __init__(self, folder: Path) -> None:
        """End what a killed runner left behind in ``folder``, then watch over it."""
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._record = folder / "processes.json"
        end_left_over(folder)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = Guard()

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str], *, fresh_log: bool) -> None:
        """Start a process in a group of its own. A fresh log moves the previous one to ``<name>.log.1``."""
        log = self.log(name)
        if fresh_log and log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,  # Ctrl-C reaches the runner only, which ends them in order.
            )
        self._running[name] = child
        self._guard.add(child.pid, signal.SIGTERM)
        self._remember()

    def log(self, name: str) -> Path:
        """Return where the process writes."""
        return self.logs / f"{name}.log"

    def pid(self, name: str) -> int:
        """Return the process number of a started process, dead or alive."""
        return self._running[name].pid

    def names(self) -> list[str]:
        """Return the processes that were started and not ended, in the order of their start."""
        return list(self._running)

    def exit_code(self, name: str) -> int | None:
        """Return None while the process runs, else how it ended."""
        return self._running[name].poll()

    def end(self, names: Sequence[str], number: signal.Signals = signal.SIGTERM) -> None:
        """End the processes together: asked at first, killed with all of their group when time is up."""
        found = [self._running[name] for name in names if name in self._running]
        watched = [(child.pid, processes.started_at(child.pid) or "0", int(number)) for child in found]
        end_all(watched, TERM_SECONDS_MAX)
        for child in found:
            with contextlib.suppress(OSError):
                if child.returncode is None:  # Not collected yet, hence the group's number is still its own.
                    os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            self._guard.remove(child.pid)
        for name in names:
            self._running.pop(name, None)
        self._remember()

    def close(self) -> None:
        """End all, the last started first, and dismiss the guard."""
        self.end(list(reversed(self._running)))
        self._guard.close()

    def _remember(self) -> None:
        running = [(child.pid, processes.started_at(child.pid)) for child in self._running.values()]
        draft = self._record.with_suffix(".new")
        draft.write_text(json.dumps(running))
        draft.replace(self._record)


def end_left_over(folder: Path) -> None:
    """End the processes that a runner of ``folder`` started and, killed itself, could not end."""
    with contextlib.suppress(OSError, ValueError):
        left = json.loads((folder / "processes.json").read_text())
        end_all([(pid, start, int(signal.SIGTERM)) for pid, start in left if start], TERM_SECONDS_MAX)
