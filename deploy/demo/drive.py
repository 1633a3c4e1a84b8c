"""The story in its order: what is agreed, what happens, what is owed; receivables is killed in the middle."""

import asyncio
import signal
import time
from datetime import date

from deploy.demo import drive_field, drive_money, drive_setup
from deploy.demo.client import say
from deploy.demo.story import STILL_SECONDS_OF_JOBS, Story

DOWN_SECONDS = 1.5
CRASHING = ("receivables", "receivables-worker")
OTHERS = ("contracts", "promotions", "store-ops")


async def tell(story: Story) -> None:
    """Play the whole story."""
    await drive_setup.master_data(story)
    await drive_setup.contract(story)
    chapters = story.plan.chapters
    for place, chapter in enumerate(chapters, start=1):
        await _chapter(story, chapter, crash=place == len(chapters) // 2 + 1)
    await story.quiet("settlements in all services")


async def _chapter(story: Story, chapter: tuple[date, date], *, crash: bool) -> None:
    """Play one year."""
    start, end = chapter
    year = start.year
    if start <= story.plan.size.amended_on <= end:
        await drive_setup.amendment(story)
    story.headline(f"{year}: flyer slots, promotions, sell-out")
    await drive_setup.funds_and_slots(story, chapter)
    await drive_setup.promotions(story, chapter)
    await drive_setup.sell_out(story, chapter)
    await story.quiet("tasks in store-ops")
    tasks = await drive_field.tasks(story)
    story.headline(f"{year}: visits, invoices and receipts" + (" - and receivables is killed" if crash else ""))
    under_way = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(drive_field.audits(story, chapter, tasks, under_way))
        if crash:
            await under_way.wait()
            await _kill_receivables(story)
            group.create_task(_restart_receivables(story))
        group.create_task(_deliveries(story, chapter))
    await story.quiet("verdicts in promotions")
    await _earn(story, end, "earned")
    await drive_field.stragglers(story, chapter, tasks)
    await story.quiet("late verdicts in promotions", STILL_SECONDS_OF_JOBS)
    await _earn(story, end, "corrected")
    await story.quiet("fees in receivables")
    await drive_money.accrue(story, end)
    story.headline(f"{year}: payments, deductions, the ERP's batch")
    due = await drive_money.payments(story, chapter)
    await drive_money.decide(story, chapter, due)
    await drive_money.erp_batch(story, end)


async def _earn(story: Story, as_of: date, what: str) -> None:
    """Let the calendar reach ``as_of``."""
    manager = story.person("ka_manager", "promotions")
    advanced = await manager.post("/v1/promotions:advance", {"as_of": as_of.isoformat()})
    say(f"  promotions: {advanced['started']} started, {advanced['ended']} ended, {advanced['earned']} fees {what}")


async def _deliveries(story: Story, chapter: tuple[date, date]) -> None:
    await drive_money.invoices(story, chapter)
    await drive_money.receipts(story, chapter)


async def _kill_receivables(story: Story) -> None:
    """Kill both processes of receivables with -9 while events and audits come in."""
    story.counts_at_kill = story.world.counts.retries
    for name in CRASHING:
        await asyncio.to_thread(story.stack.kill, name, signal.SIGKILL)
    say("  receivables and its worker: killed with -9; visits go on, the ERP sends invoices all the same")


async def _restart_receivables(story: Story) -> None:
    """Start them again after a moment, and say what had piled up."""
    down = time.monotonic()
    await asyncio.sleep(DOWN_SECONDS)
    waiting = await story.undelivered("receivables", OTHERS)
    for name in CRASHING:
        await asyncio.to_thread(story.stack.restart, name)
    await story.nudge("receivables", OTHERS)
    seconds, retries = time.monotonic() - down, story.world.counts.retries - story.counts_at_kill
    say(
        f"  receivables: up again after {seconds:.1f} s; {waiting:,} events were waiting for it, "
        f"the ERP had tried {retries} times"
    )
