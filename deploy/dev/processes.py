"""Look processes up by number, safely against numbers that were given to somebody else meanwhile."""

import contextlib
import os
from pathlib import Path

PROC = Path("/proc")


def _state(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the name; empty where there is none."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []


def alive(pid: int) -> bool:
    """Say whether the process exists and has not ended; one that waits to be collected has."""
    if PROC.joinpath("self").exists():
        fields = _state(pid)
        return bool(fields) and fields[0] not in {"Z", "X"}
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started_at(pid: int) -> str:
    """Return when the process started, in ticks since boot: together with its number this names it for good."""
    fields = _state(pid)
    return fields[19] if fields else ""


def serves(pid: int, folder: Path) -> bool:
    """Say whether the process is the PostgreSQL server of the data in ``folder`` (true where that cannot be seen)."""
    if not PROC.joinpath("self").exists():
        return True
    with contextlib.suppress(OSError):
        command = (PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")
        if not command[0].endswith("postgres"):
            return False
        return str(folder) in command or (PROC / str(pid) / "cwd").readlink() == folder
    return False


def working_in(folder: Path) -> list[int]:
    """Return the processes whose working directory is ``folder``."""
    found = []
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder and alive(int(entry.name)):
                    found.append(int(entry.name))
    return found


def descendants(pid: int) -> list[int]:
    """Return the living children of a process, their children and so on."""
    parents: dict[int, int] = {}
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if entry.name.isdigit() and (fields := _state(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found, front = [], [pid]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found += front
    return found
