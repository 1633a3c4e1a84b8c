"""Who is calling: bearer tokens checked against the issuer's keys, roles, and the accounts a caller may see."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import httpx
import jwt

from shared.platform.clock import now

ALGORITHMS = {"RS256": "RSA", "EdDSA": "OKP"}
REFUSED_HEADERS = frozenset({"crit", "jku", "jwk", "x5u", "x5c"})
TOKEN_TYPES = frozenset({"jwt", "at+jwt"})
CACHED_TOKENS_MAX = 10_000
KEY_FETCH_SECONDS_MIN = 10
KEY_FETCH_TIMEOUT_SECONDS = 5


class Role(StrEnum):
    """What a caller may do; the accounts it may do it to are its scope."""

    KA_DIRECTOR = "ka_director"
    REGION_MANAGER = "region_manager"
    KA_MANAGER = "ka_manager"
    FIELD_REP = "field_rep"
    FINANCE = "finance"
    FINANCE_CONTROLLER = "finance_controller"
    ERP = "erp"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The accounts that a transaction sees: all, or those listed, or those of the listed regions."""

    everything: bool = False
    accounts: frozenset[UUID] = frozenset()
    regions: frozenset[str] = frozenset()

    def values(self) -> tuple[str, str, str]:
        """Return the settings that row-level security reads: ``gondola.scope``, ``.accounts`` and ``.regions``."""
        if self.everything:
            return "all", "{}", "{}"
        accounts = ",".join(sorted(str(account) for account in self.accounts))
        escaped = (region.replace("\\", "\\\\").replace('"', '\\"') for region in sorted(self.regions))
        regions = ",".join(f'"{region}"' for region in escaped)
        return "some", f"{{{accounts}}}", f"{{{regions}}}"

    def statement(self) -> str:
        """Return the ``SET LOCAL`` statements that put this scope on a transaction in one round trip."""
        scope, accounts, regions = (value.replace("'", "''") for value in self.values())
        if self.everything:
            return "SET LOCAL gondola.scope = 'all'"
        return (
            f"SET LOCAL gondola.scope = '{scope}'; SET LOCAL gondola.accounts = '{accounts}'; "
            f"SET LOCAL gondola.regions = '{regions}'"
        )


EVERYTHING = Scope(everything=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller whose token was accepted."""

    subject: str
    roles: frozenset[Role]
    scope: Scope


class Unauthenticated(Exception):
    """The token is missing or not acceptable: 401. The reason is for the caller's developer and names no secret."""


@dataclass(slots=True, kw_only=True)
class Authenticator:
    """Turns a bearer token into a principal; keeps the issuer's keys and the tokens that it has already checked."""

    issuer: str
    audience: str
    keys_url: str
    client: httpx.AsyncClient
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched_at: float = 0.0
    _seen: OrderedDict[str, tuple[Principal, float]] = field(default_factory=OrderedDict)
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def principal(self, authorization: str | None) -> Principal:
        """Return who sent ``authorization`` (the header's value).

        Raises:
            Unauthenticated: no bearer token, or one that is malformed, expired, or not from our issuer for us.
        """
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Unauthenticated("Send an access token: Authorization: Bearer <token>.")
        known = self._seen.get(token)
        if known is not None:
            if known[1] > now().timestamp():
                return known[0]
            del self._seen[token]
        claims = await self._claims(token)
        principal = principal_of(claims)
        self._seen[token] = (principal, float(claims["exp"]))
        while len(self._seen) > CACHED_TOKENS_MAX:
            self._seen.popitem(last=False)
        return principal

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(_acceptable(header))
            if key.key_type != ALGORITHMS[header["alg"]]:
                raise Unauthenticated("The token's algorithm does not fit its key.")
            return jwt.decode(
                token,
                key.key,
                algorithms=[header["alg"]],
                audience=self.audience,
                issuer=self.issuer,
                leeway=30,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, UnicodeError) as error:
            raise Unauthenticated(f"The token is not acceptable: {type(error).__name__}.") from error

    async def _key(self, key_id: str) -> jwt.PyJWK:
        if key_id not in self._keys:
            await self._fetch_keys()
        if key_id not in self._keys:
            raise Unauthenticated("The token's key is not one of the issuer's.")
        return self._keys[key_id]

    async def _fetch_keys(self) -> None:
        """Read the issuer's keys, at most every ten seconds; while the issuer is down the keys known so far go on."""
        async with self._fetching:
            if now().timestamp() - self._fetched_at < KEY_FETCH_SECONDS_MIN:
                return
            self._fetched_at = now().timestamp()
            try:
                answer = await self.client.get(self.keys_url, timeout=KEY_FETCH_TIMEOUT_SECONDS)
                answer.raise_for_status()
                keys = [jwt.PyJWK(key) for key in answer.json()["keys"] if key.get("kty") in ALGORITHMS.values()]
            except (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError):
                self._fetched_at = 0.0  # Try again with the next token.
                return
            self._keys = {key.key_id: key for key in keys if key.key_id}


def _acceptable(header: Mapping[str, Any]) -> str:
    """Return the key id of a token header that may be trusted so far as to look its key up."""
    if header.get("alg") not in ALGORITHMS or REFUSED_HEADERS & header.keys():
        raise Unauthenticated("The token's header names an algorithm or a field that is not accepted.")
    if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in TOKEN_TYPES:
        raise Unauthenticated("The token is not an access token.")
    if not isinstance(header.get("kid"), str):
        raise Unauthenticated("The token does not name its key.")
    return str(header["kid"])


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """Read roles and scope from the token's ``gondola`` claim.

    Its shape is ``{"roles": [...], "accounts": "all" | [...], "regions": [...]}``.

    Unknown roles are ignored; without ``accounts`` and ``regions`` the caller sees nothing.
    """
    ours = claims.get("gondola")
    if not isinstance(ours, Mapping):
        raise Unauthenticated("The token has no gondola claim.")
    accounts, regions = ours.get("accounts", ()), ours.get("regions", ())
    try:
        scope = (
            EVERYTHING
            if accounts == "all"
            else Scope(
                accounts=frozenset(UUID(str(each)) for each in accounts),
                regions=frozenset(str(each) for each in regions),
            )
        )
        roles = frozenset(Role(role) for role in ours.get("roles", ()) if role in set(Role))
    except (TypeError, ValueError) as error:
        raise Unauthenticated("The token's gondola claim is malformed.") from error
    return Principal(subject=str(claims["sub"]), roles=roles, scope=scope)
