"""Standard Webhooks signatures: HMAC-SHA256 (``whsec_``), or Ed25519 where the receiver shall not be able to sign."""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from standardwebhooks import Webhook

from shared.platform.clock import now

TOLERANCE_SECONDS = 300
SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 64
SIGNATURES_MAX = 10
TIMESTAMP = re.compile(r"[0-9]{1,12}")
PRIVATE, PUBLIC, SHARED = "whsk_", "whpk_", "whsec_"


class BadSignature(Exception):
    """The webhook is not signed by whom it says, or not now: 401."""


def new_secret() -> str:
    """Return a fresh shared secret."""
    return SHARED + base64.b64encode(os.urandom(32)).decode()


def check_secret(secret: str) -> str:
    """Return ``secret`` if one can sign or verify with it.

    Raises:
        ValueError: not a ``whsec_``, ``whsk_`` or ``whpk_`` key of fitting length.
    """
    key = _bytes_of(secret)
    if secret.startswith(SHARED) and SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        return secret
    if secret.startswith((PRIVATE, PUBLIC)) and len(key) == 32:  # noqa: PLR2004 - Ed25519
        return secret
    raise ValueError("a secret is whsec_ with 24 to 64 bytes, or an Ed25519 key (whsk_, whpk_), in base64")


def sign(secrets: Sequence[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """Return the three headers of a webhook; while a secret rotates there is a signature for each."""
    at = at.astimezone(UTC)  # The library takes the wall time of any zone for UTC.
    signatures = [
        _ed25519(secret, f"{message_id}.{int(at.timestamp())}.{body}")
        if secret.startswith(PRIVATE)
        else _webhook(secret).sign(message_id, at, body)
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    """Return if one of ``secrets`` signed ``body`` within five minutes of now.

    Raises:
        BadSignature: no secret fits, or the headers or the body are malformed, or too old or too new.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split(" ")
    if not message_id or len(given) > SIGNATURES_MAX or not TIMESTAMP.fullmatch(timestamp):
        raise BadSignature("The webhook's identifier, timestamp or signature is missing or malformed.")
    if abs(now().timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadSignature("The webhook's timestamp is not of now.")
    at = datetime.fromtimestamp(int(timestamp), UTC)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadSignature("The body is not UTF-8.") from error
    if not any(_fits(secret, given, message_id, at, text) for secret in secrets):
        raise BadSignature("The webhook's signature is not acceptable.")


def _fits(secret: str, given: Sequence[str], message_id: str, at: datetime, text: str) -> bool:
    if not secret.startswith(PUBLIC):
        expected = _webhook(secret).sign(message_id, at, text).encode()
        return any(hmac.compare_digest(expected, each.encode()) for each in given)
    key = Ed25519PublicKey.from_public_bytes(_bytes_of(secret))
    for each in given:
        version, _, encoded = each.partition(",")
        try:
            if version == "v1a":
                key.verify(
                    base64.b64decode(encoded, validate=True), f"{message_id}.{int(at.timestamp())}.{text}".encode()
                )
                return True
        except (InvalidSignature, ValueError):
            continue
    return False


@lru_cache(maxsize=256)
def _webhook(secret: str) -> Webhook:
    return Webhook(secret)


@lru_cache(maxsize=256)
def _private_key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes_of(secret))


def _ed25519(secret: str, text: str) -> str:
    return "v1a," + base64.b64encode(_private_key(secret).sign(text.encode())).decode()


def _bytes_of(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.partition("_")[2], validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is not base64") from error
