"""Tables and statements of the limit: copies of the services' tables without policies, triggers and foreign keys."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import orjson

from shared.platform.pagination import PageRequest

TABLES = {
    "audit": "CREATE TABLE bench.audits (LIKE store_ops.audits INCLUDING ALL)",
    "outbox": "CREATE TABLE bench.outbox (LIKE store_ops.outbox INCLUDING ALL)",
    "contracts": "CREATE TABLE bench.contracts (LIKE contracts.contracts INCLUDING ALL);"
    "CREATE TABLE bench.contract_versions (LIKE contracts.contract_versions INCLUDING ALL)",
    "invoices": "CREATE TABLE bench.invoices (LIKE receivables.invoices INCLUDING ALL);"
    "CREATE TABLE bench.invoice_lines (LIKE receivables.invoice_lines INCLUDING ALL)",
}

OUTBOX_COLUMNS = "event_id, type, noun, subject, subject_version, account_id, occurred_at, envelope"

PUT_AUDIT = f"""
WITH new AS (
    INSERT INTO bench.audits (id, store_id, account_id, visited_at, received_at, submitted_by, template_version,
                              findings, photo_sha256s, note, content_sha256)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING received_at, account_id
)
INSERT INTO bench.outbox ({OUTBOX_COLUMNS})
SELECT $12, $13, $14, $15, 1, account_id, received_at, $16 FROM new
"""  # noqa: S608 - put together from constants

FEED = "SELECT pos, envelope FROM outbox WHERE pos > $1 ORDER BY pos LIMIT $2"

LOCK_CONTRACT = """
SELECT contract.*, draft.number AS draft_number, draft.tax_basis, draft.payment_terms, draft.terms
FROM bench.contracts AS contract
JOIN bench.contract_versions AS draft ON draft.contract_id = contract.id AND draft.signed_on IS NULL
WHERE contract.id = $1 FOR UPDATE OF contract
"""
SIGN_CONTRACT = f"""
WITH head AS (
    UPDATE bench.contracts SET status = 'signed', version = $2 WHERE id = $1
), draft AS (
    UPDATE bench.contract_versions SET signed_on = $4, signatory = $5, document_sha256 = $6
    WHERE contract_id = $1 AND number = $3
)
INSERT INTO bench.outbox ({OUTBOX_COLUMNS}) VALUES ($7, $8, $9, $10, $2, $11, now(), $12)
"""  # noqa: S608 - put together from constants

TAKE_EVENT = """
WITH copied AS (
    INSERT INTO bench.products (id, version, sku, name, brand)
    SELECT $1::uuid, 1, row.sku, row.name, row.brand FROM json_populate_record(NULL::bench.products, $2::json) AS row
)
INSERT INTO bench.inbox (event_id, source, type, subject, subject_version, occurred_at, received_at, data, state,
                         applied_at)
VALUES ($1::uuid, '/bench', 'bench.product.v1', 'product/' || $1::uuid::text, 1, now(), now(), $2::json, 'done', clock_timestamp())
"""


def page_of(limit: int) -> PageRequest:
    """Return a request for a first page."""
    return PageRequest(limit, None, "")


def invoice_rows(
    invoices: Sequence[Mapping[str, Any]], envelope_of: Callable[..., str]
) -> tuple[list[Any], list[Any], list[Any]]:
    """To come."""
    raise NotImplementedError


POST_INVOICES = ""
