"""Tokens that are not exactly what the issuer signs for us are refused."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from shared.platform.auth import Authenticator, Role, Unauthenticated
from shared.platform.clock import now
from shared.platform.local_issuer import Signer, create_app

ISSUER = "https://issuer.test"


@pytest.fixture
def key() -> Signer:
    return Signer(issuer=ISSUER, audience="gondola", key=Ed25519PrivateKey.generate())


@pytest.fixture
async def check(key: Signer) -> AsyncIterator[Authenticator]:
    transport = httpx.ASGITransport(app=create_app(key, "s"))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield Authenticator(issuer=ISSUER, audience="gondola", keys_url=f"{ISSUER}/jwks.json", client=client)


def claims(**changes: Any) -> dict[str, Any]:
    instant = now()
    ours = {"roles": ["finance", "unknown"], "accounts": ["00000000-0000-0000-0000-000000000001"], "regions": ["north"]}
    return {
        "iss": ISSUER, "aud": "gondola", "sub": "me", "iat": instant, "exp": instant + timedelta(minutes=5),
        "gondola": ours,
    } | changes  # fmt: skip


def signed(key: Signer, body: dict[str, Any], *, algorithm: str = "EdDSA", secret: Any = None, **headers: Any) -> str:
    present = {
        name: value for name, value in ({"kid": "local", "typ": "at+jwt"} | headers).items() if value is not None
    }
    return jwt.encode(body, secret if secret is not None else key.key, algorithm=algorithm, headers=present)


async def test_a_good_token_gives_roles_and_scope(key: Signer, check: Authenticator) -> None:
    principal = await check.principal(f"Bearer {signed(key, claims())}")
    assert (principal.subject, principal.roles) == ("me", {Role.FINANCE})
    assert principal.scope.values() == ("some", "{00000000-0000-0000-0000-000000000001}", '{"north"}')
    everything = await check.principal(f"Bearer {signed(key, claims(gondola={'roles': [], 'accounts': 'all'}))}")
    assert everything.scope.values()[0] == "all"


def unsigned(key: Signer) -> str:
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value, default=str).encode()).decode().rstrip("=")  # noqa: E731
    body = claims() | {"iat": int(now().timestamp()), "exp": int(now().timestamp()) + 300}
    assert key
    return f"{part({'alg': 'none', 'kid': 'local', 'typ': 'JWT'})}.{part(body)}."


def public_key_as_secret(key: Signer) -> str:
    raw = key.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return signed(key, claims(), algorithm="HS256", secret=raw)


BAD: dict[str, Callable[[Signer], str]] = {
    "alg none": unsigned,
    "public key as HMAC secret": public_key_as_secret,
    "another key": lambda key: signed(key, claims(), secret=Ed25519PrivateKey.generate()),
    "another algorithm under the same key id": lambda key: signed(
        key, claims(), algorithm="RS256", secret=generate_private_key(65537, 2048)
    ),
    "unknown key id": lambda key: signed(key, claims(), kid="other"),
    "no key id": lambda key: signed(key, claims(), kid=None),
    "key in the header": lambda key: signed(key, claims(), jwk=key.jwks()["keys"][0]),
    "key's address in the header": lambda key: signed(key, claims(), jku="https://evil.test/jwks.json"),
    "unknown crit": lambda key: signed(key, claims(), crit=["x"]),
    "not an access token": lambda key: signed(key, claims(), typ="dpop+jwt"),
    "wrong issuer": lambda key: signed(key, claims(iss="https://other.test")),
    "wrong audience": lambda key: signed(key, claims(aud="other")),
    "expired": lambda key: signed(key, claims(exp=now() - timedelta(minutes=2))),
    "not yet valid": lambda key: signed(key, claims(nbf=now() + timedelta(minutes=5))),
    "no expiry": lambda key: signed(key, {name: value for name, value in claims().items() if name != "exp"}),
    "no claim of ours": lambda key: signed(key, {name: value for name, value in claims().items() if name != "gondola"}),
    "malformed claim of ours": lambda key: signed(key, claims(gondola={"roles": [], "accounts": ["x"]})),
    "roles are a number": lambda key: signed(key, claims(gondola={"roles": 5})),
    "cut": lambda key: signed(key, claims())[:-4],
    "not a token": lambda key: "ä.ö.ü",
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
async def test_any_other_token_is_refused(key: Signer, check: Authenticator, make: Callable[[Signer], str]) -> None:
    with pytest.raises(Unauthenticated):
        await check.principal(f"Bearer {make(key)}")


async def test_keys_rotate_and_an_outage_of_the_issuer_is_survived(
    key: Signer, check: Authenticator, clock: Any
) -> None:
    first = signed(key, claims())
    assert await check.principal(f"Bearer {first}")
    newer = Signer(issuer=ISSUER, audience="gondola", key=Ed25519PrivateKey.generate(), key_id="newer")
    clock.advance(seconds=11)
    check.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(newer, "s")), base_url=ISSUER)
    assert await check.principal(f"Bearer {signed(newer, claims(), kid='newer')}")

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down", request=request)

    clock.advance(seconds=11)
    await check.client.aclose()
    check.client = httpx.AsyncClient(transport=httpx.MockTransport(down))
    assert await check.principal(f"Bearer {signed(newer, claims(sub='again'), kid='newer')}")
    with pytest.raises(Unauthenticated):
        await check.principal(f"Bearer {signed(key, claims(), kid='unheard-of')}")
    await check.client.aclose()


async def test_an_accepted_token_is_looked_at_again_once_it_has_expired(
    key: Signer, check: Authenticator, clock: Any
) -> None:
    token = signed(key, claims())
    assert await check.principal(f"Bearer {token}")
    check._keys.clear()
    check.keys_url = f"{ISSUER}/nothing-here"
    assert await check.principal(f"Bearer {token}")
    clock.advance(minutes=6)
    with pytest.raises(Unauthenticated):
        await check.principal(f"Bearer {token}")
