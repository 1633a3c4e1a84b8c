"""The crash test with more kills: ``FAULTS=ci|default|nightly python -m tests.faults.run``; its last line is JSON."""

import asyncio
import json
import os
import sys

from tests.faults import crash, variants
from tests.faults.plan import PLANS, Plan


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


async def play(run: crash.Run, plan: Plan) -> dict[str, int]:
    """Crash, compare, then see the broken variants caught; return the figures."""
    await run.prepare(plan.quiet_seconds_max)
    report = await run.crash(plan)
    caught = [await variants.caught(run, variant) for variant in variants.VARIANTS]
    return {
        "kills": run.kills,
        "events": report.events,
        "lost": report.count("lost"),
        "doubled": report.count("doubled"),
        "absorbed": report.absorbed + run.facts.absorbed,
        "broken_variants_caught": sum(map(bool, caught)),
    }


def main() -> int:
    """Run the plan that the environment names; fail if anything was lost, doubled or overlooked."""
    with crash.running(say) as run:
        figures = asyncio.run(play(run, PLANS[os.environ.get("FAULTS", "default")]))
    say(json.dumps(figures))
    is_well = not figures["lost"] and not figures["doubled"]
    return 0 if is_well and figures["broken_variants_caught"] == len(variants.VARIANTS) else 1


if __name__ == "__main__":
    sys.exit(main())
