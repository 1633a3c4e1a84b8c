"""Verification 核验: which audit speaks for a task, and what it proves about the task's execution 执行."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.kernel.events import Event
from store_ops.domain.audit import Finding
from store_ops.domain.task import TacticKind, Task, TaskStatus


class Verdict(StrEnum):
    """What the evidence says; ``unproven`` counts as not executed until it is proven."""

    EXECUTED = "executed"
    NOT_EXECUTED = "not_executed"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where practice draws the lines; both are settings, for no source fixes them (domain digest, marks [INF])."""

    price_tolerance: Decimal = Decimal("0.0050")
    """How far a price may be above the agreed one and still count, per unit in the account's currency."""
    window_tolerance_days: int = 0
    """Days before and after the promotion on which an audit still counts for it."""

    def __post_init__(self) -> None:
        if not self.price_tolerance.is_finite() or self.price_tolerance < 0 or self.window_tolerance_days < 0:
            raise ValueError("tolerances are zero or above")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One finding of one audit, with those of its photos that have arrived."""

    audit_id: UUID
    store_id: UUID
    visited_at: datetime
    finding: Finding
    audit_photo_sha256s: tuple[str, ...] = ()
    arrived: frozenset[str] = frozenset()

    @property
    def proof(self) -> tuple[str, ...]:
        """The photos that prove the finding, sorted: its own; the whole audit's only when it has none of its own."""
        return tuple(sorted(self.arrived.intersection(self.finding.photo_sha256s or self.audit_photo_sha256s)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known about a task's execution, and the evidence for it."""

    verdict: Verdict
    audit_id: UUID | None = None
    found_count: int = 0
    found_price: Decimal | None = None
    found_on: date | None = None
    photo_sha256s: tuple[str, ...] = ()

    @property
    def status(self) -> TaskStatus:
        """The task's status that goes with the verdict."""
        return TaskStatus(self.verdict.value)


NO_EVIDENCE_LEFT = Outcome(verdict=Verdict.UNPROVEN)
"""For a task that was announced once and whose evidence no longer counts, for its dates or product were changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionVerified(Event):
    """What one tactic's execution in one store amounts to by the latest evidence; replaces what was said before."""

    event_type: ClassVar[str] = "gondola.store_ops.execution_verified.v1"
    noun: ClassVar[str] = "execution"

    promotion_id: UUID
    """Promotion that asked for it."""
    tactic_id: UUID
    """Tactic of the promotion."""
    tactic_kind: TacticKind
    """Price 促销价, DM place DM海报 or end-cap 端架/TG."""
    store_id: UUID
    """Store where it was to be executed."""
    product_id: UUID
    """Product that it is about."""
    audit_id: UUID | None
    """Audit that decided; absent when no audit counts any more after the promotion was changed."""
    verdict: Verdict
    """What the evidence says: ``unproven`` until at least one photo of the deciding finding has arrived."""
    contracted_count: int
    """Displays contracted for the store; 1 for a price or a DM place."""
    found_count: int
    """Displays found; 1 or 0 for a price or a DM place."""
    agreed_price: Decimal | None
    """Agreed promotional retail price per unit, 4 decimals."""
    found_price: Decimal | None
    """Price on the tag per unit, 4 decimals; absent when none was seen."""
    found_on: date | None
    """Business date of the visit."""
    photo_sha256s: tuple[str, ...]
    """SHA-256 (hex) of the photos that have arrived for the deciding finding, sorted."""


def counts_for(sighting: Sighting, task: Task, thresholds: Thresholds, zone: tzinfo) -> bool:
    """Say whether a sighting is about the task and was made in its window.

    The store, kind and product must be the task's. A finding that names a task is about no other. The day is the
    visit's local date by the phone's clock: when the audit was received decides nothing.
    """
    finding = sighting.finding
    tolerance = timedelta(days=thresholds.window_tolerance_days)
    day = sighting.visited_at.astimezone(zone).date()
    return (
        sighting.store_id == task.store_id
        and finding.kind.value == task.tactic_kind.value
        and finding.product_id == task.product_id
        and finding.task_id in (None, task.id)
        and task.window.start - tolerance <= day <= task.window.end + tolerance
    )


def deciding(task: Task, sightings: Iterable[Sighting], thresholds: Thresholds, zone: tzinfo) -> Sighting | None:
    """Return the sighting that speaks for the task: of the latest audit by (visited_at, id); None when none counts.

    Within that audit a finding that names the task goes before one that only fits it.
    """
    return max(
        (sighting for sighting in sightings if counts_for(sighting, task, thresholds, zone)),
        key=lambda sighting: (sighting.visited_at, sighting.audit_id.int, sighting.finding.task_id is not None),
        default=None,
    )


def judge(task: Task, sighting: Sighting, thresholds: Thresholds, zone: tzinfo) -> Outcome:
    """Return what the deciding sighting proves.

    - price 促销价: executed when a price was seen and is at most the agreed one plus the tolerance;
    - dm DM海报: executed when the item was in the leaflet and in the store;
    - endcap 端架: executed when at least the contracted number stood there;
    - whatever it is, unproven until one photo of it has arrived (domain digest 6: zero for an unproven photo).
    """
    finding, proof = sighting.finding, sighting.proof
    verdict = Verdict.UNPROVEN
    if proof:
        verdict = Verdict.EXECUTED if _is_met(task, finding, thresholds) else Verdict.NOT_EXECUTED
    return Outcome(
        verdict=verdict,
        audit_id=sighting.audit_id,
        found_count=finding.count if task.tactic_kind is TacticKind.ENDCAP else int(finding.is_present),
        found_price=finding.price,
        found_on=sighting.visited_at.astimezone(zone).date(),
        photo_sha256s=proof,
    )


def _is_met(task: Task, finding: Finding, thresholds: Thresholds) -> bool:
    match task.tactic_kind:
        case TacticKind.PRICE:
            assert task.expected_price is not None, "a price task has a price"
            return finding.price is not None and finding.price <= task.expected_price + thresholds.price_tolerance
        case TacticKind.ENDCAP:
            return finding.count >= task.expected_count
        case TacticKind.DM:
            return finding.is_present


def reassess(
    task: Task,
    known: Outcome | None,
    found: Sighting | None,
    thresholds: Thresholds,
    zone: tzinfo,
    *,
    expectation_changed: bool = False,
) -> Outcome | None:
    """Return the outcome to announce; None when it is what is ``known`` and the task still expects the same."""
    if found is not None:
        outcome = judge(task, found, thresholds, zone)
    elif known is not None:
        outcome = NO_EVIDENCE_LEFT
    else:
        return None
    return None if outcome == known and not expectation_changed else outcome


def verified(task: Task, outcome: Outcome) -> ExecutionVerified:
    """Return the event that announces an outcome."""
    return ExecutionVerified(
        id=task.id,
        account_id=task.account_id,
        promotion_id=task.promotion_id,
        tactic_id=task.tactic_id,
        tactic_kind=task.tactic_kind,
        store_id=task.store_id,
        product_id=task.product_id,
        audit_id=outcome.audit_id,
        verdict=outcome.verdict,
        contracted_count=task.expected_count,
        found_count=outcome.found_count,
        agreed_price=task.expected_price,
        found_price=outcome.found_price,
        found_on=outcome.found_on,
        photo_sha256s=outcome.photo_sha256s,
    )
