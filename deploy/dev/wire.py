"""Subscribe the four services to one another, through their public APIs, as an administrator would."""

import asyncio
import base64
import importlib
import secrets
from collections.abc import Mapping
from typing import Any

import httpx

from deploy.dev.table import SERVICES

CONFIRM_SECONDS_MAX = 30
POLL_SECONDS = 0.1


async def wire(settings: Mapping[str, str]) -> None:
    """See to it that every consumer is subscribed at every producer to the nouns that its handlers read.

    A consumer that has moved (another port) gets a new subscription that goes on at the cursor of the old one.
    ``settings`` are those of ``Stack.settings()``: where the services and the issuer are, and the client secret.

    Raises:
        RuntimeError: an endpoint was not confirmed in time.
    """
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        client.headers["Authorization"] = f"Bearer {await _token(client, settings)}"
        urls = {name: settings[f"{package.upper()}_PUBLIC_URL"] for name, package, _ in SERVICES}
        wanted = [
            (consumer, source.removeprefix("/"), sorted(nouns))
            for consumer, package, _ in SERVICES
            for source, nouns in importlib.import_module(f"{package}.main").service.inbound.nouns.items()
        ]
        for consumer, producer, nouns in wanted:
            await _subscribe(client, urls, consumer, producer, nouns)
        for producer in sorted({producer for _, producer, _ in wanted}):
            await _confirmed(client, urls[producer])


async def _token(client: httpx.AsyncClient, settings: Mapping[str, str]) -> str:
    body = {
        "grant_type": "client_credentials",
        "client_id": "wiring",
        "client_secret": settings["GONDOLA_CLIENT_SECRET"],
        "roles": ["admin"],
    }
    answer = await client.post(f"{settings['GONDOLA_ISSUER']}/token", json=body)
    return str(_good(answer)["access_token"])


async def _subscribe(
    client: httpx.AsyncClient, urls: Mapping[str, str], consumer: str, producer: str, nouns: list[str]
) -> None:
    endpoints, target = f"{urls[producer]}/v1/webhook-endpoints", f"{urls[consumer]}/v1/inbound-events"
    after = "0"
    for known in _good(await client.get(endpoints, params={"limit": 500}))["items"]:
        if known["description"] != consumer or known["state"] == "ended":
            continue
        if known["url"] == target and known["nouns"] == nouns:
            return
        after = known["cursor"] if known["nouns"] == nouns else "0"  # A new noun is read from its beginning.
        (await client.delete(f"{endpoints}/{known['id']}")).raise_for_status()
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    source = {"source": f"/{producer}", "secrets": [secret], "feed_url": f"{urls[producer]}/v1/events"}
    _good(await client.put(f"{urls[consumer]}/v1/event-sources/{producer}", json=source))
    subscription = {"url": target, "description": consumer, "nouns": nouns, "secret": secret, "after": after}
    _good(await client.post(endpoints, json=subscription))


async def _confirmed(client: httpx.AsyncClient, producer_url: str) -> None:
    """Wait until the producer's worker has confirmed all of its endpoints."""
    pending: list[dict[str, Any]] = []
    for _ in range(int(CONFIRM_SECONDS_MAX / POLL_SECONDS)):
        found = _good(await client.get(f"{producer_url}/v1/webhook-endpoints", params={"state": "pending"}))
        pending = found["items"]
        if not pending:
            return
        await asyncio.sleep(POLL_SECONDS)
    told = ", ".join(f"{each['url']} ({each['last_error']})" for each in pending)
    raise RuntimeError(f"not confirmed: {told}")


def _good(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
    document: dict[str, Any] = answer.json()
    return document
