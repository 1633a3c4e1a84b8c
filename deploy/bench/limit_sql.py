"""Tables and statements of the limit: copies of the services' tables without policies, triggers and foreign keys."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson

from shared.platform.pagination import PageRequest

TABLES = {
    "audit": "CREATE TABLE bench.audits (LIKE store_ops.audits INCLUDING ALL)",
    "outbox": "CREATE TABLE bench.outbox (LIKE store_ops.outbox INCLUDING ALL)",
    "contracts": "CREATE TABLE bench.contracts (LIKE contracts.contracts INCLUDING ALL);"
    "CREATE TABLE bench.contract_versions (LIKE contracts.contract_versions INCLUDING ALL)",
    "sell_out": "CREATE TABLE bench.sell_out (LIKE promotions.sell_out INCLUDING ALL)",
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
VALUES ($1::uuid, '/bench', 'bench.product.v1', 'product/' || $1::uuid::text, 1, now(), now(), $2::json, 'done',
        clock_timestamp())
"""


def page_of(limit: int) -> PageRequest:
    """Return a request for a first page."""
    return PageRequest(limit, None, "")


POST_INVOICES = f"""
WITH line AS (
    SELECT *, round(net_amount * tax_rate, 2) AS tax_amount
    FROM unnest($7::uuid[], $8::integer[], $9::uuid[], $10::uuid[], $11::uuid[], $12::numeric[], $13::numeric[],
                $14::numeric[], $15::numeric[])
         AS line (invoice_id, line_no, account_id, store_id, product_id, quantity, unit_price, net_amount, tax_rate)
), total AS (
    SELECT invoice_id, sum(net_amount) AS net, sum(tax_amount) AS tax, count(*) AS lines FROM line GROUP BY invoice_id
), head AS (
    INSERT INTO bench.invoices (id, account_id, settlement_entity_id, number, invoiced_on, due_on, currency,
                                net_amount, tax_amount, gross_amount, line_count, content_hash, posted_at)
    SELECT id, account_id, entity_id, number, invoiced_on, invoiced_on + 30, currency, net, tax, net + tax, lines, '',
           now()
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::text[])
         AS head (id, account_id, entity_id, number, invoiced_on, currency)
    JOIN total ON total.invoice_id = head.id
), lines AS (
    INSERT INTO bench.invoice_lines (invoice_id, line_no, account_id, store_id, product_id, quantity, unit_price,
                                     net_amount, tax_rate, tax_amount)
    SELECT invoice_id, line_no, account_id, store_id, product_id, quantity, unit_price, net_amount, tax_rate, tax_amount
    FROM line
)
INSERT INTO bench.outbox ({OUTBOX_COLUMNS})
SELECT event_id, 'bench.invoice.v1', 'invoice', 'invoice/' || invoice_id::text, 1, account_id, now(), envelope
FROM unnest($16::uuid[], $1::uuid[], $2::uuid[], $17::text[]) AS event (event_id, invoice_id, account_id, envelope)
"""  # noqa: S608 - put together from constants

Invoices = Sequence[Mapping[str, Any]]


def invoice_rows(invoices: Invoices, envelope_of: Callable[..., str]) -> list[list[Any]]:
    """Return the columns of ``POST_INVOICES``: heads, lines, events."""
    heads = [
        (
            invoice["id"], invoice["account_id"], invoice["settlement_entity_id"], invoice["number"],
            date.fromisoformat(invoice["invoiced_on"]), invoice["currency"],
        )
        for invoice in invoices
    ]  # fmt: skip
    lines = [
        (
            invoice["id"], line["line_no"], invoice["account_id"], line["store_id"], line["product_id"],
            Decimal(line["quantity"]), Decimal(line["unit_price"]), Decimal(line["net_amount"]),
            Decimal(line["tax_rate"]),
        )
        for invoice in invoices
        for line in invoice["lines"]
    ]  # fmt: skip
    events = []
    for invoice in invoices:
        event_id = uuid4()
        subject, data = f"invoice/{invoice['id']}", orjson.dumps(invoice)
        events.append((event_id, envelope_of("bench.invoice.v1", event_id, subject, 1, data)))
    return [list(column) for rows in (heads, lines, events) for column in zip(*rows, strict=True)]
