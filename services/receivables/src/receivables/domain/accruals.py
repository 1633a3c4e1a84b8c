"""Accruals 预提: what is owed so far per term and cycle or per promotion fee, always as a cumulative target."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from receivables.domain.events import FeeAccrued
from receivables.domain.tax import NO_AMOUNT, TaxedAmount, in_both_bases
from shared.kernel.money import ZERO, excluding_tax


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
    nothing. ``through`` falls behind ``balance.accrued_through`` only when an earlier end was agreed; so the sum
    does not depend on the order of runs.
    """
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """One accrual: of a contract term in one cycle, or of one promotion fee."""

    id: UUID
    account_id: UUID
    settlement_entity_id: UUID
    source: Literal["contract_term", "promotion_fee"]
    contract_id: UUID | None = None
    contract_version: int | None = None
    term_id: UUID | None = None
    term_code: str | None = None
    promotion_id: UUID | None = None
    promotion_fee_id: UUID | None = None
    agreement_number: str
    """Number of the contract or of the promotion."""
    fee_kind: str
    settlement_method: str
    currency: str
    cycle_start: date
    cycle_end: date
    """Last day that can still change it."""
    driver: str
    driver_quantity: Decimal = ZERO
    elapsed: Decimal = Decimal(1)
    tax_basis: Literal["incl", "excl"]
    tax_rate: Decimal
    amount: Decimal = ZERO
    """In ``tax_basis``."""
    claim_reference: str
    claim_key: str
    claim_key_exact: str
    balance: AccrualBalance = AccrualBalance(booked=NO_AMOUNT, consumed=NO_AMOUNT)

    def accrue(
        self, amount: Decimal, *, quantity: Decimal, elapsed: Decimal, through: date
    ) -> tuple["Accrual", AccrualChange]:
        """Return the accrual at its cumulative ``amount`` (in its tax basis), and the change that takes it there."""
        change = to_target(self.balance, in_both_bases(amount, self.tax_basis, self.tax_rate), through)
        after = replace(self, amount=amount, driver_quantity=quantity, elapsed=elapsed, balance=change.after)
        return after, change

    def booked_on(self, as_of: date) -> date:
        """Return the day on which a change of a run as of ``as_of`` is booked: not before the days that it is for."""
        assert self.balance.accrued_through is not None
        return max(as_of, self.balance.accrued_through)

    def settle(self, amount_incl_tax: Decimal) -> tuple["Accrual", TaxedAmount]:
        """Return the accrual after ``amount_incl_tax`` of it was settled, and that amount in both bases."""
        part = settled_part(self.balance, amount_incl_tax, self.tax_rate)
        return replace(self, balance=consumed(self.balance, part)), part

    def accrued_event(self) -> FeeAccrued:
        """Return the event that says what is accrued now."""
        is_contract = self.source == "contract_term"
        assert self.balance.accrued_through is not None
        return FeeAccrued(
            id=self.id,
            account_id=self.account_id,
            source=self.source,
            settlement_entity_id=self.settlement_entity_id,
            contract_id=self.contract_id,
            contract_number=self.agreement_number if is_contract else None,
            contract_version=self.contract_version,
            term_id=self.term_id,
            term_code=self.term_code,
            promotion_id=self.promotion_id,
            promotion_number=None if is_contract else self.agreement_number,
            promotion_fee_id=self.promotion_fee_id,
            fee_kind=self.fee_kind,
            settlement_method=self.settlement_method,
            cycle_start=self.cycle_start,
            cycle_end=self.cycle_end,
            accrued_through=self.balance.accrued_through,
            driver=self.driver,
            driver_quantity=self.driver_quantity,
            currency=self.currency,
            tax_basis=self.tax_basis,
            amount=self.amount,
            amount_incl_tax=self.balance.booked.incl_tax,
            amount_excl_tax=self.balance.booked.excl_tax,
            claim_reference=self.claim_reference,
        )
