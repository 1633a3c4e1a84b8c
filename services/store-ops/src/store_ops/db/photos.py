"""Statements on photos; their bytes are files."""

import asyncpg

from shared.platform.db import Connection
from store_ops.domain.photo import PhotoNotFound

ADD = """
INSERT INTO photos (sha256, media_type, size_bytes, uploaded_by, received_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (sha256) DO NOTHING RETURNING sha256
"""
ONE = "SELECT sha256, media_type, size_bytes, received_at FROM photos WHERE sha256 = $1"
VISIBLE = f"""
{ONE} AND (uploaded_by = $2 OR EXISTS (SELECT FROM audit_photos AS reference WHERE reference.sha256 = photos.sha256))
"""
"""The references are under row-level security: only audits of accounts in the scope make a photo visible."""


async def find(connection: Connection, sha256: str, caller: str) -> asyncpg.Record:
    """Return the row of a photo that the caller sent, or that an audit within the scope refers to.

    Raises:
        PhotoNotFound: there is none.
    """
    row = await connection.fetchrow(VISIBLE, sha256, caller)
    if row is None:
        raise PhotoNotFound("No photo with this SHA-256 is among your accounts' audits. It may still be on its way.")
    return row
