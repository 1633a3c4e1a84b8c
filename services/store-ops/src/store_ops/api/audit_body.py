"""The body of an audit as phones send it: read by msgspec, the fastest strict reader, on the hottest path there is."""

import hashlib
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi.exceptions import RequestValidationError
from msgspec import Meta

from shared.platform.json import Unreadable
from store_ops.domain.audit import Finding, FindingKind, check_findings, check_visit_time

FINDINGS_MAX = 200
PHOTOS_MAX = 50
STEP = Decimal("0.0001")

Photo = Annotated[
    str, Meta(pattern="^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
]
Photos = Annotated[list[Photo], Meta(max_length=PHOTOS_MAX)]
Price = Annotated[str, Meta(pattern=r"^[0-9]{1,14}(\.[0-9]{1,4})?$", examples=["3.1900"])]
Degrees = Annotated[str, Meta(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,6})?$", examples=["31.204700"])]


class FindingIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that was looked at 检查项."""

    product_id: Annotated[UUID, Meta(description="Product that was looked at.")]
    kind: Annotated[
        FindingKind,
        Meta(description="`price` 价格, `dm` DM海报, `endcap` 端架/堆头 or `on_shelf` 铺货."),
    ]
    is_present: Annotated[bool, Meta(description="Whether the price, leaflet place, display or product was there.")]
    task_id: Annotated[UUID | None, Meta(description="Task that it answers; without it, kind and product decide.")] = (
        None
    )
    price_found: Annotated[Price | None, Meta(description="Price on the tag per unit, a decimal string.")] = None
    count_found: Annotated[
        Annotated[int, Meta(ge=0, le=9999)] | None, Meta(description="Displays found; one when left out.")
    ] = None
    on_deal: Annotated[bool | None, Meta(description="Whether the tag announced a deal 促销标识.")] = None
    photo_sha256s: Annotated[
        Photos, Meta(description="SHA-256 of the photos of this finding; they may arrive before or after the audit.")
    ] = []


class AuditIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A store audit 门店检查 as the phone made it; sent again until it is answered."""

    store_id: Annotated[UUID, Meta(description="Store that was visited.")]
    visited_at: Annotated[
        datetime,
        Meta(
            tz=True, description="When, by the phone's clock, with its offset.", examples=["2026-03-10T10:00:00+08:00"]
        ),
    ]
    template_version: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$",
            max_length=64,
            description="Version of the audit template 检查模板.",
            examples=["2026.1"],
        ),
    ]
    findings: Annotated[
        list[FindingIn],
        Meta(max_length=FINDINGS_MAX, description="What was found; one finding per task, or per kind and product."),
    ]
    photo_sha256s: Annotated[
        Photos,
        Meta(description="Photos of the whole visit, like the shopfront; they prove findings without their own."),
    ] = []
    note: Annotated[Annotated[str, Meta(max_length=4000)] | None, Meta(description="Remark.")] = None
    latitude: Annotated[Degrees | None, Meta(description="Degrees north (WGS 84) of the phone, a decimal string.")] = (
        None
    )
    longitude: Annotated[Degrees | None, Meta(description="Degrees east (WGS 84) of the phone, a decimal string.")] = (
        None
    )


class AuditRead(msgspec.Struct, frozen=True):
    """A body that was read, with its findings as the domain sees them and as they are kept."""

    store_id: UUID
    visited_at: datetime
    template_version: str
    findings: tuple[Finding, ...]
    findings_json: str
    photo_sha256s: list[str]
    note: str | None
    latitude: Decimal | None
    longitude: Decimal | None
    content_sha256: bytes


_decode = msgspec.json.Decoder(AuditIn).decode
_encode = msgspec.json.Encoder().encode


def read_audit(body: bytes) -> AuditRead:
    """Return what ``body`` says; two bodies that mean the same have the same ``content_sha256``.

    Raises:
        Unreadable: it is not JSON, or a text holds a NUL.
        RequestValidationError: a field is missing, unknown, or not of its shape.
        FindingTwice: two findings are about the same thing.
        ValueError: the visit's time is out of all reason.
    """
    try:
        sent = _decode(body)
    except msgspec.ValidationError as error:
        raise RequestValidationError([_error_of(str(error))]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(f"The body is not JSON: {error}.") from error
    if sent.note is not None and "\x00" in sent.note:
        raise Unreadable("A text holds a NUL.")
    if (sent.latitude is None) != (sent.longitude is None):
        raise RequestValidationError(
            [_error_of("Send latitude and longitude together or not at all - at `$.latitude`")]
        )
    visited_at = _milliseconds(sent.visited_at)
    check_visit_time(visited_at)
    findings = tuple(_finding(each) for each in sent.findings)
    check_findings(findings)
    findings_json = _encode(findings)
    latitude, longitude = _degrees(sent.latitude, 90, "latitude"), _degrees(sent.longitude, 180, "longitude")
    meaning = (sent.store_id, visited_at, sent.template_version, sent.photo_sha256s, sent.note, latitude, longitude)
    return AuditRead(
        store_id=sent.store_id,
        visited_at=visited_at,
        template_version=sent.template_version,
        findings=findings,
        findings_json=findings_json.decode(),
        photo_sha256s=sent.photo_sha256s,
        note=sent.note,
        latitude=latitude,
        longitude=longitude,
        content_sha256=hashlib.sha256(_encode(meaning) + findings_json).digest(),
    )


def _finding(sent: FindingIn) -> Finding:
    return Finding(
        kind=sent.kind,
        product_id=sent.product_id,
        task_id=sent.task_id,
        is_present=sent.is_present,
        price_found=None if sent.price_found is None else Decimal(sent.price_found).quantize(STEP),
        count_found=sent.count_found,
        on_deal=sent.on_deal,
        photo_sha256s=tuple(sent.photo_sha256s),
    )


def _milliseconds(instant: datetime) -> datetime:
    """Return the instant in UTC and in whole milliseconds, the precision of the contract."""
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)


def _degrees(sent: str | None, most: int, name: str) -> Decimal | None:
    if sent is None:
        return None
    value = Decimal(sent).quantize(Decimal("0.000001"))
    if abs(value) > most:
        raise RequestValidationError([_error_of(f"Expected between -{most} and {most} degrees - at `$.{name}`")])
    return value


def _error_of(message: str) -> dict[str, Any]:
    """Return msgspec's message in the shape of a Pydantic error: ``$.findings[3].kind`` becomes its location."""
    said, _, path = message.partition(" - at `")
    parts = re.findall(r"[^.\[\]`$]+", path)
    location = ("body", *(int(part) if part.isdigit() else part for part in parts))
    return {"type": "value_error", "loc": location, "msg": said}


def body_schema() -> dict[str, Any]:
    """Return the JSON Schema of the body, without references, for the OpenAPI document."""
    (schema,), components = msgspec.json.schema_components([AuditIn], ref_template="{name}")

    def inlined(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return inlined(components[part["$ref"]] | {key: value for key, value in part.items() if key != "$ref"})
            return {key: inlined(value) for key, value in part.items()}
        return [inlined(each) for each in part] if isinstance(part, list) else part

    found: dict[str, Any] = inlined(schema)
    return found
