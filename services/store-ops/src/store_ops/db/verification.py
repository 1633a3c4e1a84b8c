"""Statements of the verification 核验: what is new, which tasks it concerns, which finding speaks for each of them.

The rule which finding speaks for a task (``deciding`` in the domain) stands here as SQL as well, because it chooses
among many rows; a test holds the two against each other. What the finding proves is said in the domain alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.kernel.periods import Span
from shared.platform.db import Connection
from store_ops.domain.audit import Finding, FindingKind
from store_ops.domain.task import TacticKind, Task
from store_ops.domain.verification import Outcome, Sighting, Verdict

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || ' verification', 0))"
TAKE_AUDITS = """
UPDATE audits SET verified_at = $1
WHERE (store_id, visited_at, id) IN (
    SELECT store_id, visited_at, id FROM audits WHERE verified_at IS NULL ORDER BY received_at LIMIT $2
)
RETURNING id
"""
TAKE_PHOTOS = """
UPDATE photos SET verified_at = $1
WHERE sha256 IN (SELECT sha256 FROM photos WHERE verified_at IS NULL ORDER BY received_at LIMIT $2)
RETURNING sha256
"""
LINK_PHOTOS = """
INSERT INTO audit_photos (sha256, audit_id, store_id, account_id)
SELECT photo.sha256, audit.id, audit.store_id, audit.account_id
FROM audits AS audit CROSS JOIN LATERAL (
    SELECT unnest(audit.photo_sha256s)
    UNION
    SELECT jsonb_array_elements_text(finding -> 'photo_sha256s') FROM jsonb_array_elements(audit.findings) AS finding
) AS photo (sha256)
WHERE audit.id = ANY ($1)
ON CONFLICT DO NOTHING
"""
_WINDOW = """
audit.visited_at >= (task.starts_on - $2::integer)::timestamp AT TIME ZONE $3
AND audit.visited_at < (task.ends_on + $2::integer + 1)::timestamp AT TIME ZONE $3"""
CONCERNED = f"""
SELECT id FROM tasks
WHERE status <> 'withdrawn' AND id = ANY (ARRAY(
    SELECT task.id
    FROM audits AS audit
    CROSS JOIN LATERAL jsonb_to_recordset(audit.findings) AS finding (kind text, product_id uuid)
    JOIN tasks AS task ON task.store_id = audit.store_id AND task.product_id = finding.product_id
                      AND task.tactic_kind = finding.kind
    WHERE audit.id = ANY ($1) AND {_WINDOW}
    UNION
    SELECT task.id
    FROM audit_photos AS photo
    JOIN tasks AS task ON task.audit_id = photo.audit_id AND task.store_id = photo.store_id
    WHERE photo.sha256 = ANY ($4)
    UNION
    (SELECT id FROM tasks WHERE is_stale ORDER BY id LIMIT $5)
))
ORDER BY id FOR UPDATE
"""  # noqa: S608 - put together from constants
"""Locks the tasks in the order of their ids, as every other writer of tasks does."""
DECIDE = f"""
SELECT task.id, task.account_id, task.promotion_id, task.tactic_id, task.tactic_kind, task.store_id, task.product_id,
       task.expected_price, task.expected_count, task.starts_on, task.ends_on, task.is_stale,
       task.verdict, task.audit_id, task.found_count, task.found_price, task.found_on, task.photo_sha256s,
       found.audit_id AS seen_audit_id, found.visited_at, found.task_id, found.is_present, found.price_found,
       found.count_found, found.finding_photos, found.audit_photos,
       ARRAY(SELECT sha256 FROM photos WHERE sha256 = ANY (
           CASE WHEN found.finding_photos = '{{}}' THEN found.audit_photos ELSE found.finding_photos END)) AS arrived
