"""What the world is told about a contract: events that carry its full public state."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from contracts.domain.payment_terms import PaymentTerms
from shared.kernel.events import Event

DOCSTRINGS = {"use_attribute_docstrings": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class TierState:
    """From threshold on, rate holds."""

    __pydantic_config__: ClassVar[dict[str, bool]] = DOCSTRINGS

    threshold: Decimal
    """Driver quantity from which the rate holds; reached at the threshold itself."""
    rate: Decimal
    """Amount per unit of the driver: a fraction for purchases, an amount for periods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermState:
    """A term line in neutral form: a cycle's amount is what the tiers give for the driver's quantity, within limits."""

    __pydantic_config__: ClassVar[dict[str, bool]] = DOCSTRINGS

    id: UUID
    """Identifier of the term; the same in all versions that keep it."""
    code: str
    """Short name on claims and remittances, like T1; unique within a version."""
    clause: str
    """Where it stands on the paper 条款, like §4.2."""
    fee_kind: str
    """What the fee is for 费用科目, like tier_rebate."""
    method: str
    """How it was agreed, for display: pct, tiered, per_store_period or fixed."""
    driver: str
    """net_purchases, store_periods (active stores times periods) or periods."""
    period: str | None
    """month, quarter or year: the driver's unit; none for net_purchases."""
    tiers: tuple[TierState, ...]
    """Rates by quantity, thresholds strictly rising; below the first threshold the amount is zero."""
    tier_mode: str
    """retroactive: the highest rate reached holds for all; marginal: each rate for its slice."""
    minimum: Decimal | None
    """Guaranteed amount per cycle, or none."""
    maximum: Decimal | None
    """Highest amount per cycle, or none."""
    tax_basis: str
    """incl 含税 or excl 未税: how the driver's amounts and the fee are meant."""
    cycle: str
    """month, quarter or year 结算周期: quantities start at zero in each calendar cycle."""
    settlement_method: str
    """on_invoice 票扣, offset 账扣, cash 电汇/现金 or free_goods 货补."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionState:
    """A signed version and the days on which it holds; the spans of a contract's versions never overlap."""

    __pydantic_config__: ClassVar[dict[str, bool]] = DOCSTRINGS

    number: int
    """1 for the contract as first signed, one more for each amendment."""
    valid_from: date
    """First day on which this version holds."""
    valid_to: date
    """Last day on which it holds, later versions and an early end taken into account."""
    signed_on: date
    """Day of signature, as on the paper."""
    document_sha256: str
    """SHA-256 of the signed document in lower-case hex."""
    tax_basis: str
    """incl or excl: how the contract's amounts are meant unless a term says otherwise."""
    payment_terms: PaymentTerms
    """When invoices under this version fall due."""
    terms: tuple[TermState, ...]
    """All term lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractState(Event):
    """The public state of a contract."""

    noun: ClassVar[str] = "contract"

    number: str
    """Contract number as printed on the paper 合同编号; unique within the account."""
    settlement_entity_id: UUID
    """Who pays under it."""
    status: str
    """signed, active or ended."""
    currency: str
    """ISO 4217 code of all its amounts."""
    valid_from: date
    """First day of the contract."""
    valid_to: date
    """Last day of the contract; earlier than first signed when it was terminated."""
    versions: tuple[VersionState, ...]
    """Signed versions that hold on at least one day, by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSigned(ContractState):
    """A contract was signed for the first time."""

    event_type: ClassVar[str] = "gondola.contracts.contract_signed.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractActivated(ContractState):
    """A signed contract came into force."""

    event_type: ClassVar[str] = "gondola.contracts.contract_activated.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractAmended(ContractState):
    """What was signed has changed: a later version was signed, or an earlier end was agreed."""

    event_type: ClassVar[str] = "gondola.contracts.contract_amended.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEnded(ContractState):
    """A contract is over: it ran out or was terminated; valid_to is its last day."""

    event_type: ClassVar[str] = "gondola.contracts.contract_ended.v1"
