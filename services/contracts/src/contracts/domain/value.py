"""The contract value 合约价值: what a version's terms cost at forecast figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from contracts.domain.fees import FeeBasis
from contracts.domain.terms import Term
from shared.kernel.money import ZERO, round_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class TermValue:
    """One term at the forecast."""

    term: Term
    amount: Decimal
    """In the contract's currency and the term's tax basis."""
    rate: Decimal | None
    """Amount as a fraction of net purchases, six decimals; none without purchases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractValue:
    """All terms at the forecast."""

    terms: tuple[TermValue, ...]
    amount: Decimal
    rate: Decimal | None
    """The contract fee rate 合同费用率."""


def contract_value(terms: Sequence[Term], basis: FeeBasis) -> ContractValue:
    """Return what ``terms`` cost when ``basis`` comes true, its purchases spread evenly over each term's cycles.

    Source: domain digest 2.3, "合约价值表" and "合同费用率".
    """
    values = tuple(_value(term, basis) for term in terms)
    amount = sum((value.amount for value in values), ZERO)
    return ContractValue(terms=values, amount=amount, rate=_rate(amount, basis.net_purchases))


def _value(term: Term, basis: FeeBasis) -> TermValue:
    amount = term.formula().forecast(basis, term.cycle)
    return TermValue(term=term, amount=amount, rate=_rate(amount, basis.net_purchases))


def _rate(amount: Decimal, net_purchases: Decimal) -> Decimal | None:
    return round_rate(amount / net_purchases) if net_purchases > 0 else None
