"""The second half of the story: invoices, receipts, accruals, payments with deductions, disputes, the ERP's batches."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from deploy.demo import bodies, bodies_money
from deploy.demo.claims import Remittance
from deploy.demo.client import Json, for_all, say
from deploy.demo.constants import CURRENCY, demo_id
from deploy.demo.dataset import Row
from deploy.demo.plan import Return
from deploy.demo.story import Story, latest

BATCH_BYTES: Final = 900_000
BATCH_LINES: Final = 4_500
AT_ONCE: Final = 3
DISPUTE_REASON: Final = "unagreed"


def batches(documents: Iterable[Json]) -> Iterator[list[Json]]:
    """Pack documents into batches within the limits of a request."""
    batch: list[Json] = []
    size = lines = 0
    for document in documents:
        bytes_more, lines_more = len(json.dumps(document)), len(document["lines"])
        if batch and (size + bytes_more > BATCH_BYTES or lines + lines_more > BATCH_LINES):
            yield batch
            batch, size, lines = [], 0, 0
        batch.append(document)
        size, lines = size + bytes_more, lines + lines_more
    if batch:
        yield batch


async def _post_batches(story: Story, name: str, path: str, field: str, documents: Iterable[Json]) -> None:
    erp = story.person("erp", "receivables")

    async def post(batch: list[Json]) -> None:
        key = demo_id("key", field, batch[0]["id"], len(batch))
        answer = await erp.post(path, {field: batch}, key=key)
        refused = answer.get("refused", [])
        assert not refused, f"{name}: refused {refused}"

    await for_all(name, list(batches(documents)), post, at_once=AT_ONCE)


async def invoices(story: Story, chapter: tuple[date, date]) -> None:
    """Post the weeks' invoices."""
    rows = _rows_by_week(story, chapter)
    documents = (bodies_money.invoice(week, rows[week]) for week in rows)
    await _post_batches(story, "batches of invoices", "/v1/invoices:batch", "invoices", documents)


async def receipts(story: Story, chapter: tuple[date, date]) -> None:
    """Post the weeks' goods receipts and returns."""
    rows = _rows_by_week(story, chapter)
    returned: dict[int, list[Return]] = {}
    for back in story.plan.returns:
        if back.row.week in rows:
            returned.setdefault(back.row.week, []).append(back)
    documents = [bodies_money.receipt(week, rows[week]) for week in rows]
    documents += [bodies_money.goods_return(week, backs) for week, backs in returned.items()]
    name, path = "batches of receipts and returns", "/v1/goods-receipts:batch"
    await _post_batches(story, name, path, "goods_receipts", documents)


def _rows_by_week(story: Story, chapter: tuple[date, date]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {week: [] for week in story.weeks(chapter)}
    for row in story.dataset.rows:
        if row.week in found:
            found[row.week].append(row)
    return found


async def accrue(story: Story, as_of: date) -> None:
    """Accrue everything through ``as_of``."""
    finance = story.person("finance", "receivables")
    answer = await finance.post("/v1/accruals:run", {"as_of": as_of.isoformat()})
    say(f"  accruals through {as_of}: {answer['changed']} changed of {answer['examined']} looked at")


async def payments(story: Story, chapter: tuple[date, date]) -> list[Remittance]:
    """Book the chapter's remittances, oldest first, and match their deductions."""
    finance = story.person("finance", "receivables")
    due = [payment for payment in story.payments if chapter[0] <= payment.paid_on <= chapter[1]]
    for payment in due:
        body = bodies_money.remittance(story.plan, payment, story.grosses)
        await finance.post("/v1/remittances", body, key=demo_id("key", payment.number))
    kept = sum(len(payment.deductions) for payment in due)
    say(f"  remittances: {len(due)}, with {kept} deductions")
    answer = await finance.post("/v1/deductions:match", {"as_of": chapter[1].isoformat()})
    settled, disputed = answer["settled"], answer["disputed"]
    say(f"  matching: {answer['examined']} looked at, {settled} settled, {disputed} disputed at least in part")
    return due


async def decide(story: Story, chapter: tuple[date, date], due: Iterable[Remittance]) -> None:
    """Do what people do about deductions that did not match: dispute, get back, give up, or leave."""
    finance = story.person("finance", "receivables")
    controller = story.person("finance_controller", "receivables")
    listed = {one["number"]: one for one in await finance.everything("/v1/deductions", account_id=bodies.ACCOUNT)}
    counts: dict[str, int] = {}
    day = chapter[1].isoformat()
    for payment in due:
        for deduction in payment.deductions:
            found = listed[deduction.number]
            path = f"/v1/deductions/{found['id']}"
            key = demo_id("key", deduction.number, deduction.action)
            match deduction.action:
                case "dispute":
                    body = {"reason": DISPUTE_REASON, "amount": found["open_amount"], "disputed_on": day}
                    await finance.post(f"{path}:dispute", body, key=key)
                case "recover":
                    body = {"amount": found["disputed_amount"], "recovered_on": day}
                    await finance.post(f"{path}:recover", body, key=key)
                case "write_off":
                    body = {"amount": found["disputed_amount"], "written_off_on": day, "reason": "Not worth a dispute."}
                    await controller.post(f"{path}:write-off", body, key=key)
                case _:
                    continue
            counts[deduction.action] = counts.get(deduction.action, 0) + 1
    told = ", ".join(f"{count} {action.replace('_', ' ')}" for action, count in counts.items())
    say(f"  people decided: {told or 'nothing to do'}")


async def erp_batch(story: Story, as_of: date) -> None:
    """Close a batch, read it as the ERP does, and acknowledge it."""
    erp = story.person("erp", "receivables")
    body = {"as_of": latest(as_of).isoformat()}
    closed = await erp.post("/v1/erp-batches:close", body, key=demo_id("key", "close", as_of))
    number = closed["number"]
    batch = await erp.get(f"/v1/erp-batches/{number}")
    receipt = {"hash": batch["hash"], "line_count": batch["line_count"], "total": batch["control_total"]}
    story.batches.append(number)
    await erp.post(f"/v1/erp-batches/{number}:acknowledge", receipt, key=demo_id("key", "acknowledge", number))
    say(f"  ERP batch {number}: {batch['line_count']} lines, {batch['control_total']} {CURRENCY}, acknowledged")
