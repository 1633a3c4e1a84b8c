"""Whatever is killed at whatever moment, nothing that was accepted is lost and nothing takes effect twice."""

from collections.abc import Iterator

import pytest

from tests.faults import crash, variants
from tests.faults.plan import PLANS
from tests.faults.variants import VARIANTS, Variant

PLAN = PLANS["ci"]
pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("stack")]


@pytest.fixture(scope="module")
def started() -> Iterator[crash.Run]:
    with crash.running() as run:
        yield run


@pytest.fixture(scope="module")
async def run(started: crash.Run) -> crash.Run:
    await started.prepare(PLAN.quiet_seconds_max)
    return started


async def test_killing_apis_workers_and_the_database_loses_nothing_and_doubles_nothing(run: crash.Run) -> None:
    report = await run.crash(PLAN)
    assert run.kills == 5
    assert (report.count("lost"), report.count("doubled"), report.findings) == (0, 0, [])
    assert run.facts.absorbed == run.facts.repeated > 0, "a command sent again has no second effect"
    assert report.absorbed > 0, "an event sent again is stored once"
    assert report.events > run.facts.commands > 100
    assert not run.callers.outcomes["500"], "an outage is told as an outage"


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.defect)
async def test_the_same_checks_see_a_process_with_a_defect(run: crash.Run, variant: Variant) -> None:
    assert await variants.caught(run, variant)
