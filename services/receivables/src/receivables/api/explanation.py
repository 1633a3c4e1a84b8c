"""Putting an explanation together from our own tables; the words and the sums are the domain's."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import asyncpg

from receivables.db import documents, fees
from receivables.db.terms import formula_of
from receivables.domain.explanation import (
    AccrualFacts,
    Chain,
    ContractFacts,
    DeductionFacts,
    JournalFacts,
    PromotionFacts,
    SettledFacts,
    proofs,
    steps,
)  # fmt: skip
from shared.kernel.money import ZERO
from shared.platform.db import Connection
from shared.platform.fields import Answer

Row = dict[str, Any]


class StepOut(Answer):
    """One link of the chain in words."""

    name: Literal["erp", "settlement", "deduction", "accrual", "contract", "promotion", "agreement", "journal"]
    """Name."""
    says: str
    """In words, with the figures."""


class ProofOut(Answer):
    """A sum that anybody can repeat."""

    name: str
    """Name."""
    holds: bool
    """Whether it holds."""
    says: str
    """In words, with the figures."""


class ExplanationOut(Answer):
    """Everything that is behind a settled fee."""

    is_proven: bool
    """Whether every proof holds."""
    steps: list[StepOut]
    """The chain in words, from the ERP line to the agreement and the journal."""
    proofs: list[ProofOut]
    """The sums that anybody can repeat."""
    settled_fee: dict[str, Any]
    """The settled fee."""
    erp: dict[str, Any] | None
    """Batch, position, hash and acknowledgement; none before the batch is closed."""
    deduction: dict[str, Any] | None
    """The deduction, if the fee was deducted."""
    remittance: dict[str, Any] | None
    """With the invoices that it settled."""
    accrual: dict[str, Any]
    """With its entries, and the formula with its figures."""
    agreement: dict[str, Any] | None
    """`kind` contract: number, version, clause, term, signed document's hash. `kind` promotion: number, agreement's
    hash, tactic, DM slot 档期, fee basis and counts."""
    evidence: list[dict[str, Any]]
    """Per store: verdict, audit, counts and prices, photo hashes; for promotion fees."""
    journal: list[dict[str, Any]]
    """The entries that book it."""


async def explain(raw: Connection, settled_fee: Row) -> Row:
    """Return the explanation of a settled fee."""
    accrual = _one(await raw.fetchrow(f"{fees.ACCRUAL} WHERE id = $1", settled_fee["accrual_id"]))
    entries = await raw.fetch(fees.ACCRUAL_ENTRIES, accrual["id"])
    erp = await raw.fetchrow(fees.ERP_LINE, settled_fee["id"])
    deduction, remittance = await _claim(raw, settled_fee)
    agreement, evidence, term = await _agreement(raw, accrual)
    sources = [each["id"] for each in (settled_fee, accrual, deduction, remittance) if each is not None]
    journal = [{**row, "lines": json.loads(row["lines"])} for row in await raw.fetch(fees.JOURNAL_OF_SOURCES, sources)]
    chain = Chain(
        settled=_settled_facts(settled_fee, erp),
        deduction=_deduction_facts(deduction, remittance),
        accrual=_accrual_facts(accrual, entries, term),
        agreement=_agreement_facts(agreement, evidence),
        journal=_journal_facts(journal),
    )
    proven = proofs(chain)
    return {
        "is_proven": all(proof.holds for proof in proven),
        "steps": steps(chain),
        "proofs": proven,
        "settled_fee": settled_fee,
        "erp": dict(erp) if erp else None,
        "deduction": deduction,
        "remittance": remittance,
        "accrual": {
            **accrual,
            "formula": await _formula(raw, accrual, term),
            "entries": [dict(entry) for entry in entries],
        },
        "agreement": agreement,
        "evidence": evidence,
        "journal": journal,
    }


def _one(row: asyncpg.Record | None) -> Row:
    assert row is not None, "a foreign key holds it"
    return dict(row)


async def _claim(raw: Connection, settled_fee: Row) -> tuple[Row | None, Row | None]:
    """Return the deduction and its remittance with the invoices, if the fee was deducted."""
    if settled_fee["deduction_id"] is None:
        return None, None
    deduction = _one(await raw.fetchrow(f"{documents.DEDUCTION} WHERE id = $1", settled_fee["deduction_id"]))
    remittance = _one(await raw.fetchrow(f"{documents.REMITTANCE} WHERE id = $1", settled_fee["remittance_id"]))
    lines = await raw.fetch(documents.REMITTANCE_LINES, remittance["id"])
    return deduction, {**remittance, "invoice_lines": [dict(line) for line in lines]}


async def _agreement(raw: Connection, accrual: Row) -> tuple[Row | None, list[Row], asyncpg.Record | None]:
    """Return the clause or the promotion, the evidence, and the term's row for its formula."""
    if accrual["source"] == "contract_term":
        term = await raw.fetchrow(
            fees.CONTRACT_CLAUSE, accrual["contract_id"], accrual["contract_version"], accrual["term_id"]
        )
        if term is None:
            return None, [], None
        return {"kind": "contract", **term, "tiers": json.loads(term["tiers"])}, [], term
    promotion = await raw.fetchrow(fees.PROMOTION_TACTIC, accrual["promotion_fee_id"])
    if promotion is None:
        return None, [], None
    executions = await raw.fetch(fees.EXECUTIONS, promotion["tactic_id"])
    return {"kind": "promotion", **promotion}, [dict(execution) for execution in executions], None


