"""Accruals 预提: what is owed so far per term and cycle or per promotion fee, always as a cumulative target."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from receivables.domain.tax import TaxedAmount
from shared.kernel.money import ZERO, excluding_tax


class AccrualSource(StrEnum):
    """Where a fee was agreed."""

    CONTRACT_TERM = "contract_term"
    PROMOTION_FEE = "promotion_fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualBalance:
    """What is booked on one accrual. Amounts include tax unless their name says otherwise.

    Law: ``open = booked + reclaim - consumed`` and is never below zero.
    """

    booked: TaxedAmount
    consumed: TaxedAmount
    """Accepted from deductions, or settled otherwise."""
    reclaim_amount: Decimal = ZERO
    """What was consumed beyond today's target: on a return the retailer gives the fee back (domain digest 2.2)."""
    accrued_through: date | None = None

    @property
    def open_amount(self) -> Decimal:
        """What may still be accepted."""
        return self.booked.incl_tax + self.reclaim_amount - self.consumed.incl_tax


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualChange:
    """The difference that takes an accrual to its target, and the balance after it."""

    delta: TaxedAmount
    after: AccrualBalance

    @property
    def is_nothing(self) -> bool:
        """Say whether there is nothing to book."""
        return not self.delta.incl_tax and not self.delta.excl_tax


def to_target(balance: AccrualBalance, target: TaxedAmount, through: date) -> AccrualChange:
    """Return the change that brings ``balance`` to ``target``, the cumulative amount through ``through``.

    Only the difference is booked: tiers that are reached late true up what was accrued before, and running twice books
    nothing. The caller never lets ``through`` fall behind ``balance.accrued_through``: the sum does not depend on
    the order of runs.
    """
    assert balance.accrued_through is None or through >= balance.accrued_through
    delta = TaxedAmount(
        incl_tax=target.incl_tax - balance.booked.incl_tax, excl_tax=target.excl_tax - balance.booked.excl_tax
    )
    reclaim = max(balance.consumed.incl_tax - target.incl_tax, ZERO)
    after = AccrualBalance(booked=target, consumed=balance.consumed, reclaim_amount=reclaim, accrued_through=through)
    return AccrualChange(delta=delta, after=after)


def contract_claim_key(contract_number: str, term_code: str, cycle_label: str) -> str:
    """Return the claim reference of a term's cycle: ``C-1/T1/2024-03``."""
    return claim_key(f"{contract_number}/{term_code}/{cycle_label}")


def promotion_claim_keys(promotion_number: str, tactic_kind: str, sku: str | None) -> tuple[str, ...]:
    """Return the claim references of a promotion fee, the widest first: ``P-17/endcap``, ``P-17/endcap/SKU-1``."""
    wide = claim_key(f"{promotion_number}/{tactic_kind}")
    return (wide,) if sku is None else (wide, claim_key(f"{promotion_number}/{tactic_kind}/{sku}"))


def claim_key(reference: str) -> str:
    """Return a claim reference as it is compared: upper case, without blanks."""
    return "".join(reference.split()).upper()


def settled_part(balance: AccrualBalance, amount_incl_tax: Decimal, tax_rate: Decimal) -> TaxedAmount:
    """Return the accepted ``amount_incl_tax`` in both bases.

    The last part takes what is left without tax, so that the parts of an accrual add up to it in both bases.
    """
    assert ZERO < amount_incl_tax <= balance.open_amount, "an accrual is never over-consumed"
    excl_tax = excluding_tax(amount_incl_tax, tax_rate)
    if amount_incl_tax == balance.open_amount and not balance.reclaim_amount:
        left = balance.booked.excl_tax - balance.consumed.excl_tax
        excl_tax = min(max(left, ZERO), amount_incl_tax)
    return TaxedAmount(incl_tax=amount_incl_tax, excl_tax=excl_tax)


def consumed(balance: AccrualBalance, part: TaxedAmount) -> AccrualBalance:
    """Return the balance after ``part`` was settled."""
    return AccrualBalance(
        booked=balance.booked,
        consumed=TaxedAmount(
            incl_tax=balance.consumed.incl_tax + part.incl_tax, excl_tax=balance.consumed.excl_tax + part.excl_tax
        ),
        reclaim_amount=balance.reclaim_amount,
        accrued_through=balance.accrued_through,
    )
