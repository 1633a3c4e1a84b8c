"""A promotion fund 费用预算 and its ledger: money is committed before it is owed, and never more than the budget."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from promotions.domain.errors import FundInUse, FundOverdrawn, FundUnfit
from shared.kernel.money import ZERO, round_cents
from shared.kernel.periods import Span


class EntryKind(StrEnum):
    """What a ledger entry does."""

    COMMITTED = "committed"
    RELEASED = "released"
    EARNED = "earned"
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of the ledger. ``committed`` and ``released`` are above zero; ``earned`` and ``paid`` are signed."""

    fund_id: UUID
    kind: EntryKind
    amount: Decimal
    promotion_id: UUID
    fee_id: UUID
    booked_on: date
    committed_after: Decimal
    """Committed balance of the fund right after this entry."""
    source_id: UUID | None = None
    """Settled fee that a ``paid`` entry books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundTerms:
    """What a fund's owner decides."""

    account_id: UUID
    name: str
    currency: str
    span: Span
    budget: Decimal

    def __post_init__(self) -> None:
        if self.budget < 0 or self.budget != round_cents(self.budget):
            raise ValueError(f"budget must be zero or above with at most two decimals, got {self.budget}")


@dataclass(kw_only=True, eq=False)
class FeeBalance:
    """What one fee holds of its fund: committed and not released, earned, and earned without cover."""

    fee_id: UUID
    promotion_id: UUID
    committed: Decimal = ZERO
    earned: Decimal = ZERO
    uncovered: Decimal = ZERO


@dataclass(kw_only=True, eq=False)
class Fund:
    """A budget and its balances: ``0 <= earned <= committed <= budget``, each the sum of its entries.

    ``committed`` is what promotions hold: committed entries minus released ones. Methods add entries to ``fresh``.
    """

    id: UUID
    terms: FundTerms
    committed: Decimal = ZERO
    earned: Decimal = ZERO
    paid: Decimal = ZERO
    fresh: list[LedgerEntry] = field(default_factory=list)
    """Entries of this load, to be stored with the balances."""

    @property
    def available(self) -> Decimal:
        """Budget minus committed."""
        return self.terms.budget - self.committed

    def change(self, terms: FundTerms) -> bool:
        """Take over ``terms``; say whether they differ.

        Raises:
            FundInUse: account or currency change while money is committed.
            FundOverdrawn: the new budget is below what is committed.
        """
        if terms == self.terms:
            return False
        used = bool(self.committed or self.earned or self.paid)
        if used and (terms.account_id, terms.currency) != (self.terms.account_id, self.terms.currency):
            raise FundInUse("Money is committed from this fund: make a new fund for another account or currency.")
        if terms.budget < self.committed:
            raise FundOverdrawn(
                f"{self.committed} {terms.currency} is committed: set the budget to at least that.",
                pointers=["/budget"],
            )
        self.terms = terms
        return True

    def check_fits(self, account_id: UUID, currency: str, starts_on: date) -> None:
        """Make sure that a promotion may draw on this fund.

        Raises:
            FundUnfit: another account, another currency, or the promotion's first day is outside the fund's dates.
        """
        if self.terms.account_id != account_id:
            raise FundUnfit(
                "The fund belongs to another account: choose a fund of the promotion's account.", pointers=["/fund_id"]
            )
        if self.terms.currency != currency:
            raise FundUnfit(
                f"The fund is in {self.terms.currency}: use that currency or another fund.", pointers=["/currency"]
            )
        if starts_on not in self.terms.span:
            span = self.terms.span
            raise FundUnfit(
                f"The fund covers {span.start} to {span.end}: choose a fund of the promotion's first day.",
                pointers=["/fund_id"],
            )

    def commit(self, planned: list[tuple[FeeBalance, Decimal]], on: date) -> None:
        """Hold the planned amounts of fees, all or none.

        Raises:
            FundOverdrawn: together they are more than what is available.
        """
        total = sum((amount for _, amount in planned), ZERO)
        if total > self.available:
            raise FundOverdrawn(
                f"The fund has {self.available} {self.terms.currency} available and {total} is needed: "
                f"raise the budget by {total - self.available} or plan less.",
                pointers=["/fund_id"],
            )
        for fee, amount in planned:
            self._hold(fee, amount, on)

    def release(self, fee: FeeBalance, on: date) -> None:
        """Give back all that the fee holds and has not earned."""
        self._hold(fee, fee.earned - fee.committed, on)

    def book_earning(self, fee: FeeBalance, earned: Decimal, on: date) -> None:
        """Make ``earned`` the fee's earned and committed amount: give back the rest, or hold more as far as it can.

        What the fund cannot cover stays visible as ``uncovered``: it is owed all the same, but not from this budget.
        """
        covered = min(earned, fee.committed + self.available)
        before = fee.earned
        if covered < before:  # Earned goes down before the commitment does: earned <= committed holds at every entry.
            self._earn(fee, covered - before, on)
        self._hold(fee, covered - fee.committed, on)
        if covered > before:
            self._earn(fee, covered - before, on)
        fee.uncovered = earned - covered

    def pay(self, fee: FeeBalance, amount: Decimal, on: date, source_id: UUID) -> None:
        """Book what was settled of the fee; negative when a settlement is taken back."""
        self.paid += amount
        self._book(EntryKind.PAID, fee, amount, on, source_id)

    def _earn(self, fee: FeeBalance, delta: Decimal, on: date) -> None:
        fee.earned += delta
        self.earned += delta
        self._book(EntryKind.EARNED, fee, delta, on)

    def _hold(self, fee: FeeBalance, delta: Decimal, on: date) -> None:
        if not delta:
            return
        fee.committed += delta
        self.committed += delta
        assert ZERO <= self.committed <= self.terms.budget, "a fund is never overdrawn"
        assert fee.committed >= fee.earned, "what is earned stays committed"
        self._book(EntryKind.COMMITTED if delta > 0 else EntryKind.RELEASED, fee, abs(delta), on)

    def _book(self, kind: EntryKind, fee: FeeBalance, amount: Decimal, on: date, source_id: UUID | None = None) -> None:
        entry = LedgerEntry(
            fund_id=self.id,
            kind=kind,
            amount=amount,
            promotion_id=fee.promotion_id,
            fee_id=fee.fee_id,
            booked_on=on,
            committed_after=self.committed,
            source_id=source_id,
        )
        self.fresh.append(entry)
