"""`make bench`: measure all figures, or those named, print a table and write ``benchmarks/results``."""

import argparse
import asyncio
import json
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bench import figures_bulk, figures_events, figures_http
from deploy.bench.bench import Bench, BenchError, connect
from deploy.bench.figure import Figure, table
from deploy.dev.children import Children
from deploy.dev.stack import ROOT, Stack, StackError
from deploy.dev.table import ISSUER, TABLE, Process

RESULTS = ROOT / "benchmarks" / "results"
REQUESTS_PER_MINUTE = "100000000"  # One caller sends what thousands would; their limit is not what is measured.


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A figure that can be measured."""

    measure: Callable[[Bench], Awaitable[Figure]]
    apis: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()


KINDS = {
    "audit_put": Kind(measure=figures_http.audit_put, apis=("store-ops",)),
    "invoice_batch": Kind(measure=figures_bulk.invoice_batch, apis=("receivables", "store-ops")),
    "command": Kind(measure=figures_http.command, apis=("contracts", "store-ops")),
    "list_page": Kind(measure=figures_http.list_page, apis=("store-ops",)),
    "feed_page": Kind(measure=figures_http.feed_page, apis=("store-ops",)),
    "sell_out_import": Kind(measure=figures_bulk.sell_out_import, apis=("promotions", "store-ops")),
    "relay": Kind(measure=figures_events.relay, workers=("store-ops-worker",)),
    "inbox": Kind(measure=figures_events.inbox, workers=("store-ops-worker",)),
    "event_latency": Kind(
        measure=figures_events.latency,
        apis=("contracts", "store-ops"),
        workers=("contracts-worker", "store-ops-worker"),
    ),
}


def processes_of(kinds: Sequence[Kind]) -> list[Process]:
    """Return the processes that the figures need: issuer, migrations, APIs and workers of their services."""
    apis = {name for kind in kinds for name in kind.apis}
    workers = {name for kind in kinds for name in kind.workers}
    services = apis | {name.removesuffix("-worker") for name in workers}
    wanted = {*apis, *workers, *(f"{name}-migrate" for name in services)}
    return [ISSUER, *(process for process in TABLE if process.name in wanted)]


async def _measure(stack: Stack, names: Sequence[str], options: argparse.Namespace) -> list[Figure]:
    workers = sorted({worker for key in names for worker in KINDS[key].workers})
    children = Children(stack.folder / "bench")
    figures = []
    try:
        bench = Bench(
            stack=stack, admin=None, children=children, rounds=options.rounds, seconds=options.seconds,
            connections=options.connections,
        )  # fmt: skip
        bench.stop_workers(workers)
        bench.admin = await connect(bench.admin_url)
        for name in names:
            print(f"{name}: measuring", flush=True)
            try:
                figure = await KINDS[name].measure(bench)
            except BenchError as error:
                print(f"{name}: {error}", flush=True)
                continue
            figures.append(figure)
            print("\n".join(table([figure]).splitlines()[-1:]), flush=True)
            if options.verbose:
                print(json.dumps(figure.rounds()), flush=True)
        await bench.admin.close()
    finally:
        children.close()
    return figures


def _write(figures: Sequence[Figure], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps([figure.line() for figure in figures], indent=1) + "\n")
    rounds = {"python": platform.python_version(), "figures": [figure.rounds() for figure in figures]}
    (folder / "rounds.json").write_text(json.dumps(rounds, indent=1) + "\n")


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench.run", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*KINDS, []], help="figures; all when none is named")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of rounds of each figure")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a round")
    parser.add_argument("--connections", type=int, default=16, help="requests under way at once")
    parser.add_argument("--verbose", action="store_true", help="print every round")
    parser.add_argument("--results", type=Path, default=None, help="where to write; default: benchmarks/results")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what was started is ended and removed.
    names = options.names or list(KINDS)
    (ROOT / ".run").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / ".run"))  # On the disk of the project, not in memory.
    settings = {"GONDOLA_REQUESTS_PER_MINUTE": REQUESTS_PER_MINUTE}
    try:
        table_of = processes_of([KINDS[name] for name in names])
        with Stack(folder, table=table_of, preferred_ports=False, settings=settings, say=print) as stack:
            figures = asyncio.run(_measure(stack, names, options))
    except StackError as error:
        print(f"error: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{table(figures)}")
    if options.results or not options.names:
        _write(figures, options.results or RESULTS)
    return 0 if len(figures) == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
