"""Tasks 任务: what promotions ask of stores, and what was found there."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from shared.platform.fields import Answer, Instant, UnitPrice
from shared.platform.http import Raw, Router, json_response
from shared.platform.pagination import Page
from store_ops.api.audit_body import PHOTOS_MAX
from store_ops.api.common import READERS
from store_ops.db import tasks as queries
from store_ops.domain.task import TacticKind, TaskStatus

router = Router(prefix="/v1/tasks", tags=["tasks"])


class TaskOut(Answer):
    """One tactic of a promotion in one store, and the verdict on its execution."""

    id: UUID
    """Task: UUIDv5 of the store's id in the tactic's id; the subject ``execution/<id>`` of ``execution_verified``."""
    account_id: UUID
    """Account 客户."""
    promotion_id: UUID
    """Promotion that asks for it."""
    promotion_number: str | None
    """The promotion's number."""
    tactic_id: UUID
    """Tactic of the promotion."""
    tactic_kind: TacticKind
    """``price`` 促销价, ``dm`` DM海报 or ``endcap`` 端架/TG."""
    store_id: UUID
    """Store where it is to be found."""
    product_id: UUID
    """Product that it is about."""
    sku: str | None
    """The product's SKU, once it has arrived from contracts."""
    product_name: str | None
    """The product's name, once it has arrived from contracts."""
    expected_price: UnitPrice | None
    """Agreed promotional retail price per unit."""
    expected_count: int
    """Displays contracted for the store; 1 for a price or a DM place."""
    starts_on: date
    """First day on which an audit counts."""
    ends_on: date
    """Last day on which an audit counts."""
    status: TaskStatus
    """``open`` until an audit counts for it, then its verdict; ``withdrawn`` with its promotion."""
    audit_id: UUID | None
    """Audit that decided: the latest by (visited_at, id)."""
    found_count: int
    """Displays found; 1 or 0 for a price or a DM place."""
    found_price: UnitPrice | None
    """Price on the tag per unit."""
    found_on: date | None
    """Business date of the deciding visit."""
    photo_sha256s: Annotated[list[str], Field(max_length=PHOTOS_MAX)]
    """Photos that prove it."""
    verified_at: Instant | None
    """When the verdict was last worked out anew."""
    version: int
    """Rises with each change; the ETag."""


@router.get("/{task_id}", operation_id="get_task", policy=READERS, answers=TaskOut)
async def get_task(task_id: UUID, raw: Raw) -> Response:
    """Return one task."""
    row = await queries.find(raw, task_id)
    return json_response(row, etag=row["version"])


@router.get("", operation_id="list_tasks", policy=READERS, list_of=TaskOut)
async def list_tasks(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    store_id: UUID | None = None,
    promotion_id: UUID | None = None,
    status: TaskStatus | None = None,
    due_before: Annotated[date | None, Query(description="Tasks whose last day is before this date.")] = None,
) -> Response:
    """List tasks by their last day."""
    return await queries.LIST.page(
        raw,
        page,
        account_id=account_id,
        store_id=store_id,
        promotion_id=promotion_id,
        status=status,
        due_before=due_before,
    )
