"""Statements on invoices, goods receipts and remittances; the hot ones are set-based, one per table."""

from shared.platform.pagination import ListQuery

KNOWN_INVOICES = "SELECT id, content_hash FROM invoices WHERE id = ANY ($1)"
INSERT_INVOICES = """
INSERT INTO invoices (id, account_id, settlement_entity_id, number, invoiced_on, due_on, currency, net_amount,
                      tax_amount, gross_amount, line_count, content_hash, posted_at)
SELECT invoice.*, $13 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::date[], $7::text[],
    $8::numeric[], $9::numeric[], $10::numeric[], $11::integer[], $12::bytea[]) AS invoice
ON CONFLICT DO NOTHING RETURNING id
"""
INSERT_INVOICE_LINES = """
INSERT INTO invoice_lines (invoice_id, line_no, account_id, store_id, product_id, quantity, unit_price, net_amount,
                           tax_rate, tax_amount)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::uuid[], $6::numeric[], $7::numeric[],
                     $8::numeric[], $9::numeric[], $10::numeric[])
"""
INVOICE = """
SELECT id, account_id, settlement_entity_id, number, invoiced_on, due_on, currency, net_amount, tax_amount,
       gross_amount, paid_amount, open_amount, line_count, posted_at
FROM invoices
"""
INVOICE_LINES = """
SELECT line_no, store_id, product_id, quantity, unit_price, net_amount, tax_rate, tax_amount
FROM invoice_lines WHERE invoice_id = $1 ORDER BY line_no
"""
INVOICES = ListQuery(
    select=INVOICE,
    order=("invoiced_on", "id"),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "number": "number = {}",
        "invoiced_from": "invoiced_on >= {}",
        "invoiced_to": "invoiced_on <= {}",
        "due_to": "due_on <= {}",
        "is_open": "(paid_amount < gross_amount) = {}",
    },
)
OPEN_INVOICES = """
SELECT id, number, currency, open_amount FROM invoices WHERE settlement_entity_id = $1 AND number = ANY ($2)
ORDER BY id FOR UPDATE
"""
PAY_INVOICES = """
UPDATE invoices SET paid_amount = paid_amount + paid.amount
FROM unnest($1::uuid[], $2::numeric[]) AS paid (id, amount) WHERE invoices.id = paid.id
"""

KNOWN_RECEIPTS = "SELECT id, content_hash FROM goods_receipts WHERE id = ANY ($1)"
INSERT_RECEIPTS = """
INSERT INTO goods_receipts (id, account_id, settlement_entity_id, store_id, number, kind, received_on, invoice_id,
                            currency, net_amount, gross_amount, line_count, content_hash, recorded_at)
SELECT receipt.*, $14 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::date[],
    $8::uuid[], $9::text[], $10::numeric[], $11::numeric[], $12::integer[], $13::bytea[]) AS receipt
ON CONFLICT DO NOTHING RETURNING id
"""
INSERT_RECEIPT_LINES = """
INSERT INTO goods_receipt_lines (goods_receipt_id, line_no, account_id, product_id, quantity, unit_price, net_amount,
                                 tax_rate, tax_amount)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::numeric[], $6::numeric[], $7::numeric[],
                     $8::numeric[], $9::numeric[])
"""
RECEIPT = """
SELECT id, account_id, settlement_entity_id, store_id, number, kind, received_on, invoice_id, currency, net_amount,
       gross_amount, line_count, recorded_at
FROM goods_receipts
"""
RECEIPT_LINES = """
SELECT line_no, product_id, quantity, unit_price, net_amount, tax_rate, tax_amount
FROM goods_receipt_lines WHERE goods_receipt_id = $1 ORDER BY line_no
"""
RECEIPTS = ListQuery(
    select=RECEIPT,
    order=("received_on", "id"),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "store_id": "store_id = {}",
        "kind": "kind = {}",
        "received_from": "received_on >= {}",
        "received_to": "received_on <= {}",
    },
)

INSERT_REMITTANCE = """
INSERT INTO remittances (id, account_id, settlement_entity_id, number, paid_on, currency, amount, deducted_amount,
                         settled_amount, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
INSERT_REMITTANCE_LINES = """
INSERT INTO remittance_lines (remittance_id, line_no, account_id, invoice_id, paid_on, amount)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::date[], $6::numeric[])
"""
REMITTANCE = """
SELECT id, account_id, settlement_entity_id, number, paid_on, currency, amount, deducted_amount, settled_amount,
       recorded_at
FROM remittances
"""
REMITTANCE_LINES = """
SELECT line.line_no, line.invoice_id, invoice.number AS invoice_number, line.amount
FROM remittance_lines AS line JOIN invoices AS invoice ON invoice.id = line.invoice_id
WHERE line.remittance_id = $1 ORDER BY line.line_no
"""
REMITTANCES = ListQuery(
    select=REMITTANCE,
    order=("paid_on", "id"),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "paid_from": "paid_on >= {}",
        "paid_to": "paid_on <= {}",
    },
)
DEDUCTION = """
SELECT id, account_id, settlement_entity_id, remittance_id, number, reason_code, fee_kind, claim_reference, currency,
       amount, open_amount, accepted_amount, disputed_amount, recovered_amount, written_off_amount, status,
       dispute_reason, match_note, is_documented, received_on, version
FROM deductions
"""
DEDUCTIONS = ListQuery(
    select=DEDUCTION,
    order=("received_on", "id"),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "remittance_id": "remittance_id = {}",
        "status": "status = {}",
        "claim_reference": "claim_reference = {}",
        "dispute_reason": "dispute_reason = {}",
        "match_note": "match_note = {}",
    },
)
