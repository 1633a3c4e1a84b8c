"""Statements on tasks: made and withdrawn by promotions, read by phones."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.platform.db import Connection
from shared.platform.pagination import ListQuery
from store_ops.domain.task import Task, TaskNotFound

SELECT = """
SELECT t.id, t.account_id, t.promotion_id, promotion.number AS promotion_number, t.tactic_id, t.tactic_kind,
       t.store_id, t.product_id, product.sku, product.name AS product_name, t.expected_price, t.expected_count,
       t.starts_on, t.ends_on, t.status, t.audit_id, t.found_count, t.found_price, t.found_on, t.photo_sha256s,
       t.verified_at, t.version
FROM tasks AS t
LEFT JOIN promotions AS promotion ON promotion.id = t.promotion_id
LEFT JOIN products AS product ON product.id = t.product_id"""

LIST = ListQuery(
    select=SELECT,
    order=("t.ends_on", "t.id"),
    filters={
        "account_id": "t.account_id = {}",
        "store_id": "t.store_id = {}",
        "promotion_id": "t.promotion_id = {}",
        "status": "t.status = {}",
        "due_before": "t.ends_on < {}",
    },
)
"""Tasks by the last day on which they can be found executed."""

_NOTE_PROMOTIONS = """
INSERT INTO promotions AS known (id, account_id, number, version)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])
ON CONFLICT (id) DO UPDATE SET number = excluded.number, version = excluded.version
WHERE known.version < excluded.version
"""

_PLAN = """
INSERT INTO tasks AS known (id, store_id, account_id, promotion_id, tactic_id, tactic_kind, product_id,
                            expected_price, expected_count, starts_on, ends_on, status, is_stale, version)
SELECT id, store_id, account_id, promotion_id, tactic_id, tactic_kind, product_id,
       expected_price, expected_count, starts_on, ends_on, 'open', true, 1
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::numeric[],
            $9::integer[], $10::date[], $11::date[])
     AS task (id, store_id, account_id, promotion_id, tactic_id, tactic_kind, product_id,
              expected_price, expected_count, starts_on, ends_on)
ORDER BY id
ON CONFLICT (id, store_id) DO UPDATE
SET tactic_kind = excluded.tactic_kind, product_id = excluded.product_id, expected_price = excluded.expected_price,
    expected_count = excluded.expected_count, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
    status = CASE known.status WHEN 'withdrawn' THEN COALESCE(known.verdict, 'open') ELSE known.status END,
    is_stale = true, version = known.version + 1
WHERE known.status = 'withdrawn'
   OR (known.tactic_kind, known.product_id, known.expected_price, known.expected_count, known.starts_on, known.ends_on)
      IS DISTINCT FROM
      (excluded.tactic_kind, excluded.product_id, excluded.expected_price, excluded.expected_count,
       excluded.starts_on, excluded.ends_on)
"""

_WITHDRAW = """
UPDATE tasks SET status = 'withdrawn', is_stale = false, version = version + 1
WHERE promotion_id = ANY ($1) AND status <> 'withdrawn' AND id <> ALL ($2)
"""


async def find(connection: Connection, task_id: UUID) -> dict[str, Any]:
    """Return the task's row.

    Raises:
        TaskNotFound: absent, or of an account outside the scope.
    """
    row = await connection.fetchrow(f"{SELECT} WHERE t.id = $1", task_id)
    if row is None:
        raise TaskNotFound(
            f"There is no task {task_id} among your accounts. A promotion's tasks come when it is committed."
        )
    return dict(row)


async def note_promotions(connection: Connection, rows: Sequence[tuple[UUID, UUID, str, int]]) -> None:
    """Keep (id, account, number, version) of promotions."""
    await connection.execute(_NOTE_PROMOTIONS, *map(list, zip(*rows, strict=True)))


async def plan(connection: Connection, tasks: Sequence[Task]) -> None:
    """Insert new tasks and change known ones; only what really changes is verified again."""
    if not tasks:
        return
    columns = zip(
        *(
            (
                task.id, task.store_id, task.account_id, task.promotion_id, task.tactic_id, task.tactic_kind.value,
                task.product_id, task.expected_price, task.expected_count, task.window.start, task.window.end,
            )
            for task in tasks
        ),
        strict=True,
    )  # fmt: skip
    await connection.execute(_PLAN, *map(list, columns))


async def withdraw(connection: Connection, promotion_ids: Sequence[UUID], *, kept: Sequence[UUID]) -> None:
    """Withdraw the promotions' tasks but for those ``kept``."""
    await connection.execute(_WITHDRAW, promotion_ids, kept)
