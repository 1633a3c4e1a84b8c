"""Calls to URLs that others gave us: only checked addresses are dialled, nothing is followed, answers are cut short.

The check sits where the connection is made: the name is resolved once, every address must be acceptable, and one of
these is dialled. The URL keeps its name, so certificates, ``Host`` and the connection pool work as usual. ``httpcore``
is used without ``httpx`` on top: it knows no redirects, no cookies and no proxies from the environment.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpcore

from shared.platform.clock import now

Network: TypeAlias = IPv4Network | IPv6Network
TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 4096
CONNECTIONS_MAX = 64
KEEPALIVE_SECONDS = 20.0
URL_LENGTH_MAX = 1000
RETRY_AFTER_SECONDS_MAX = 86_400.0
PRIVILEGED_PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1024
REFUSED_NETWORKS: Sequence[Network] = tuple(
    ip_network(each)
    for each in (
        "192.0.0.0/24",  # Protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64: any IPv4 address behind it
        "64:ff9b:1::/48",  # NAT64, local use
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # Site-local
    )
)
"""Ranges that ``ipaddress`` calls global, though an address of ours may hide in them."""


class RefusedUrl(ValueError):
    """We do not call this URL; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``status`` is None if nothing did, and ``error`` says why."""

    status: int | None = None
    error: str = ""
    retry_after_seconds: float | None = None
    body: bytes = b""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether ``address`` is one of the open internet."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address in network for network in REFUSED_NETWORKS)


def _within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Dials a name's address after every address of that name has been checked."""

    def __init__(self, networks: Sequence[Network], *, public: bool) -> None:
        self._networks, self._public, self._dial = networks, public, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's protocol
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, dial.

        Raises:
            RefusedUrl: one of the addresses is not acceptable.
        """
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]).partition("%")[0] for each in found]
        for address in map(ip_address, addresses):
            if not (_within(address, self._networks) or (self._public and is_public(address))):
                raise RefusedUrl(f"{host} is not an address that we may call")
        return await self._dial.connect_tcp(addresses[0], port, timeout, local_address, socket_options)


class Outgoing:
    """The process's client for foreign URLs. One object, few connections, kept open."""

    def __init__(self, *, networks: Sequence[Network] = (), local: bool = False) -> None:
        """``networks``: private ones that may be called, in plain http as well; ``local``: so may this machine."""
        if local:
            networks = (*networks, ip_network("127.0.0.0/8"), ip_network("::1/128"))
        self._local = local
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=_tls(),
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=CONNECTIONS_MAX,
                keepalive_expiry=KEEPALIVE_SECONDS,
                network_backend=_CheckedBackend(networks, public=public),
            )
            for scheme, public in (("https", True), ("http", local))
        }

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Answer:
        """Send one request and return what came back; a connection that broke is tried once more, on a new one."""
        try:
            check_url(url)
            pool = self._pools[urlsplit(url).scheme]
            async with asyncio.timeout(timeout_seconds):
                try:
                    return await _exchange(pool, method, url, headers, body, answer_bytes_max)
                except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
                    return await _exchange(pool, method, url, headers, body, answer_bytes_max)
        except TimeoutError:
            return Answer(error=f"no answer in {timeout_seconds:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError, ValueError) as error:
            return Answer(error=f"{type(error).__name__}: {error}"[:200])


async def _exchange(
    pool: httpcore.AsyncConnectionPool, method: str, url: str, headers: Mapping[str, str], body: bytes, bytes_max: int
) -> Answer:
    async with pool.stream(method, url, headers=list(headers.items()), content=body) as response:
        read = bytearray()
        async for part in response.aiter_stream():
            read += part
            if len(read) > bytes_max:
                break  # Leaving the block closes the connection: what is longer is not read.
        found = {name.lower(): value for name, value in response.headers}
        return Answer(
            status=response.status,
            retry_after_seconds=_retry_after(found.get(b"retry-after", b"").decode("latin-1")),
            body=bytes(read[:bytes_max]),
        )


def check_url(url: str) -> str:
    """Return ``url`` if it has the shape of one that we may call; its addresses are checked when it is called.

    Raises:
        RefusedUrl: another scheme than http and https, user names, odd ports, fragments, or too long.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError) as error:
        raise RefusedUrl("the URL must be an https URL") from error
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise RefusedUrl("the URL must have a host and neither user name, password nor fragment")
    if port not in PRIVILEGED_PORTS and port < FIRST_FREE_PORT:
        raise RefusedUrl("the URL's port must be 443, 80 or at least 1024")
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise RefusedUrl(f"the URL must be at most {URL_LENGTH_MAX} printable ASCII characters")
    return url


def _retry_after(value: str) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for, at most a day; None if it says nothing."""
    try:
        seconds = float(value) if value.isdigit() else (parsedate_to_datetime(value) - now()).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


def _tls() -> ssl.SSLContext:
    context = httpcore.default_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
