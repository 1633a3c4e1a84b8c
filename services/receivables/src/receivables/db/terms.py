"""Reading what was agreed: payment terms, contract versions with their terms, stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from receivables.domain.formulas import Driver, Formula, Period, StoreLife, effective_spans
from receivables.domain.payment_terms import PaymentTerms, TermType
from shared.kernel.periods import ONE_DAY, Span
from shared.kernel.tiers import Tier, TierMode, Tiers
from shared.platform.db import Connection

ENTITIES = "SELECT id, account_id, payment_terms FROM settlement_entities WHERE id = ANY ($1)"
ENTITY_VERSIONS = """
SELECT c.settlement_entity_id, v.number, c.valid_to AS contract_ends_on, v.valid_from, v.valid_to, v.payment_terms, c.id
FROM contracts c JOIN contract_versions v ON v.contract_id = c.id AND NOT v.is_withdrawn
WHERE c.settlement_entity_id = ANY ($1) ORDER BY c.id, v.number
"""
TERMS = """
SELECT c.id AS contract_id, c.account_id, c.number AS contract_number, c.settlement_entity_id, c.currency,
       c.valid_to AS contract_ends_on, v.number AS version_number, v.valid_from, v.valid_to,
       t.term_id, t.code, t.fee_kind, t.driver, t.period, t.tiers, t.tier_mode, t.minimum, t.maximum, t.tax_basis,
       t.cycle, t.settlement_method
FROM contracts c
JOIN contract_versions v ON v.contract_id = c.id AND NOT v.is_withdrawn
LEFT JOIN contract_terms t ON t.contract_id = v.contract_id AND t.version_number = v.number
WHERE ($1::uuid IS NULL OR c.account_id = $1) AND c.valid_from <= $2
ORDER BY c.id, v.number, t.code
"""
STORES = "SELECT account_id, opened_on, closed_on FROM stores WHERE $1::uuid IS NULL OR account_id = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermInForce:
    """A term line of a contract version, and the days on which that version holds."""

    contract_id: UUID
    account_id: UUID
    contract_number: str
    settlement_entity_id: UUID
    currency: str
    version_number: int
    held: Span
    term_id: UUID
    code: str
    fee_kind: str
    tax_basis: str
    cycle: Period
    settlement_method: str
    formula: Formula
    is_continued: bool
    """Whether the version before it has the same term by the same driver, up to the day before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityTerms:
    """A settlement entity's account, its own payment terms, and those of its contracts by the days they hold."""

    account_id: UUID
    own: PaymentTerms
    by_contract: tuple[tuple[Span, PaymentTerms], ...] = ()

    def on(self, day: date) -> PaymentTerms:
        """Return the payment terms of the contract in force on ``day``, else the entity's own."""
        return next((terms for held, terms in self.by_contract if day in held), self.own)


def payment_terms_of(value: Any) -> PaymentTerms:
    """Read payment terms as contracts publishes them."""
    found = msgspec.json.decode(value) if isinstance(value, str) else value
    return PaymentTerms(
        term_type=TermType(found["term_type"]), days=int(found["days"]), pay_days=tuple(found.get("pay_days") or ())
    )


def formula_of(row: asyncpg.Record) -> Formula:
    """Read a term's formula: driver, period, tiers, tier_mode, minimum and maximum."""
    tiers = msgspec.json.decode(row["tiers"])
    steps = tuple(Tier(threshold=Decimal(step["threshold"]), rate=Decimal(step["rate"])) for step in tiers)
    return Formula(
        driver=Driver(row["driver"]),
        period=Period(row["period"]) if row["period"] else None,
        tiers=Tiers(steps=steps, mode=TierMode(row["tier_mode"])),
        minimum=row["minimum"],
        maximum=row["maximum"],
    )


async def entity_terms(connection: Connection, entity_ids: Sequence[UUID]) -> dict[UUID, EntityTerms]:
    """Return what is known of these settlement entities, in the caller's scope."""
    entities = await connection.fetch(ENTITIES, entity_ids)
    versions = await connection.fetch(ENTITY_VERSIONS, entity_ids)
    held: dict[UUID, list[tuple[Span, PaymentTerms]]] = {}
    for contract_id in {row["id"] for row in versions}:
        rows = [row for row in versions if row["id"] == contract_id and row["payment_terms"]]
        spans = (
            effective_spans([(row["number"], _span(row)) for row in rows], rows[0]["contract_ends_on"]) if rows else {}
        )
        for row in rows:
            if row["number"] in spans:
                terms = payment_terms_of(row["payment_terms"])
                held.setdefault(row["settlement_entity_id"], []).append((spans[row["number"]], terms))
    return {
        row["id"]: EntityTerms(
            account_id=row["account_id"],
            own=payment_terms_of(row["payment_terms"]),
            by_contract=tuple(held.get(row["id"], ())),
        )
        for row in entities
    }


async def terms_in_force(connection: Connection, account_id: UUID | None, as_of: date) -> list[TermInForce]:
    """Return the term lines of all signed versions that begin by ``as_of``, each with the days on which it holds."""
    rows = await connection.fetch(TERMS, account_id, as_of)
    by_contract: dict[UUID, list[asyncpg.Record]] = {}
    for row in rows:
        by_contract.setdefault(row["contract_id"], []).append(row)
    found = []
    for lines in by_contract.values():
        versions = {line["version_number"]: _span(line) for line in lines}
        spans = effective_spans(list(versions.items()), lines[0]["contract_ends_on"])
        ends = {
            (line["term_id"], line["driver"], span.end) for line in lines if (span := spans.get(line["version_number"]))
        }
        found += [
            _term(line, spans[line["version_number"]], ends)
            for line in lines
            if line["term_id"] is not None and line["version_number"] in spans
        ]
    return found


async def stores_by_account(connection: Connection, account_id: UUID | None) -> dict[UUID, list[StoreLife]]:
    """Return when each store of each account opened and closed."""
    found: dict[UUID, list[StoreLife]] = {}
    for row in await connection.fetch(STORES, account_id):
        store = StoreLife(opened_on=row["opened_on"], closed_on=row["closed_on"])
        found.setdefault(row["account_id"], []).append(store)
    return found


def _span(row: asyncpg.Record) -> Span:
    return Span(start=row["valid_from"], end=row["valid_to"])


def _term(row: asyncpg.Record, held: Span, ends: set[tuple[UUID, str, date]]) -> TermInForce:
    return TermInForce(
        contract_id=row["contract_id"],
        account_id=row["account_id"],
        contract_number=row["contract_number"],
        settlement_entity_id=row["settlement_entity_id"],
        currency=row["currency"],
        version_number=row["version_number"],
        held=held,
        term_id=row["term_id"],
        code=row["code"],
        fee_kind=row["fee_kind"],
        tax_basis=row["tax_basis"],
        cycle=Period(row["cycle"]),
        settlement_method=row["settlement_method"],
        formula=formula_of(row),
        is_continued=(row["term_id"], row["driver"], held.start - ONE_DAY) in ends,
    )
