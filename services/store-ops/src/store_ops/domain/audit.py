"""An audit 门店检查: what one visit found in one store, as reported by the phone. Once accepted it never changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.kernel.errors import Conflict, NotFound, RuleBroken
from shared.kernel.events import Event

YEARS = 2000, 2099
"""Between which a visit's time must lie."""


class FindingKind(StrEnum):
    """What was looked at: shelf price 价格, leaflet item DM, end-cap or pile 端架/堆头, presence on the shelf 铺货."""

    PRICE = "price"
    DM = "dm"
    ENDCAP = "endcap"
    ON_SHELF = "on_shelf"


class AuditNotFound(NotFound):
    """No such audit among the caller's accounts."""

    code = "audit_not_found"


class AuditIdTaken(Conflict):
    """The audit id belongs to an audit with other content."""

    code = "audit_id_taken"


class FindingTwice(RuleBroken):
    """Two findings of one audit are about the same thing."""

    code = "finding_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at 检查项. What is absent has no price and a count of zero, whatever was typed in."""

    kind: FindingKind
    product_id: UUID
    task_id: UUID | None = None
    is_present: bool
    price_found: Decimal | None = None
    count_found: int | None = None
    on_deal: bool | None = None
    photo_sha256s: tuple[str, ...] = ()

    @property
    def price(self) -> Decimal | None:
        """The price on the tag, per unit; None when it was not seen."""
        return self.price_found if self.is_present else None

    @property
    def count(self) -> int:
        """The displays found; what is present without a number counts as one."""
        if not self.is_present:
            return 0
        return 1 if self.count_found is None else self.count_found


def check_findings(findings: Iterable[Finding]) -> None:
    """Hold that one audit says one thing about each task, and about each kind and product that names no task.

    Raises:
        FindingTwice: two findings are about the same thing.
    """
    seen: dict[tuple[FindingKind, UUID] | UUID, int] = {}
    for position, finding in enumerate(findings):
        key = finding.task_id or (finding.kind, finding.product_id)
        first = seen.setdefault(key, position)
        if first != position:
            raise FindingTwice(
                f"Findings {first} and {position} are about the same thing: send one finding per task, "
                "or per kind and product where no task is named.",
                pointers=(f"/findings/{position}",),
            )


def check_visit_time(visited_at: datetime) -> None:
    """Hold that a phone's clock is not out of all reason; more is not asked of it, for audits come late and early.

    Raises:
        ValueError: the time lies outside the years 2000 to 2099.
    """
    if not YEARS[0] <= visited_at.year <= YEARS[1]:
        raise ValueError(
            f"visited_at {visited_at.date()} is out of all reason: set the phone's clock and send it again"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCompleted(Event):
    """A store audit was accepted. What it found about promotions follows as ``execution_verified``."""

    event_type: ClassVar[str] = "gondola.store_ops.audit_completed.v1"
    noun: ClassVar[str] = "audit"

    store_id: UUID
    """Store that was visited."""
    visited_at: datetime
    """When the visit took place by the phone's clock (UTC)."""
    template_version: str
    """Version of the audit template 检查模板 that was filled in."""
    finding_count: int
    """Findings reported."""
    present_count: int
    """Findings whose product, price, leaflet place or display was there."""
    absent_count: int
    """Findings whose product, price, leaflet place or display was not there."""
    photo_sha256s: tuple[str, ...]
    """SHA-256 (hex) of every photo that the audit or a finding refers to, sorted; a photo may arrive later."""


def completed(
    *,
    id: UUID,  # noqa: A002 - the event's own name for it
    account_id: UUID | None,
    store_id: UUID,
    visited_at: datetime,
    template_version: str,
    findings: Sequence[Finding],
    photo_sha256s: Sequence[str],
) -> AuditCompleted:
    """Return the event of an accepted audit."""
    present_count = sum(finding.is_present for finding in findings)
    photos = {*photo_sha256s, *(photo for finding in findings for photo in finding.photo_sha256s)}
    return AuditCompleted(
        id=id,
        account_id=account_id,
        store_id=store_id,
        visited_at=visited_at,
        template_version=template_version,
        finding_count=len(findings),
        present_count=present_count,
        absent_count=len(findings) - present_count,
        photo_sha256s=tuple(sorted(photos)),
    )
