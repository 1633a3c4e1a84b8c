"""What the kernel says about processes: processor time and peak memory."""

import contextlib
import os
from pathlib import Path

from deploy.dev import processes

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MIB_IN_KIB = 1024


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in user and kernel mode."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def family_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, its living descendants, and its children that have ended."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    total = sum(int(fields[index]) for index in (11, 12, 13, 14)) / TICKS_PER_SECOND
    for child in processes.descendants(pid):
        with contextlib.suppress(OSError):
            total += cpu_seconds(child)
    return total


def forget_peak(pid: int) -> None:
    """Let the peak of a process's memory begin anew, where the kernel allows it."""
    with contextlib.suppress(OSError):
        (PROC / str(pid) / "clear_refs").write_text("5")


def peak_rss_mib(pid: int) -> float:
    """Return the most memory that the process has held, in MiB."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / MIB_IN_KIB
    return 0.0
