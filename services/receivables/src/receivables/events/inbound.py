"""What receivables takes from others: master data, agreements, what was earned, and the evidence of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from receivables.db import copies
from shared.platform.db import Connection
from shared.platform.inbox import Handlers, Received
from shared.platform.json import encode

handlers = Handlers()
handlers.copy(
    "gondola.contracts.account_changed.v1",
    noun="account",
    table="accounts",
    columns=("code", "name", "region", "ka_class", "currency", "status"),
)
handlers.copy(
    "gondola.contracts.settlement_entity_changed.v1",
    noun="settlement-entity",
    table="settlement_entities",
    columns=("account_id", "code", "name", "tax_id", "payment_terms"),
)
handlers.copy(
    "gondola.contracts.product_changed.v1",
    noun="product",
    table="products",
    columns=("sku", "name", "brand", "category"),
)
handlers.copy(
    "gondola.store_ops.store_changed.v1",
    noun="store",
    table="stores",
    columns=("account_id", "code", "name", "grade", "opened_on", "closed_on", "status"),
)
handlers.copy(
    "gondola.store_ops.execution_verified.v1",
    noun="execution",
    table="executions",
    columns=(
        "account_id", "promotion_id", "tactic_id", "tactic_kind", "store_id", "audit_id", "verdict",
        "contracted_count", "found_count", "agreed_price", "found_price", "found_on", "photo_sha256s",
    ),
)  # fmt: skip
handlers.copy(
    "gondola.promotions.promotion_fee_earned.v1",
    noun="promotion-fee",
    table="promotion_fees",
    columns=(
        "account_id", "promotion_id", "promotion_number", "tactic_id", "tactic_kind", "product_id",
        "settlement_entity_id", "fee_kind", "basis", "unit_amount", "currency", "planned_amount", "planned_count",
        "verified_count", "verified_share", "units_sold", "earned_amount", "settlement_method", "earned_on",
        "evidence_task_ids",
    ),
)  # fmt: skip
handlers.copy(
    "gondola.promotions.dm_slot_booked.v1",
    noun="dm-slot-booking",
    table="dm_slot_bookings",
    columns=(
        "account_id", "dm_slot_id", "calendar_year", "slot_no", "position", "product_id", "promotion_id", "tactic_id",
        "starts_on", "ends_on",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedRead:
    """Of a released DM slot only its id is needed."""


@handlers.on("gondola.promotions.dm_slot_released.v1", ReleasedRead, noun="dm-slot-booking")
async def release_bookings(connection: Connection, events: Sequence[Received[ReleasedRead]]) -> None:
    """Mark bookings as released; they stay, because an explanation may name them."""
    await connection.execute(
        copies.RELEASE_BOOKINGS, [event.subject_id for event in events], [event.version for event in events]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRead:
    """A tier of a term."""

    threshold: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRead:
    """A term line of a contract version, in neutral form: it is never asked what kind of term it was."""

    id: UUID
    code: str
    clause: str
    fee_kind: str
    method: str
    driver: str
    tiers: tuple[TierRead, ...]
    tier_mode: str
    tax_basis: str
    cycle: str
    settlement_method: str
    period: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTermsRead:
    """Payment terms 账期."""

    term_type: str
    days: int
    pay_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRead:
    """A signed version of a contract."""

    number: int
    valid_from: date
    valid_to: date
    signed_on: date | None = None
    document_sha256: str | None = None
    tax_basis: str | None = None
    payment_terms: PaymentTermsRead | None = None
    terms: tuple[TermRead, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRead:
    """A contract with its signed versions."""

    account_id: UUID
    number: str
    settlement_entity_id: UUID
    status: str
    currency: str
    valid_from: date
    valid_to: date
    versions: tuple[VersionRead, ...]


async def take_contracts(connection: Connection, events: Sequence[Received[ContractRead]]) -> None:
    """Keep contracts, versions and term lines; a version that holds on no day any more is marked as withdrawn."""
    latest = {event.subject_id: event for event in events}
    contracts = [
        (
            key,
            event.data.account_id,
            event.data.number,
            event.data.settlement_entity_id,
            event.data.status,
            event.data.currency,
            event.data.valid_from,
            event.data.valid_to,
            event.version,
        )
        for key, event in latest.items()
    ]
    versions = [
        (
            key,
            version.number,
            event.data.account_id,
            version.valid_from,
            version.valid_to,
            version.signed_on,
            version.document_sha256,
            version.tax_basis,
            encode(version.payment_terms).decode() if version.payment_terms else None,
        )
        for key, event in latest.items()
        for version in event.data.versions
    ]
    terms = [
        _term_row(key, event.data.account_id, version.number, term)
        for key, event in latest.items()
        for version in event.data.versions
        for term in version.terms
    ]
    await copies.save_contracts(connection, contracts, versions, terms)


def _term_row(contract_id: UUID, account_id: UUID, version_number: int, term: TermRead) -> tuple[object, ...]:
    return (
        contract_id,
        version_number,
        term.id,
        account_id,
        term.code,
        term.clause,
        term.fee_kind,
        term.method,
        term.driver,
        term.period,
        encode(term.tiers).decode(),
        term.tier_mode,
        term.minimum,
        term.maximum,
        term.tax_basis,
        term.cycle,
        term.settlement_method,
    )


for _verb in ("signed", "activated", "amended", "ended"):
    handlers.on(f"gondola.contracts.contract_{_verb}.v1", ContractRead, noun="contract")(take_contracts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticRead:
    """A tactic of a promotion with its fee."""

    id: UUID
    kind: str
    fee_id: UUID
    fee_kind: str
    product_id: UUID | None = None
    count_per_store: int | None = None
    expected_price: Decimal | None = None
    dm_slot_id: UUID | None = None
    dm_slot_no: int | None = None
    dm_position: int | None = None
    basis: str | None = None
    unit_amount: Decimal | None = None
    planned_amount: Decimal | None = None
    settlement_method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRead:
    """A product of a promotion with its prices."""

    product_id: UUID
    promo_cost: Decimal | None = None
    promo_retail: Decimal | None = None
    tax_basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRead:
    """A promotion, as it was agreed."""

    account_id: UUID
    number: str
    name: str
    settlement_entity_id: UUID
    status: str
    starts_on: date
    ends_on: date
    currency: str
    store_ids: tuple[UUID, ...]
    tactics: tuple[TacticRead, ...]
    items: tuple[ItemRead, ...] = ()
    mechanic: str | None = None
    buy_in_starts_on: date | None = None
    buy_in_ends_on: date | None = None
    agreement_sha256: str | None = None
    agreement_signed_on: date | None = None


async def take_promotions(connection: Connection, events: Sequence[Received[PromotionRead]]) -> None:
    """Keep promotions and their tactics; a tactic that was taken out stays, because a fee may rest on it."""
    latest = {event.subject_id: event for event in events}
    promotions = [
        (
            key,
            event.data.account_id,
            event.data.number,
            event.data.name,
            event.data.settlement_entity_id,
            event.data.mechanic,
            event.data.status,
            event.data.starts_on,
            event.data.ends_on,
            event.data.buy_in_starts_on,
            event.data.buy_in_ends_on,
            event.data.currency,
            event.data.agreement_sha256,
            event.data.agreement_signed_on,
            list(event.data.store_ids),
            encode(event.data.items).decode(),
            event.version,
        )
        for key, event in latest.items()
    ]
    tactics = [
        (
            tactic.id,
            key,
            event.data.account_id,
            tactic.kind,
            tactic.product_id,
            tactic.count_per_store,
            tactic.expected_price,
            tactic.dm_slot_id,
            tactic.dm_slot_no,
            tactic.dm_position,
            tactic.fee_id,
            tactic.fee_kind,
            tactic.basis,
            tactic.unit_amount,
            tactic.planned_amount,
            tactic.settlement_method,
        )
        for key, event in latest.items()
        for tactic in event.data.tactics
    ]
    await copies.save_promotions(connection, promotions, tactics)


for _verb in ("committed", "changed", "cancelled", "started", "ended"):
    handlers.on(f"gondola.promotions.promotion_{_verb}.v1", PromotionRead, noun="promotion")(take_promotions)
