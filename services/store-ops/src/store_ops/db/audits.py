"""Statements on audits; taking one in is the hottest write of the product and therefore one statement."""

from typing import Any
from uuid import UUID

from shared.platform.db import Connection
from shared.platform.outbox import emit_new
from shared.platform.pagination import ListQuery
from store_ops.domain.audit import AuditNotFound

TAKE_IN = f"""
WITH store AS (
    SELECT id, account_id FROM stores WHERE id = $2
), new AS (
    INSERT INTO audits (id, store_id, account_id, visited_at, received_at, submitted_by, template_version, findings,
                        photo_sha256s, note, latitude, longitude, content_sha256)
    SELECT $1, store.id, store.account_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
    FROM store WHERE store.account_id = $17
    ON CONFLICT DO NOTHING
    RETURNING id
), {emit_new("new", 13)}
SELECT store.account_id, EXISTS (SELECT FROM new) AS is_new, known.content_sha256, known.received_at
FROM store LEFT JOIN audits AS known ON known.id = $1
"""  # noqa: S608 - put together from constants
"""Insert the audit and its event, unless its id is known; all that the answer needs comes back.

No row: no such store within the scope. Neither new nor known: the event was made out for another account than the
store's, or a concurrent request for the same id was faster; then it is worth asking again.
"""

KNOWN = "SELECT content_sha256, received_at FROM audits WHERE id = $1"

_ONE = """
SELECT audit.id, audit.store_id, audit.account_id, audit.visited_at, audit.received_at, audit.submitted_by,
       audit.template_version, audit.findings, audit.photo_sha256s, audit.note, audit.latitude, audit.longitude,
       audit.verified_at, store.latitude AS store_latitude, store.longitude AS store_longitude
FROM audits AS audit LEFT JOIN stores AS store ON store.id = audit.store_id
WHERE audit.id = $1
"""

LIST = ListQuery(
    select="""
SELECT id, store_id, account_id, visited_at, received_at, submitted_by, template_version,
       jsonb_array_length(findings) AS finding_count, verified_at
FROM audits""",
    order=("id",),
    filters={
        "account_id": "account_id = {}",
        "store_id": "store_id = {}",
        "visited_from": "visited_at >= {}",
        "visited_before": "visited_at < {}",
    },
    descending=True,
)
"""Audits by id, the newest first: phones make their ids in the order of time (UUIDv7)."""


async def known(connection: Connection, audit_id: UUID) -> dict[str, Any]:
    """Return hash and time of receipt of an audit within the scope; nothing if there is none."""
    row = await connection.fetchrow(KNOWN, audit_id)
    return dict(row) if row is not None else {}


async def find(connection: Connection, audit_id: UUID) -> dict[str, Any]:
    """Return the audit's row with its store's position.

    Raises:
        AuditNotFound: absent, or of an account outside the scope.
    """
    row = await connection.fetchrow(_ONE, audit_id)
    if row is None:
        raise AuditNotFound(f"There is no audit {audit_id} among your accounts. Check the id, or send the audit first.")
    return dict(row)
