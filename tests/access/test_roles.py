"""Who may call what, generated from the OpenAPI documents: every operation, every role, and nobody at all."""

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from deploy.dev.table import SERVICES
from shared.platform.auth import Role
from shared.platform.service import Service
from shared.testing import Running, ServiceUrls, client_of

ANYWHERE = {"sha256": "0" * 64, "number": "1", "event_type": "gondola.contracts.account_changed.v1", "name": "nobody"}
REFUSED = {401, 403}


@pytest.fixture(params=[package for _, package, _ in SERVICES])
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = importlib.import_module(f"{request.param}.main").service
    return found


@pytest.fixture
async def app(service: Service, running: Running, database_urls: Mapping[str, ServiceUrls]) -> FastAPI:
    return await running.app(service, database_urls[service.package])


def operations(app: FastAPI) -> Iterator[tuple[str, str, Any]]:
    """Yield method, path with its parameters filled in, and the stated roles of each operation."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            filled = re.sub(r"{(\w+)}", lambda found: ANYWHERE.get(found[1], str(UUID(int=7))), path)
            yield method.upper(), filled, operation["x-roles"]


def refusal(answer: httpx.Response) -> str:
    """Return the code of a 401 or 403, else nothing; a HEAD has no body to say it in."""
    if answer.status_code not in REFUSED:
        return ""
    return str(answer.json()["code"]) if answer.content else "role_not_allowed"


async def test_nobody_gets_in_without_a_token(app: FastAPI, running: Running):
    async with client_of(app, running.signer, {}) as nobody:
        for method, path, _ in operations(app):
            answer = await nobody.request(method, path, headers={"Content-Type": "application/cloudevents+json"})
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"


async def test_exactly_the_stated_roles_get_in(app: FastAPI, running: Running):
    found: dict[str, dict[str, str]] = {}
    async with client_of(app, running.signer, {}) as api:
        for role in Role:
            async with api.as_(role, accounts=[UUID(int=8)]) as caller:
                for method, path, roles in operations(app):
                    if roles != "signed":
                        answer = await caller.request(method, path)
                        assert answer.status_code < 500, f"{method} {path} as {role}: {answer.text}"
                        found.setdefault(f"{method} {path}", {})[role] = refusal(answer)
        stated = {f"{method} {path}": roles for method, path, roles in operations(app) if roles != "signed"}
    wrong = [
        f"{operation} as {role}: {code or 'let in'}"
        for operation, answers in found.items()
        for role, code in answers.items()
        if (code == "role_not_allowed") != bool(stated[operation] and role not in stated[operation])
    ]
    assert not wrong, "\n".join(wrong)
    assert len(found) > 20


async def test_a_role_that_is_let_in_wrongly_would_be_seen(app: FastAPI, running: Running):
    method, path, roles = next(each for each in operations(app) if each[2] and each[2] != "signed")
    outside = next(role for role in Role if role not in roles)
    async with client_of(app, running.signer, {}) as api, api.as_(outside) as caller:
        assert (await caller.request(method, path)).status_code in REFUSED
