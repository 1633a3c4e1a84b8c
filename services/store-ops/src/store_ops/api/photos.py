"""Photos 照片 of audits: raw bytes under their own hash, sent before or after the audit that names them."""

from fastapi import Request, Response
from starlette.responses import FileResponse

from shared.platform.clock import now
from shared.platform.db import Database
from shared.platform.fields import Answer, Instant, Sha256
from shared.platform.http import Caller, Raw, Router, json_response, problem_answer
from shared.platform.problems import HttpProblem
from store_ops.api.common import READERS, VISITORS
from store_ops.app import photo_files
from store_ops.db import photos as queries
from store_ops.domain.photo import MEDIA_TYPES, PhotoHashWrong
from store_ops.settings import Settings

router = Router(prefix="/v1/photos", tags=["photos"])

BYTES = {"schema": {"type": "string", "format": "binary", "maxLength": 15 * 1024 * 1024}}


class PhotoOut(Answer):
    """A photo that has arrived."""

    sha256: str
    """SHA-256 of its bytes in lower-case hex."""
    media_type: str
    """What its sender said it is."""
    size_bytes: int
    """Size in bytes."""
    received_at: Instant
    """When it arrived first."""


@router.put(
    "/{sha256}",
    operation_id="put_photo",
    policy=VISITORS,
    answers=PhotoOut,
    max_body_mib=15,
    stream=True,
    responses={
        201: {"model": PhotoOut, "description": "Arrived for the first time."},
        415: problem_answer("The Content-Type is not that of a photo."),
    },
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(sorted(MEDIA_TYPES), BYTES)}},
)
async def put_photo(sha256: Sha256, request: Request, caller: Caller) -> Response:
    """Take a photo's bytes (at most 15 MiB): 201 the first time, 200 again; bytes with another hash are 422.

    No transaction is open while the bytes come in; the file is on disk before its row is committed.
    """
    settings: Settings = request.app.state.settings
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise HttpProblem(415, "media_type_not_supported", f"Send one of {', '.join(sorted(MEDIA_TYPES))}.")
    try:
        size = await photo_files.keep(settings.data_dir, sha256, request.stream(), bytes_max=settings.photo_bytes_max)
    except photo_files.TooLarge as error:
        raise HttpProblem(413, "body_too_large", f"A photo has at most {settings.photo_bytes_max} bytes.") from error
    except photo_files.OtherContent as error:
        raise PhotoHashWrong(
            f"The bytes have the SHA-256 {error}, not the one in the path. Send the whole photo again."
        ) from error
    database: Database = request.app.state.database
    async with database.raw(caller.scope) as connection:
        is_new = await connection.fetchval(queries.ADD, sha256, media_type, size, caller.subject, now()) is not None
        row = await connection.fetchrow(queries.ONE, sha256)
    return json_response(dict(row or {}), status=201 if is_new else 200)


@router.get(
    "/{sha256}",
    operation_id="get_photo",
    policy=READERS,
    media_types=sorted(MEDIA_TYPES),
)
async def get_photo(sha256: Sha256, request: Request, raw: Raw, caller: Caller) -> Response:
    """Return a photo's bytes to its sender, and to whoever may see an audit that refers to it."""
    row = await queries.find(raw, sha256, caller.subject)
    settings: Settings = request.app.state.settings
    return FileResponse(
        photo_files.place(settings.data_dir, sha256),
        media_type=row["media_type"],
        headers={
            "ETag": f'"{sha256}"',
            "Cache-Control": "private, max-age=31536000, immutable",
            "Content-Security-Policy": "sandbox",
        },
    )


@router.head("/{sha256}", operation_id="head_photo", policy=READERS)
async def head_photo(sha256: Sha256, raw: Raw, caller: Caller) -> Response:
    """Say whether a photo has arrived, with its type and size: what a phone asks before it sends one again."""
    row = await queries.find(raw, sha256, caller.subject)
    headers = {"Content-Length": str(row["size_bytes"]), "ETag": f'"{sha256}"'}
    return Response(media_type=row["media_type"], headers=headers)
