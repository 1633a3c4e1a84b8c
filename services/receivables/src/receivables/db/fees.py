"""Lists of accruals, settled fees and journal entries, and what an explanation is put together from."""

from shared.platform.pagination import ListQuery

ACCRUAL = """
SELECT id, account_id, settlement_entity_id, source, contract_id, contract_version, term_id, term_code, promotion_id,
       promotion_fee_id, agreement_number, fee_kind, settlement_method, currency, cycle_start, cycle_end,
       accrued_through, driver, driver_quantity, elapsed, tax_basis, tax_rate, amount, amount_incl_tax,
       amount_excl_tax, consumed_amount, reclaim_amount, open_amount, claim_reference
FROM accruals
"""
ACCRUAL_ENTRIES = """
SELECT booked_on, accrued_through, driver_quantity, delta_incl_tax, delta_excl_tax, recorded_at
FROM accrual_entries WHERE accrual_id = $1 ORDER BY seq
"""
ACCRUALS = ListQuery(
    select=ACCRUAL,
    order=("cycle_start", "id"),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "contract_id": "contract_id = {}",
        "promotion_id": "promotion_id = {}",
        "source": "source = {}",
        "fee_kind": "fee_kind = {}",
        "is_open": "(open_amount > 0) = {}",
    },
)
SETTLED_FEE = """
SELECT id, account_id, settlement_entity_id, number, accrual_id, deduction_id, remittance_id, fee_kind,
       settlement_method, currency, amount, tax_rate, tax_amount, amount_excl_tax, settled_on, document_kind,
       document_number, documented_on, erp_batch, erp_position
FROM settled_fees
"""
SETTLED_FEES = ListQuery(
    select=SETTLED_FEE,
    order=("settled_on", "id"),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "deduction_id": "deduction_id = {}",
        "accrual_id": "accrual_id = {}",
        "erp_batch": "erp_batch = {}",
        "settled_from": "settled_on >= {}",
        "settled_to": "settled_on <= {}",
    },
)
JOURNAL_ENTRY = """
SELECT id, seq, account_id, settlement_entity_id, kind, source_id, booked_on, currency, recorded_at,
       (SELECT json_agg(json_build_object('ledger', ledger, 'debit', debit::text, 'credit', credit::text)
                        ORDER BY line_no)
        FROM journal_lines WHERE entry_id = journal_entries.id) AS lines
FROM journal_entries
"""
JOURNAL_ENTRIES = ListQuery(
    select=JOURNAL_ENTRY,
    order=("seq",),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "source_id": "source_id = {}",
        "kind": "kind = {}",
        "booked_from": "booked_on >= {}",
        "booked_to": "booked_on <= {}",
    },
)
LEDGER_BALANCES = """
SELECT line.ledger, entry.currency, sum(line.debit) AS debit, sum(line.credit) AS credit,
       sum(line.debit) - sum(line.credit) AS balance
FROM journal_lines AS line JOIN journal_entries AS entry ON entry.id = line.entry_id
WHERE entry.booked_on <= $1 AND ($2::uuid IS NULL OR entry.account_id = $2)
GROUP BY line.ledger, entry.currency ORDER BY entry.currency, line.ledger
"""
ERP_LINE = """
SELECT line.batch_number, line.position, batch.hash, batch.closed_at, ack.acknowledged_at
FROM erp_batch_lines AS line JOIN erp_batches AS batch ON batch.number = line.batch_number
LEFT JOIN erp_acknowledgements AS ack ON ack.batch_number = batch.number
WHERE line.settled_fee_id = $1
"""
CONTRACT_CLAUSE = """
SELECT contract.number AS contract_number, version.number AS version, version.valid_from, version.valid_to,
       version.signed_on, version.document_sha256, version.is_withdrawn, term.code AS term_code, term.clause,
       term.method, term.driver, term.period, term.tiers, term.tier_mode, term.minimum, term.maximum, term.tax_basis,
       term.cycle, term.settlement_method
FROM contracts AS contract
JOIN contract_versions AS version ON version.contract_id = contract.id
JOIN contract_terms AS term ON term.contract_id = version.contract_id AND term.version_number = version.number
WHERE contract.id = $1 AND version.number = $2 AND term.term_id = $3
"""
PROMOTION_TACTIC = """
SELECT promotion.number AS promotion_number, promotion.name, promotion.mechanic, promotion.status,
       promotion.starts_on, promotion.ends_on, promotion.agreement_sha256, promotion.agreement_signed_on,
       fee.tactic_id, fee.tactic_kind, fee.product_id, product.sku, product.name AS product_name,
       tactic.count_per_store, tactic.expected_price, fee.basis, fee.unit_amount, fee.planned_amount,
       fee.planned_count, fee.verified_count, fee.verified_share, fee.units_sold, fee.earned_amount, fee.earned_on,
       fee.evidence_task_ids, tactic.dm_slot_id, COALESCE(tactic.dm_slot_no, booking.slot_no) AS dm_slot_no,
       COALESCE(tactic.dm_position, booking.position) AS dm_position, booking.calendar_year AS dm_calendar_year,
       booking.starts_on AS dm_starts_on, booking.ends_on AS dm_ends_on
FROM promotion_fees AS fee
JOIN promotions AS promotion ON promotion.id = fee.promotion_id
LEFT JOIN promotion_tactics AS tactic ON tactic.id = fee.tactic_id
LEFT JOIN LATERAL (
    SELECT * FROM dm_slot_bookings AS each WHERE each.tactic_id = fee.tactic_id
    ORDER BY is_released, version DESC LIMIT 1
) AS booking ON true
LEFT JOIN products AS product ON product.id = fee.product_id
WHERE fee.id = $1
"""
EXECUTIONS = """
SELECT execution.id AS task_id, execution.store_id, store.code AS store_code, store.name AS store_name,
       execution.verdict, execution.audit_id, execution.contracted_count, execution.found_count,
       execution.agreed_price, execution.found_price, execution.found_on, execution.photo_sha256s
FROM executions AS execution LEFT JOIN stores AS store ON store.id = execution.store_id
WHERE execution.tactic_id = $1 ORDER BY store.code, execution.id
"""
RECEIPTS_TAKEN = """
SELECT count(*) FILTER (WHERE kind = 'receipt') AS receipt_count,
       count(*) FILTER (WHERE kind = 'return') AS return_count,
       COALESCE(sum(net_amount), 0) AS net_amount, COALESCE(sum(gross_amount), 0) AS gross_amount
FROM goods_receipts
WHERE settlement_entity_id = $1 AND currency = $2 AND received_on BETWEEN $3 AND $4
"""
JOURNAL_OF_SOURCES = f"{JOURNAL_ENTRY} WHERE source_id = ANY ($1) ORDER BY seq"