async def _formula(raw: Connection, accrual: Row, term: asyncpg.Record | None) -> Row | None:
    """Return the formula with its figures, and for purchases what they are made of."""
    if term is None:
        return None
    formula: Row = {
        "driver": term["driver"],
        "period": term["period"],
        "quantity": accrual["driver_quantity"],
        "tier_mode": term["tier_mode"],
        "tiers": json.loads(term["tiers"]),
        "minimum": term["minimum"],
        "maximum": term["maximum"],
        "elapsed": accrual["elapsed"],
        "gives": formula_of(term).amount(accrual["driver_quantity"], accrual["elapsed"]),
        "tax_basis": accrual["tax_basis"],
    }
    if term["driver"] == "net_purchases":
        start = max(accrual["cycle_start"], term["valid_from"])
        taken = (accrual["settlement_entity_id"], accrual["currency"], start, accrual["accrued_through"])
        formula["purchases"] = {
            "from_day": start,
            "to_day": accrual["accrued_through"],
            **_one(await raw.fetchrow(fees.RECEIPTS_TAKEN, *taken)),
        }
    return formula


def _settled_facts(fee: Row, erp: asyncpg.Record | None) -> SettledFacts:
    return SettledFacts(
        number=fee["number"],
        currency=fee["currency"],
        amount=fee["amount"],
        tax_amount=fee["tax_amount"],
        amount_excl_tax=fee["amount_excl_tax"],
        settled_on=fee["settled_on"],
        batch_number=erp["batch_number"] if erp else None,
        batch_position=erp["position"] if erp else None,
    )


def _deduction_facts(deduction: Row | None, remittance: Row | None) -> DeductionFacts | None:
    if deduction is None or remittance is None:
        return None
    return DeductionFacts(
        number=deduction["number"],
        claim_reference=deduction["claim_reference"],
        amount=deduction["amount"],
        accepted_amount=deduction["accepted_amount"],
        disputed_amount=deduction["disputed_amount"],
        recovered_amount=deduction["recovered_amount"],
        written_off_amount=deduction["written_off_amount"],
        open_amount=deduction["open_amount"],
        remittance_number=remittance["number"],
        paid_on=remittance["paid_on"],
        cash_amount=remittance["amount"],
        remittance_deducted=remittance["deducted_amount"],
        remittance_settled=sum((line["amount"] for line in remittance["invoice_lines"]), ZERO),
    )


def _accrual_facts(accrual: Row, entries: Sequence[asyncpg.Record], term: asyncpg.Record | None) -> AccrualFacts:
    return AccrualFacts(
        claim_reference=accrual["claim_reference"],
        driver=accrual["driver"],
        quantity=accrual["driver_quantity"],
        elapsed=accrual["elapsed"],
        formula=formula_of(term) if term is not None and not term["is_withdrawn"] else None,
        amount=accrual["amount"],
        amount_incl_tax=accrual["amount_incl_tax"],
        amount_excl_tax=accrual["amount_excl_tax"],
        consumed_amount=accrual["consumed_amount"],
        reclaim_amount=accrual["reclaim_amount"],
        entries_incl_tax=sum((entry["delta_incl_tax"] for entry in entries), ZERO),
        accrued_through=accrual["accrued_through"],
    )


def _agreement_facts(agreement: Row | None, evidence: Sequence[Row]) -> ContractFacts | PromotionFacts | None:
    if agreement is None:
        return None
    if agreement["kind"] == "contract":
        return ContractFacts(
            number=agreement["contract_number"],
            version=agreement["version"],
            term_code=agreement["term_code"],
            clause=agreement["clause"],
            document_sha256=agreement["document_sha256"],
            signed_on=agreement["signed_on"],
        )
    photos: set[str] = {photo for row in evidence for photo in row["photo_sha256s"]}
    return PromotionFacts(
        number=agreement["promotion_number"],
        tactic_kind=agreement["tactic_kind"],
        agreement_sha256=agreement["agreement_sha256"],
        dm_slot_no=agreement["dm_slot_no"],
        planned_amount=agreement["planned_amount"],
        earned_amount=agreement["earned_amount"],
        planned_stores=agreement["planned_count"],
        executed_stores=sum(1 for row in evidence if row["verdict"] == "executed"),
        verified_stores=len(evidence),
        photo_count=len(photos),
    )


def _journal_facts(journal: Sequence[Row]) -> JournalFacts:
    lines = [line for entry in journal for line in entry["lines"]]
    return JournalFacts(
        entry_count=len(journal),
        debit=sum((Decimal(line["debit"]) for line in lines), ZERO),
        credit=sum((Decimal(line["credit"]) for line in lines), ZERO),
    )
