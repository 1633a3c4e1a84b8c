"""The same POST twice is one effect: its answer is stored under the caller's key in the transaction of the effect."""

from starlette.responses import Response

from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.problems import HttpProblem

KEY_LENGTH_MAX = 200
KEEP_DAYS = 7

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 0))"
_FIND = "SELECT fingerprint, status, content_type, etag, body FROM idempotency_keys WHERE caller = $1 AND key = $2"
_KEEP = """
INSERT INTO idempotency_keys (caller, key, fingerprint, status, content_type, etag, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_FORGET = "DELETE FROM idempotency_keys WHERE created_at < $1::timestamptz - make_interval(days => $2)"


async def claim(connection: Connection, caller: str, key: str, fingerprint: bytes) -> Response | None:
    """Take ``key`` for this transaction; return the stored answer if the same request has had its effect already.

    The lock and the look are two statements: the look must see what the lock's previous holder has committed.

    Raises:
        HttpProblem: 400 for an unusable key, 409 while the first request is still running, 422 for another body.
    """
    if not 1 <= len(key) <= KEY_LENGTH_MAX or not key.isascii() or not key.isprintable():
        raise HttpProblem(
            400, "idempotency_key_unusable", f"Idempotency-Key takes 1 to {KEY_LENGTH_MAX} printable ASCII characters."
        )
    if not await connection.fetchval(_LOCK, caller, key):
        raise HttpProblem(
            409,
            "request_in_flight",
            "The first request with this Idempotency-Key is still running. Ask again in a moment.",
        )
    row = await connection.fetchrow(_FIND, caller, key)
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise HttpProblem(
            422, "idempotency_key_reused", "This Idempotency-Key belongs to another request. Take a new one."
        )
    headers = {"Idempotency-Replayed": "true"} | ({"ETag": row["etag"]} if row["etag"] else {})
    return Response(row["body"], status_code=row["status"], media_type=row["content_type"], headers=headers)


async def keep(connection: Connection, caller: str, key: str, fingerprint: bytes, response: Response) -> None:
    """Store the answer; it becomes visible with the effect, or not at all."""
    await connection.execute(
        _KEEP, caller, key, fingerprint, response.status_code, response.headers.get("content-type"),
        response.headers.get("etag"), bytes(response.body), now(),
    )  # fmt: skip


async def forget(connection: Connection) -> None:
    """Delete answers older than seven days; the worker's daily work."""
    await connection.execute(_FORGET, now(), KEEP_DAYS)
