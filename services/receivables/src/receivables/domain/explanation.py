"""The explanation of a settled fee: its steps in words, and the arithmetic that anybody can repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from receivables.domain.formulas import Formula
from shared.kernel.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A statement about the figures, and whether it holds."""

    name: str
    holds: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One link of the chain from the ERP line back to what was agreed and what was seen."""

    name: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledFacts:
    """The figures of a settled fee; amounts in ``currency``."""

    number: str
    currency: str
    amount: Decimal
    tax_amount: Decimal
    amount_excl_tax: Decimal
    settled_on: date
    batch_number: int | None
    batch_position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionFacts:
    """The figures of the deduction that it covers, and of the remittance that brought it."""

    number: str
    claim_reference: str | None
    amount: Decimal
    accepted_amount: Decimal
    disputed_amount: Decimal
    recovered_amount: Decimal
    written_off_amount: Decimal
    open_amount: Decimal
    remittance_number: str
    paid_on: date
    cash_amount: Decimal
    remittance_deducted: Decimal
    remittance_settled: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualFacts:
    """The figures of the accrual; ``formula`` is None for a promotion fee, whose amount was earned by execution."""

    claim_reference: str
    driver: str
    quantity: Decimal
    elapsed: Decimal
    formula: Formula | None
    amount: Decimal
    amount_incl_tax: Decimal
    amount_excl_tax: Decimal
    consumed_amount: Decimal
    reclaim_amount: Decimal
    entries_incl_tax: Decimal
    """Sum of the accrual's entries."""
    accrued_through: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFacts:
    """The clause that agreed the fee."""

    number: str
    version: int
    term_code: str
    clause: str
    document_sha256: str
    signed_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFacts:
    """The promotion that agreed the fee, and what was found in the stores."""

    number: str
    tactic_kind: str
    agreement_sha256: str | None
    dm_slot_no: int | None
    planned_amount: Decimal
    earned_amount: Decimal
    planned_stores: int
    verified_stores: int
    """Stores with a verdict."""
    executed_stores: int
    photo_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFacts:
    """Sums of the entries that book the settled fee and its accrual."""

    entry_count: int
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All that is known about one settled fee."""

    settled: SettledFacts
    deduction: DeductionFacts | None
    accrual: AccrualFacts
    agreement: ContractFacts | PromotionFacts | None
    journal: JournalFacts


def steps(chain: Chain) -> list[Step]:
    """Return the chain in words, from the ERP line to the agreement, then the journal."""
    fee, accrual = chain.settled, chain.accrual
    found = [_erp_step(fee)]
    tax = f"{fee.amount_excl_tax} without tax, {fee.tax_amount} tax"
    found.append(
        Step(name="settlement", says=f"{fee.number} of {fee.settled_on}: {fee.amount} {fee.currency} ({tax}).")
    )
    if chain.deduction is not None:
        claim = chain.deduction.claim_reference or "no reference"
        found.append(
            Step(
                name="deduction",
                says=f"Deduction {chain.deduction.number} over {chain.deduction.amount}, claimed for {claim}; "
                f"kept back from remittance {chain.deduction.remittance_number} of {chain.deduction.paid_on}.",
            )
        )
    found.append(
        Step(
            name="accrual",
            says=f"{accrual.claim_reference}: {accrual.driver} {accrual.quantity.normalize():f} "
            f"through {accrual.accrued_through} give {accrual.amount_incl_tax} including tax, "
            f"{accrual.amount_excl_tax} without.",
        )
    )
    found.append(_agreement_step(chain.agreement))
    journal = chain.journal
    found.append(
        Step(name="journal", says=f"{journal.entry_count} entries, debits {journal.debit}, credits {journal.credit}.")
    )
    return found


def _erp_step(fee: SettledFacts) -> Step:
    if fee.batch_number is None:
        return Step(name="erp", says="Not in an ERP batch yet; the next batch that is closed takes it.")
    return Step(name="erp", says=f"Batch {fee.batch_number}, line {fee.batch_position}: {fee.amount} {fee.currency}.")


def _agreement_step(agreement: ContractFacts | PromotionFacts | None) -> Step:
    match agreement:
        case ContractFacts():
            return Step(
                name="contract",
                says=f"Contract {agreement.number}, version {agreement.version}, "
                f"clause {agreement.clause} ({agreement.term_code}), signed {agreement.signed_on}, "
                f"document SHA-256 {agreement.document_sha256}.",
            )
        case PromotionFacts():
            slot = "" if agreement.dm_slot_no is None else f", DM slot {agreement.dm_slot_no}"
            return Step(
                name="promotion",
                says=f"Promotion {agreement.number}, {agreement.tactic_kind}{slot}, "
                f"agreement SHA-256 {agreement.agreement_sha256}: planned {agreement.planned_amount}, "
                f"executed in {agreement.executed_stores} of {agreement.planned_stores} stores "
                f"({agreement.verified_stores} verified, {agreement.photo_count} photos), "
                f"earned {agreement.earned_amount}.",
            )
        case _:
            return Step(name="agreement", says="The agreement's events have not arrived here.")


def proofs(chain: Chain) -> list[Proof]:
    """Return the checks: each can be repeated by hand from the figures that are shown beside it."""
    found = [_tax_proof(chain.settled), *_accrual_proofs(chain.accrual)]
    if chain.deduction is not None:
        found += _deduction_proofs(chain.deduction)
    if isinstance(chain.agreement, PromotionFacts):
        earned = chain.agreement.earned_amount
        found.append(_equal("accrual_is_what_was_earned", "accrued", chain.accrual.amount, "earned", earned))
    found.append(_equal("journal_balances", "debits", chain.journal.debit, "credits", chain.journal.credit))
    return found


def _tax_proof(fee: SettledFacts) -> Proof:
    return _equal("tax_adds_up", "without tax + tax", fee.amount_excl_tax + fee.tax_amount, "amount", fee.amount)


def _accrual_proofs(accrual: AccrualFacts) -> list[Proof]:
    found = [_equal("entries_add_up", "entries", accrual.entries_incl_tax, "accrual", accrual.amount_incl_tax)]
    if accrual.formula is not None:
        computed = accrual.formula.amount(accrual.quantity, accrual.elapsed)
        found.append(_equal("formula_gives_the_accrual", "formula", computed, "accrual", accrual.amount))
    limit = accrual.amount_incl_tax + accrual.reclaim_amount
    found.append(
        Proof(
            name="accrual_is_not_over_consumed",
            holds=accrual.consumed_amount <= limit,
            says=f"consumed {accrual.consumed_amount} <= accrued and to be reclaimed {limit}",
        )
    )
    return found


def _deduction_proofs(deduction: DeductionFacts) -> list[Proof]:
    parts: Sequence[Decimal] = (
        deduction.accepted_amount,
        deduction.disputed_amount,
        deduction.recovered_amount,
        deduction.written_off_amount,
        deduction.open_amount,
    )
    paid = deduction.cash_amount + deduction.remittance_deducted
    return [
        _equal("deduction_parts_add_up", "parts", sum(parts, ZERO), "deduction", deduction.amount),
        _equal("remittance_balances", "cash + deductions", paid, "invoices", deduction.remittance_settled),
    ]


def _equal(name: str, left_name: str, left: Decimal, right_name: str, right: Decimal) -> Proof:
    sign = "=" if left == right else "≠"
    return Proof(name=name, holds=left == right, says=f"{left_name} {left} {sign} {right_name} {right}")
