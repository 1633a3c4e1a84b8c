"""An OpenID Connect issuer for development and tests: signs what it is asked to, so it never leaves the machine.

``GONDOLA_CLIENT_SECRET`` must be set; whoever knows it gets tokens of any role. Services in production refuse it.
"""

import argparse
import base64
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import jwt
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from pydantic import Field
from starlette.responses import Response

from shared.platform.auth import Role
from shared.platform.clock import now
from shared.platform.fields import Answer, Body
from shared.platform.problems import HttpProblem, on_http_problem

TOKEN_MINUTES = 60


class TokenRequest(Body):
    """Which token is wanted."""

    grant_type: Literal["client_credentials"]
    """The only grant."""
    client_id: str = Field(min_length=1, max_length=100)
    """Becomes the token's subject; also its role when ``roles`` is left out."""
    client_secret: str = Field(max_length=200)
    """``GONDOLA_CLIENT_SECRET`` of this machine."""
    roles: tuple[Role, ...] = ()
    """Roles of the caller."""
    accounts: Literal["all"] | tuple[str, ...] = "all"
    """Accounts in scope."""
    regions: tuple[str, ...] = ()
    """Regions in scope; only with an account list."""


class Token(Answer):
    """A bearer token."""

    access_token: str
    """The JWT."""
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind, not a secret
    """How to send it."""
    expires_in: int = TOKEN_MINUTES * 60
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A key and what it signs."""

    issuer: str
    audience: str
    key: Ed25519PrivateKey
    key_id: str = "local"

    def token(self, subject: str, roles: Sequence[str], *, accounts: Any = "all", regions: Sequence[str] = ()) -> str:
        """Return a token of ``subject`` for an hour."""
        instant = now()
        claims = {
            "iss": self.issuer, "aud": self.audience, "sub": subject,
            "iat": instant, "exp": instant + timedelta(minutes=TOKEN_MINUTES),
            "gondola": {"roles": list(roles), "accounts": accounts, "regions": list(regions)},
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers={"kid": self.key_id, "typ": "at+jwt"})

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JWKS."""
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": self.key_id, "use": "sig", "alg": "EdDSA", "x": x}]}


def stored_key(path: Path) -> Ed25519PrivateKey:
    """Return the key kept in ``path``, made at the first start and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(
                Ed25519PrivateKey.generate().private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def create_app(signer: Signer, secret: str) -> FastAPI:
    """Return the issuer's application."""
    app = FastAPI(title="Local issuer", docs_url=None, redoc_url=None, max_body_size=100_000)
    app.add_exception_handler(HttpProblem, on_http_problem)

    @app.get("/jwks.json")
    async def get_jwks() -> dict[str, Any]:
        return signer.jwks()

    @app.get("/.well-known/openid-configuration")
    async def get_configuration() -> dict[str, str]:
        base = signer.issuer
        return {"issuer": base, "jwks_uri": f"{base}/jwks.json", "token_endpoint": f"{base}/token"}

    @app.get("/readyz")
    async def get_readiness() -> Response:
        return Response(status_code=204)

    @app.post("/token")
    async def post_token(body: TokenRequest) -> Token:
        if not secrets.compare_digest(body.client_secret.encode(), secret.encode()):
            raise HttpProblem(401, "unauthenticated", "The client secret is wrong.")
        roles = body.roles or tuple(role for role in Role if role == body.client_id)
        return Token(access_token=signer.token(body.client_id, roles, accounts=body.accounts, regions=body.regions))

    return app


def main() -> None:
    """Serve the issuer on loopback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument(
        "--key-file", type=Path, default=Path(os.environ.get("GONDOLA_DATA_DIR", ".run")) / "issuer.pem"
    )
    options = parser.parse_args()
    secret = os.environ.get("GONDOLA_CLIENT_SECRET", "")
    if not secret:
        parser.error("set GONDOLA_CLIENT_SECRET: without it everybody could sign in")
    issuer = os.environ.get("GONDOLA_ISSUER", f"http://127.0.0.1:{options.port}")
    signer = Signer(
        issuer=issuer, audience=os.environ.get("GONDOLA_AUDIENCE", "gondola"), key=stored_key(options.key_file)
    )
    uvicorn.run(create_app(signer, secret), host="127.0.0.1", port=options.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
