"""`make demo`: start a stack of its own, tell the story, print the tables, and fail when a cent differs."""

import argparse
import contextlib
import itertools
import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Final

import uvloop

from deploy.demo import bodies_money, claims, oracle, tables
from deploy.demo.client import Refused, World, say
from deploy.demo.constants import SIZES, Size, first_day, last_day
from deploy.demo.dataset import Dataset, read_rows
from deploy.demo.drive import tell
from deploy.demo.plan import Plan
from deploy.demo.report import Checks
from deploy.demo.story import SERVICES, Story
from deploy.demo.truth import Truth
from deploy.dev import processes
from deploy.dev.clean import clean
from deploy.dev.run import ROOT, Stack

FOLDER: Final = ROOT / ".run" / "demo"


def prepare(size: Size) -> tuple[Plan, list[claims.Remittance], Truth]:
    """Read the data, draw the plan, let the retailer make up its payments, and compute what has to come out."""
    plan = Plan(Dataset(read_rows(), size))
    published = plan.published()
    database = oracle.open_data(published)
    books = oracle.retailers_books(database, published)
    payments = claims.remittances(plan, claims.claims_from(books))
    published["remittances"] = claims.published(payments)
    return plan, payments, Truth.of(published, database)


def introduce(plan: Plan) -> None:
    """Say what is real and what is generated."""
    dataset, size = plan.dataset, plan.size
    say(f"Gondola demo ({size.name}): Dominick's Finer Foods, refrigerated orange juice.")
    say(
        f"Real: {len(dataset.rows):,} rows of {len(dataset.stores)} stores, 11 items, {len(dataset.weeks)} weeks: "
        f"sales, shelf prices, {len(dataset.promotions)} flyer promotions, deals, the retailer's unit costs."
    )
    say(
        f"Shifted by 1,774 weeks: {first_day(size.first_week)} to {last_day(size.last_week)}. "
        f"Source and licence (GPL-2+): deploy/demo/data/README.md."
    )
    say(
        "Generated with a fixed seed: contract terms (documented sample rates), promotion fees, missed and late "
        "visits, photos, returns, payments and deductions. Rates documented in CNY are applied in USD."
    )
    say(
        "A promotion is a run of weeks in the flyer and books the flyer slot of its first week; an audit finds each "
        "store's own price, deal and flyer."
    )


async def play(stack: Stack, plan: Plan, payments: list[claims.Remittance], truth: Truth) -> Checks:
    """Tell the story on a running stack and print its tables."""
    urls = {name: stack.url(name) for name in SERVICES}
    grosses: dict[int, Decimal] = {}
    for (_, week), rows in plan.dataset.by_item_week.items():
        grosses[week] = grosses.get(week, Decimal(0)) + bodies_money.gross(rows)
    secret = stack.settings()["GONDOLA_CLIENT_SECRET"]
    async with World(urls, stack.url("issuer"), secret) as world:
        story = Story(world=world, stack=stack, plan=plan, payments=payments, grosses=grosses)
        await tell(story)
        checks = await tables.show(story, truth)
        counts = world.counts
    say(f"\n{counts.requests:,} requests, of which {counts.retries} were repeated while a service was down or busy")
    return checks


def free_folder(folder: Path) -> Path:
    """Return ``folder``, or the next one by number when a demo is running there already."""
    for number in itertools.count(2):
        with contextlib.suppress(OSError, ValueError):
            pid, start = (folder / "runner.lock").read_text().split()
            if processes.started_at(int(pid)) == start and processes.alive(int(pid)):
                folder = folder.with_name(f"{FOLDER.name}-{number}")
                continue
        break
    return folder


def causes(error: Exception) -> list[Exception]:
    """Return what really went wrong, out of the groups that concurrent steps fail in."""
    if isinstance(error, ExceptionGroup):
        return [cause for each in error.exceptions for cause in causes(each)]
    return [error]


def main() -> int:
    """Run the demo; 0 when every total is right to the cent."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.run", description=__doc__)
    chosen = os.environ.get("DEMO") or "full"
    parser.add_argument("size", nargs="?", choices=sorted(SIZES), default=chosen)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the demo's own database and logs live")
    options = parser.parse_args()
    started = time.monotonic()
    plan, payments, truth = prepare(SIZES[options.size])
    introduce(plan)
    folder = free_folder(options.folder)
    clean(folder)
    stack = Stack(folder, preferred_ports=False, say=lambda text: say(f"  {text}"))
    try:
        with stack:
            (folder / "plan.json").write_text(json.dumps(truth.plan, indent=1))
            checks = uvloop.run(play(stack, plan, payments, truth))
    except (ExceptionGroup, RuntimeError, TimeoutError, AssertionError, Refused) as error:
        for cause in causes(error):
            say(f"FAILED: {type(cause).__name__}: {cause}")
        say(f"The logs of all processes are in {folder}/logs")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    for difference in checks.differences:
        say(f"DIFFERENT: {difference}")
    say(f"\n{checks.verdict()}; the whole run took {time.monotonic() - started:.0f} s")
    return 1 if checks.differences or not checks.compared else 0


if __name__ == "__main__":
    sys.exit(main())