FROM tasks AS task
LEFT JOIN LATERAL (
    SELECT audit.id AS audit_id, audit.visited_at, audit.photo_sha256s AS audit_photos, finding.task_id,
           finding.is_present, finding.price_found, finding.count_found,
           COALESCE(finding.photo_sha256s, '{{}}') AS finding_photos
    FROM audits AS audit
    CROSS JOIN LATERAL jsonb_to_recordset(audit.findings)
        AS finding (kind text, product_id uuid, task_id uuid, is_present boolean, price_found numeric(18, 4),
                    count_found integer, photo_sha256s text[])
    WHERE audit.store_id = task.store_id AND {_WINDOW}
      AND finding.kind = task.tactic_kind AND finding.product_id = task.product_id
      AND (finding.task_id IS NULL OR finding.task_id = task.id)
    ORDER BY audit.visited_at DESC, audit.id DESC, finding.task_id NULLS LAST
    LIMIT 1
) AS found ON true
WHERE task.id = ANY ($1)
"""  # noqa: S608 - put together from constants
SETTLE = """
UPDATE tasks AS task
SET status = seen.verdict, verdict = seen.verdict, audit_id = seen.audit_id, found_count = seen.found_count,
    found_price = seen.found_price, found_on = seen.found_on,
    photo_sha256s = string_to_array(seen.photos, ','), verified_at = $1, is_stale = false, version = task.version + 1
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::integer[], $7::numeric[], $8::date[], $9::text[])
     AS seen (id, store_id, verdict, audit_id, found_count, found_price, found_on, photos)
WHERE task.id = seen.id AND task.store_id = seen.store_id
"""
FRESHEN = "UPDATE tasks SET is_stale = false WHERE id = ANY ($1) AND is_stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A task with what was known of it and the sighting that speaks for it now."""

    task: Task
    known: Outcome | None
    found: Sighting | None
    expectation_changed: bool


def case_of(row: asyncpg.Record) -> Case:
    """Return the case that a row of ``DECIDE`` describes."""
    task = Task(
        id=row["id"],
        account_id=row["account_id"],
        promotion_id=row["promotion_id"],
        tactic_id=row["tactic_id"],
        tactic_kind=TacticKind(row["tactic_kind"]),
        store_id=row["store_id"],
        product_id=row["product_id"],
        expected_price=row["expected_price"],
        expected_count=row["expected_count"],
        window=Span(start=row["starts_on"], end=row["ends_on"]),
    )
    return Case(task=task, known=_known(row), found=_found(row, task), expectation_changed=row["is_stale"])


def _known(row: asyncpg.Record) -> Outcome | None:
    if row["verdict"] is None:
        return None
    return Outcome(
        verdict=Verdict(row["verdict"]),
        audit_id=row["audit_id"],
        found_count=row["found_count"],
        found_price=row["found_price"],
        found_on=row["found_on"],
        photo_sha256s=tuple(row["photo_sha256s"]),
    )


def _found(row: asyncpg.Record, task: Task) -> Sighting | None:
    if row["seen_audit_id"] is None:
        return None
    finding = Finding(
        kind=FindingKind(task.tactic_kind.value),
        product_id=task.product_id,
        task_id=row["task_id"],
        is_present=row["is_present"],
        price_found=row["price_found"],
        count_found=row["count_found"],
        photo_sha256s=tuple(row["finding_photos"]),
    )
    return Sighting(
        audit_id=row["seen_audit_id"],
        store_id=task.store_id,
        visited_at=row["visited_at"],
        finding=finding,
        audit_photo_sha256s=tuple(row["audit_photos"]),
        arrived=frozenset(row["arrived"]),
    )


async def settle(connection: Connection, outcomes: Sequence[tuple[Task, Outcome]], *, at: datetime) -> None:
    """Write new outcomes to their tasks, whose rows are locked."""
    columns = zip(
        *(
            (
                task.id, task.store_id, outcome.verdict.value, outcome.audit_id, outcome.found_count,
                outcome.found_price, outcome.found_on, ",".join(outcome.photo_sha256s),
            )
            for task, outcome in outcomes
        ),
        strict=True,
    )  # fmt: skip
    await connection.execute(SETTLE, at, *map(list, columns))


async def freshen(connection: Connection, task_ids: Sequence[UUID]) -> None:
    """Take the mark off tasks that were looked at and did not change."""
    await connection.execute(FRESHEN, task_ids)
