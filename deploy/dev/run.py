"""`make run`: start everything, say where it is, look after it, and end it all on Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from deploy.dev import session
from deploy.dev.stack import ROOT, Cancelled, Stack, StackError
from deploy.dev.table import TABLE, Process

__all__ = ["ROOT", "TABLE", "Cancelled", "Process", "Stack", "StackError", "main", "run"]

FOLDER = ROOT / ".run"
CHECK_SECONDS = 0.2


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def _stop_on_signals() -> threading.Event:
    """Return the event that Ctrl-C, SIGTERM and a closed terminal set; nothing is interrupted half-way."""
    stopping = threading.Event()

    def note(number: int, _: FrameType | None) -> None:
        if not stopping.is_set():
            say(f"\n{signal.Signals(number).name}: stopping")
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    return stopping


def _announce(stack: Stack, table: Sequence[Process]) -> None:
    say("\nGondola is running:")
    for process in table:
        if process.kind == "issuer":
            hint = "client_id: a role; client_secret: in passwords.json"
            say(f"  {process.name:<12} {stack.url(process.name)}/token   ({hint})")
        elif process.kind == "api":
            url = stack.url(process.name)
            say(f"  {process.name:<12} {url}/docs   {url}/redoc   {url}/openapi.json")
    if stack.cluster is not None:
        say(f"  {'database':<12} {stack.cluster.host}:{stack.cluster.port}, passwords in {stack.folder}/passwords.json")
    if table is TABLE:
        say(f"  {'shell':<12} source {os.path.relpath(session.write(stack, sys.executable))}")
    say(f"  {'logs':<12} {stack.folder}/logs/\nCtrl-C ends all.")


def run(folder: Path = FOLDER, *, table: Sequence[Process] = TABLE, migrate_only: bool = False) -> int:
    """Run until told to stop; return the exit code."""
    stopping = _stop_on_signals()
    stack = Stack(folder, table=table, brought=os.environ, cancelled=stopping.is_set, say=say)
    try:
        if migrate_only:
            stack.migrate()
            say("migrations: done")
            return 0
        stack.start()
        _announce(stack, table)
        while not stopping.wait(CHECK_SECONDS):
            stack.check()
    except Cancelled:
        return 130
    except StackError as error:
        say(f"error: {error}")
        return 1
    finally:
        stack.stop()
        say("stopped")
    return 0


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m deploy.dev.run", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where data, logs, ports and passwords live")
    parser.add_argument(
        "--migrate-only", action="store_true", help="bring the database to the latest migrations and end"
    )
    options = parser.parse_args()
    return run(options.folder, migrate_only=options.migrate_only)


if __name__ == "__main__":
    sys.exit(main())
