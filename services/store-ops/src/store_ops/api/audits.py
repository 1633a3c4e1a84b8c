"""Audits 门店检查: what phones report from stores, late and more than once, and each taken in exactly once."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Request, Response
from pydantic import Field

from shared.platform.auth import Principal
from shared.platform.clock import now
from shared.platform.db import Connection, Database
from shared.platform.fields import Answer, Instant, Rate, UnitPrice
from shared.platform.http import Raw, Router, json_response
from shared.platform.outbox import arguments_of
from shared.platform.pagination import Page
from store_ops.api.audit_body import FINDINGS_MAX, PHOTOS_MAX, AuditRead, body_schema, read_audit
from store_ops.api.common import READERS, VISITORS
from store_ops.db import audits as queries
from store_ops.domain.audit import AuditIdTaken, FindingKind, completed
from store_ops.domain.position import distance_m
from store_ops.domain.store import StoreNotFound

router = Router(prefix="/v1/audits", tags=["audits"])

STORES_REMEMBERED_MAX = 100_000
_account_of: dict[UUID, UUID] = {}
"""Account by store: a guess that spares a query; the statement itself checks it."""

EXAMPLE = {
    "store_id": "0195a3c0-0000-7000-8000-000000000126",
    "visited_at": "2026-03-10T10:00:00+08:00",
    "template_version": "2026.1",
    "findings": [
        {
            "product_id": "0195a3c0-0000-7000-8000-000000000011",
            "kind": "price",
            "is_present": True,
            "price_found": "3.1900",
            "on_deal": True,
            "photo_sha256s": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        },
        {"product_id": "0195a3c0-0000-7000-8000-000000000011", "kind": "endcap", "is_present": True, "count_found": 2},
    ],
    "photo_sha256s": ["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
    "note": "End-cap beside the checkouts.",
    "latitude": "31.204700",
    "longitude": "121.401900",
}


class AuditReceipt(Answer):
    """What is answered to a phone: the same each time for the same audit."""

    id: UUID
    """Audit, the phone's own id."""
    store_id: UUID
    """Store that was visited."""
    account_id: UUID
    """Account 客户 of the store."""
    visited_at: Instant
    """When the visit took place by the phone's clock."""
    received_at: Instant
    """When the audit was accepted; nothing is decided by it."""
    finding_count: int
    """Findings that were accepted."""


class FindingOut(Answer):
    """One thing that was looked at 检查项."""

    kind: FindingKind
    """What was looked at."""
    product_id: UUID
    """Product that was looked at."""
    task_id: UUID | None
    """Task that it names."""
    is_present: bool
    """Whether it was there."""
    price_found: UnitPrice | None
    """Price on the tag per unit."""
    count_found: int | None
    """Displays found."""
    on_deal: bool | None
    """Whether the tag announced a deal."""
    photo_sha256s: Annotated[list[str], Field(max_length=PHOTOS_MAX)]
    """Photos of this finding."""


class AuditOut(Answer):
    """An audit."""

    id: UUID
    """Audit."""
    store_id: UUID
    """Store that was visited."""
    account_id: UUID
    """Account 客户 of the store."""
    visited_at: Instant
    """When the visit took place by the phone's clock."""
    received_at: Instant
    """When the audit was accepted."""
    submitted_by: str
    """Who sent it: the subject of the token."""
    template_version: str
    """Version of the audit template 检查模板."""
    findings: Annotated[list[FindingOut], Field(max_length=FINDINGS_MAX)]
    """What was found."""
    photo_sha256s: Annotated[list[str], Field(max_length=PHOTOS_MAX)]
    """Photos of the whole visit."""
    note: str | None
    """Remark."""
    latitude: Rate | None
    """Degrees north (WGS 84) of the phone."""
    longitude: Rate | None
    """Degrees east (WGS 84) of the phone."""
    distance_m: int | None
    """Metres from the store; null unless both positions are known."""
    is_at_store: bool | None
    """Whether the distance is within the setting ``gps_radius_m``; informs, decides nothing."""
    verified_at: Instant | None
    """When the tasks that it concerns were brought up to date; null for a second or so after it was accepted."""


class AuditSummary(Answer):
    """An audit in a list."""

    id: UUID
    """Audit."""
    store_id: UUID
    """Store that was visited."""
    account_id: UUID
    """Account 客户 of the store."""
    visited_at: Instant
    """When the visit took place by the phone's clock."""
    received_at: Instant
    """When the audit was accepted."""
    submitted_by: str
    """Who sent it."""
    template_version: str
    """Version of the audit template."""
    finding_count: int
    """Findings in it."""
    verified_at: Instant | None
    """When the tasks that it concerns were brought up to date."""


