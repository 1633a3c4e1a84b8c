"""Term lines of a contract 合同条款: what is owed, for what, how it is calculated and how it is settled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contracts.domain.contract_state import TermState, TierState
from contracts.domain.fee_kinds import FeeKind
from contracts.domain.fees import Calculation, Driver, Formula, Period
from shared.kernel.money import round_cents, round_rate

TERMS_MAX = 200


class TaxBasis(StrEnum):
    """Whether an amount includes tax."""

    INCL = "incl"
    """含税."""
    EXCL = "excl"
    """未税."""


class SettlementMethod(StrEnum):
    """How the retailer gets a fee (domain digest 2.2, deduct_method)."""

    ON_INVOICE = "on_invoice"
    """票扣."""
    OFFSET = "offset"
    """账扣."""
    CASH = "cash"
    """电汇/现金."""
    FREE_GOODS = "free_goods"
    """货补."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One line of what was agreed."""

    id: UUID
    """Identifier of the term; keep it in an amendment that keeps the term."""
    code: str
    """Short name on claims and remittances, like T1; unique within a version."""
    clause: str
    """Where it stands on the paper 条款, like §4.2."""
    fee_kind: FeeKind
    """What the fee is for 费用科目."""
    calculation: Calculation
    """How it is calculated."""
    tax_basis: TaxBasis
    """Whether the driver's amounts and the fee include tax."""
    cycle: Period
    """Settlement cycle 结算周期: quantities start at zero in each calendar cycle."""
    settlement_method: SettlementMethod
    """How the retailer gets it."""
    minimum: Decimal | None = None
    """Guaranteed amount per cycle 保底, in the contract's currency."""
    maximum: Decimal | None = None
    """Highest amount per cycle 封顶, in the contract's currency."""

    def __post_init__(self) -> None:
        for name, limit in (("minimum", self.minimum), ("maximum", self.maximum)):
            if limit is not None and not (limit.is_finite() and limit >= 0 and limit == round_cents(limit)):
                raise ValueError(f"{name} must be zero or above with at most two decimals, got {limit}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")

    def formula(self) -> Formula:
        """Return the calculation's neutral form within the term's limits."""
        return replace(self.calculation.formula(), minimum=self.minimum, maximum=self.maximum)

    def state(self) -> TermState:
        """Return the term as events carry it."""
        formula = self.formula()
        precise = round_rate if formula.driver is Driver.NET_PURCHASES else round_cents
        return TermState(
            id=self.id,
            code=self.code,
            clause=self.clause,
            fee_kind=self.fee_kind.value,
            method=self.calculation.method,
            driver=formula.driver.value,
            period=formula.period.value if formula.period else None,
            tiers=tuple(
                TierState(threshold=round_cents(tier.threshold), rate=precise(tier.rate))
                for tier in formula.tiers.steps
            ),
            tier_mode=formula.tiers.mode.value,
            minimum=None if self.minimum is None else round_cents(self.minimum),
            maximum=None if self.maximum is None else round_cents(self.maximum),
            tax_basis=self.tax_basis.value,
            cycle=self.cycle.value,
            settlement_method=self.settlement_method.value,
        )


def check_terms(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Return ``terms`` when their ids and codes are each used once.

    Raises:
        ValueError: an id or a code stands twice, or there are more than 200 terms.
    """
    if len(terms) > TERMS_MAX:
        raise ValueError(f"at most {TERMS_MAX} terms in one version")
    for name in ("id", "code"):
        if len({getattr(term, name) for term in terms}) < len(terms):
            raise ValueError(f"each term needs an {name} of its own within the version")
    return tuple(terms)
