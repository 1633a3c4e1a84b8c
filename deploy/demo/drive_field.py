"""The middle of the story: field reps visit stores, some late, some twice, some without a photo."""

import asyncio
import random
from datetime import date

from deploy.demo import bodies, bodies_field
from deploy.demo.client import Json, for_all, say
from deploy.demo.constants import SEED, demo_id
from deploy.demo.dataset import Promotion
from deploy.demo.photos import sha256
from deploy.demo.story import Story

Visit = tuple[int, int]
"""Store and week."""
UNDER_WAY_SHARE = 0.3


async def tasks(story: Story) -> dict[tuple[str, str, str], str]:
    """Read the tasks that the promotions gave to the stores, as the reps' phones do."""
    rep = story.person("field_rep", "store-ops")
    listed = await rep.everything("/v1/tasks", account_id=bodies.ACCOUNT, status="open")
    say(f"  tasks on the phones: {len(listed):,}")
    return {(task["promotion_number"], task["tactic_kind"], task["store_id"]): task["id"] for task in listed}


def visits(story: Story, chapter: tuple[date, date]) -> list[tuple[Visit, str]]:
    """Return the visits of the chapter's weeks that took place, in the order in which phones happened to send them."""
    weeks = set(story.weeks(chapter))
    found = [(key, kind) for key, kind in story.plan.visits.items() if key[1] in weeks and kind != "missed"]
    random.Random(f"{SEED}/order/{chapter[0]}").shuffle(found)  # noqa: S311 - a repeatable story, no secret.
    return found


async def audits(
    story: Story, chapter: tuple[date, date], known: bodies_field.TaskIds, under_way: asyncio.Event
) -> None:
    """Send photos and audits but the late ones; what is sent twice has to be answered the same.

    ``under_way`` is set when a part of them has been sent.
    """
    rep = story.person("field_rep", "store-ops")
    due = [(key, kind) for key, kind in visits(story, chapter) if kind != "late_audit"]

    sent = 0

    async def send(visit: tuple[Visit, str]) -> None:
        nonlocal sent
        sent += 1
        if sent > len(due) * UNDER_WAY_SHARE:
            under_way.set()
        key, kind = visit
        if kind not in {"no_photo", "late_photo"}:
            await send_photo(story, key)
        receipt = await send_audit(story, key, known)
        if kind == "sent_twice":
            again = await send_audit(story, key, known)
            assert again == receipt, f"visit {key} was answered differently when it was sent again"
        if kind == "corrected":
            await send_photo(story, key, "before")
            before = bodies_field.audit_before(story.dataset, key, _due(story, key), known)
            await rep.put(f"/v1/audits/{demo_id('audit', *key, 'before')}", before)

    await for_all("visits with their photos", due, send)


async def stragglers(story: Story, chapter: tuple[date, date], known: bodies_field.TaskIds) -> None:
    """Send what phones held back: late audits, and photos whose audit is long there."""
    late = [(key, kind) for key, kind in visits(story, chapter) if kind in {"late_audit", "late_photo"}]

    async def send(visit: tuple[Visit, str]) -> None:
        key, kind = visit
        await send_photo(story, key)
        if kind == "late_audit":
            await send_audit(story, key, known)

    await for_all("late audits and photos", late, send)


async def send_photo(story: Story, key: Visit, kind: str = "visit") -> None:
    """Send a visit's photo under its SHA-256."""
    content = bodies_field.visit_photo(*key, kind)
    await story.person("field_rep", "store-ops").put_bytes(f"/v1/photos/{sha256(content)}", content, "image/png")


async def send_audit(story: Story, key: Visit, known: bodies_field.TaskIds) -> Json:
    """Send a visit's audit under the phone's own id; return the receipt."""
    body = bodies_field.audit(story.dataset, key, _due(story, key), known)
    rep = story.person("field_rep", "store-ops")
    receipt: Json = (await rep.put(f"/v1/audits/{demo_id('audit', *key)}", body)).json()
    return receipt


def _due(story: Story, key: Visit) -> list[Promotion]:
    return story.plan.store_weeks[key]