@router.put(
    "/{audit_id}",
    operation_id="put_audit",
    policy=VISITORS,
    answers=AuditReceipt,
    responses={201: {"model": AuditReceipt, "description": "Accepted for the first time."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body_schema(), "example": EXAMPLE}},
        }
    },
)
async def put_audit(audit_id: UUID, request: Request) -> Response:
    """Take in an audit: 201 the first time, 200 with the same answer each time it is sent again.

    - The same id with other content is 409 ``audit_id_taken``; an unknown store is 404 ``store_not_found``.
    - Photos may arrive before or after, tasks as well; verdicts follow within a second or so as ``execution_verified``.
    - ``visited_at`` is the phone's: of several audits of a store the latest visit counts, whenever it was received.
    """
    # No dependencies, and a connection for the statement's time only: both are felt at thousands a second.
    audit = read_audit(await request.body())
    caller: Principal = request.state.principal
    database: Database = request.app.state.database
    async with database.raw(caller.scope) as connection:
        found = await _take_in(connection, audit_id, audit, caller.subject)
    if not found["is_new"] and found["content_sha256"] != audit.content_sha256:
        raise AuditIdTaken(f"The id {audit_id} belongs to another audit. Send this one under a new id.")
    receipt = {
        "id": audit_id,
        "store_id": audit.store_id,
        "account_id": found["account_id"],
        "visited_at": audit.visited_at,
        "received_at": found["received_at"],
        "finding_count": len(audit.findings),
    }
    return json_response(receipt, status=201 if found["is_new"] else 200)


async def _take_in(connection: Connection, audit_id: UUID, audit: AuditRead, sender: str) -> dict[str, Any]:
    """Take the audit in; at once if the store's account is remembered, else on the second try.

    Raises:
        StoreNotFound: absent, or of an account outside the scope.
    """
    at = now()
    guess = _account_of.get(audit.store_id)
    found = await _try(connection, audit_id, audit, sender, guess, at)
    if found["account_id"] != guess:
        if len(_account_of) >= STORES_REMEMBERED_MAX:
            _account_of.clear()
        _account_of[audit.store_id] = found["account_id"]
        found = await _try(connection, audit_id, audit, sender, found["account_id"], at)
    if not found["is_new"] and found["content_sha256"] is None:  # Taken meanwhile, or by somebody out of sight.
        found |= await queries.known(connection, audit_id)
    return found


async def _try(
    connection: Connection, audit_id: UUID, audit: AuditRead, sender: str, account_id: UUID | None, at: datetime
) -> dict[str, Any]:
    """Run the statement with the event of a store of ``account_id``; it takes nothing in if the account is another."""
    event = completed(
        id=audit_id,
        account_id=account_id,
        store_id=audit.store_id,
        visited_at=audit.visited_at,
        template_version=audit.template_version,
        findings=audit.findings,
        photo_sha256s=audit.photo_sha256s,
    )
    row = await connection.fetchrow(
        queries.TAKE_IN, audit_id, audit.store_id, audit.visited_at, at, sender, audit.template_version,
        audit.findings_json, audit.photo_sha256s, audit.note, audit.latitude, audit.longitude, audit.content_sha256,
        *arguments_of(event, at),
    )  # fmt: skip
    if row is None:
        raise StoreNotFound(f"There is no store {audit.store_id} among your accounts. Check store_id.")
    found = dict(row)
    if found["is_new"]:
        found["received_at"] = at
    return found


@router.get("/{audit_id}", operation_id="get_audit", policy=READERS, answers=AuditOut)
async def get_audit(audit_id: UUID, request: Request, raw: Raw) -> Response:
    """Return one audit with its findings."""
    row = await queries.find(raw, audit_id)
    ends = row["latitude"], row["longitude"], row.pop("store_latitude"), row.pop("store_longitude")
    distance = None if None in ends else distance_m(*ends)
    is_at_store = None if distance is None else distance <= request.app.state.settings.gps_radius_m
    row |= {"findings": orjson.Fragment(row["findings"]), "distance_m": distance, "is_at_store": is_at_store}
    return json_response(row)


@router.get("", operation_id="list_audits", policy=READERS, list_of=AuditSummary)
async def list_audits(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    store_id: UUID | None = None,
    visited_from: Annotated[Instant | None, Query(description="Visits at or after this instant.")] = None,
    visited_before: Annotated[Instant | None, Query(description="Visits before this instant.")] = None,
) -> Response:
    """List audits, the newest first."""
    return await queries.LIST.page(
        raw,
        page,
        account_id=account_id,
        store_id=store_id,
        visited_from=visited_from,
        visited_before=visited_before,
    )
