"""Statements on the read copies that are more than one row per event."""

from collections.abc import Sequence

from receivables.db.rows import columns_of
from shared.platform.db import Connection

RELEASE_BOOKINGS = """
UPDATE dm_slot_bookings SET is_released = true, version = event.version
FROM unnest($1::uuid[], $2::bigint[]) AS event (id, version)
WHERE dm_slot_bookings.id = event.id AND dm_slot_bookings.version < event.version
"""
UPSERT_CONTRACTS = """
INSERT INTO contracts AS copy (id, account_id, number, settlement_entity_id, status, currency, valid_from, valid_to,
                               version)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::date[], $8::date[],
                     $9::bigint[])
ON CONFLICT (id) DO UPDATE SET number = excluded.number, settlement_entity_id = excluded.settlement_entity_id,
    status = excluded.status, currency = excluded.currency, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, version = excluded.version
"""
WITHDRAW_VERSIONS = "UPDATE contract_versions SET is_withdrawn = true WHERE contract_id = ANY ($1)"
UPSERT_VERSIONS = """
INSERT INTO contract_versions (contract_id, number, account_id, is_withdrawn, valid_from, valid_to, signed_on,
                               document_sha256, tax_basis, payment_terms)
SELECT v.contract_id, v.number, v.account_id, false, v.valid_from, v.valid_to, v.signed_on, v.document_sha256,
       v.tax_basis, v.payment_terms
FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::date[], $5::date[], $6::date[], $7::text[], $8::text[],
            $9::jsonb[])
    AS v (contract_id, number, account_id, valid_from, valid_to, signed_on, document_sha256, tax_basis, payment_terms)
ON CONFLICT (contract_id, number) DO UPDATE SET is_withdrawn = false, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, signed_on = excluded.signed_on, document_sha256 = excluded.document_sha256,
    tax_basis = excluded.tax_basis, payment_terms = excluded.payment_terms
"""
INSERT_TERMS = """
INSERT INTO contract_terms (contract_id, version_number, term_id, account_id, code, clause, fee_kind, method, driver,
                            period, tiers, tier_mode, minimum, maximum, tax_basis, cycle, settlement_method)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::numeric[], $14::numeric[], $15::text[], $16::text[],
    $17::text[])
ON CONFLICT DO NOTHING
"""
"""A signed version never changes: its terms are written once."""
UPSERT_PROMOTIONS = """
INSERT INTO promotions (id, account_id, number, name, settlement_entity_id, mechanic, status, starts_on, ends_on,
    buy_in_starts_on, buy_in_ends_on, currency, agreement_sha256, agreement_signed_on, store_ids, items, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (id) DO UPDATE SET number = excluded.number, name = excluded.name,
    settlement_entity_id = excluded.settlement_entity_id, mechanic = excluded.mechanic, status = excluded.status,
    starts_on = excluded.starts_on, ends_on = excluded.ends_on, buy_in_starts_on = excluded.buy_in_starts_on,
    buy_in_ends_on = excluded.buy_in_ends_on, currency = excluded.currency,
    agreement_sha256 = excluded.agreement_sha256, agreement_signed_on = excluded.agreement_signed_on,
    store_ids = excluded.store_ids, items = excluded.items, version = excluded.version
"""
UPSERT_TACTICS = """
INSERT INTO promotion_tactics (id, promotion_id, account_id, kind, product_id, count_per_store, expected_price,
    dm_slot_id, dm_slot_no, dm_position, fee_id, fee_kind, basis, unit_amount, planned_amount, settlement_method)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::integer[], $7::numeric[],
    $8::uuid[], $9::integer[], $10::integer[], $11::uuid[], $12::text[], $13::text[], $14::numeric[], $15::numeric[],
    $16::text[])
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, product_id = excluded.product_id,
    count_per_store = excluded.count_per_store, expected_price = excluded.expected_price,
    dm_slot_id = excluded.dm_slot_id, dm_slot_no = excluded.dm_slot_no, dm_position = excluded.dm_position,
    fee_id = excluded.fee_id, fee_kind = excluded.fee_kind, basis = excluded.basis,
    unit_amount = excluded.unit_amount, planned_amount = excluded.planned_amount,
    settlement_method = excluded.settlement_method
"""

Rows = Sequence[tuple[object, ...]]


async def save_contracts(connection: Connection, contracts: Rows, versions: Rows, terms: Rows) -> None:
    """Write contracts with all their signed versions; versions that are not among ``versions`` are withdrawn."""
    await connection.execute(UPSERT_CONTRACTS, *columns_of(contracts, 9))
    await connection.execute(WITHDRAW_VERSIONS, [contract[0] for contract in contracts])
    await connection.execute(UPSERT_VERSIONS, *columns_of(versions, 9))
    await connection.execute(INSERT_TERMS, *columns_of(terms, 17))


async def save_promotions(connection: Connection, promotions: Rows, tactics: Rows) -> None:
    """Write promotions with their tactics."""
    await connection.executemany(UPSERT_PROMOTIONS, promotions)
    await connection.execute(UPSERT_TACTICS, *columns_of(tactics, 16))
