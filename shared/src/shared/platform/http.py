"""The way of a request: token, policy, one transaction, handler, stored answer, commit, and only then the answer."""

import hashlib
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Header
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message

from shared.platform import idempotency
from shared.platform.auth import EVERYTHING, Principal, Role
from shared.platform.db import Connection, Database, raw_of
from shared.platform.json import decode, encode
from shared.platform.problems import MEDIA_TYPE, HttpProblem

MIB = 1 << 20
BODY_BYTES_MAX = MIB
SIGNED: Literal["signed"] = "signed"
"""Policy of an operation that checks a webhook signature instead of a token."""
Policy = Sequence[Role] | Literal["signed"]
"""Roles that may call an operation; none: every caller with an acceptable token."""
Documented = dict[int | str, dict[str, Any]]
"""What the documents say of answers, by status."""


def problem_answer(description: str) -> dict[str, Any]:
    """Return what the documents say of an error."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


COMMON_PROBLEMS: Documented = {
    400: problem_answer("The request cannot be read."),
    401: problem_answer("The token is missing or not acceptable."),
    403: problem_answer("The caller's role may not do this."),
    404: problem_answer("It does not exist, or is outside the caller's scope."),
    409: problem_answer("The present state forbids it, or it exists already."),
    413: problem_answer("The body is too large."),
    422: problem_answer("A field or a rule is broken; `errors` says which."),
    429: problem_answer("Too many requests; wait for `Retry-After` seconds."),
    503: problem_answer("Not available right now; send it again after `Retry-After` seconds."),
}
MATCH_PROBLEMS: Documented = {
    412: problem_answer("It has changed since the version that `If-Match` names; read it again."),
    428: problem_answer("`If-Match` is missing where it is needed; read it first and send its `ETag`."),
}
"""What an operation answers besides when it takes ``IfMatch``."""
BINARY = {"schema": {"type": "string", "format": "binary"}}


class StrictRequest(Request):
    """A request with a limit on its body, whose JSON is read by the house's strict decoder."""

    def __init__(self, request: Request, body_bytes_max: int) -> None:
        super().__init__(request.scope, self._limited)
        self._unlimited, self._left = request.receive, body_bytes_max
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > body_bytes_max:
            raise _too_large(body_bytes_max)

    async def _limited(self) -> Message:
        message = await self._unlimited()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _too_large(None)
        return message

    async def json(self) -> Any:
        """Return the decoded body.

        Raises:
            Unreadable: the body is not JSON that we accept.
        """
        return decode(await self.body())


def _too_large(bytes_max: int | None) -> HttpProblem:
    limit = f" of {bytes_max // MIB} MiB" if bytes_max else ""
    return HttpProblem(413, "body_too_large", f"The body is over this operation's limit{limit}. Send less at once.")


# Dependencies are coroutines: FastAPI sends plain functions through a thread, which costs more than all of the rest.


async def _tx(request: Request) -> AsyncSession:
    return cast("AsyncSession", request.state.tx)


async def _raw(request: Request) -> Connection:
    return cast("Connection", request.state.raw)


async def _caller(request: Request) -> Principal:
    return cast("Principal", request.state.principal)


Tx = Annotated[AsyncSession, Depends(_tx)]
"""The request's transaction as a session, with the caller's scope on it; committed before the answer is sent."""
Raw = Annotated[Connection, Depends(_raw)]
"""The request's transaction as an asyncpg connection, for hot writes and lists."""
Caller = Annotated[Principal, Depends(_caller)]
"""Who is calling."""
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=80, description="ETag of the version to change.")]


class GondolaRoute(APIRoute):
    """A route that authenticates, checks its policy, and runs its handler in one transaction."""

    policy: Policy = ()
    idempotency_required: bool = False
    stream: bool = False
    body_bytes_max: int = BODY_BYTES_MAX

    def uses(self, dependency: Callable[..., Any]) -> bool:
        """Say whether the handler asks for ``dependency``, directly or through another one."""

        def search(dependant: Dependant) -> bool:
            return any(each.call is dependency or search(each) for each in dependant.dependencies)

        return search(self.dependant)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()
        session, raw = self.uses(_tx), self.uses(_raw)
        assert not (session and raw), f"{self.path}: use Tx or Raw, not both"
        keyed = "POST" in (self.methods or ()) and not self.stream and self.policy != SIGNED and (session or raw)

        async def handle(request: Request) -> Response:
            request = StrictRequest(request, self.body_bytes_max)
            scope = EVERYTHING
            if self.policy != SIGNED:
                principal = await _authenticate(request, self.policy)
                request.state.principal, scope = principal, principal.scope
            if not self.stream:
                await request.body()  # Before a connection is taken: a slow sender must not hold one.
            database: Database = request.app.state.database
            if not session and not raw:
                return await handler(request)
            async with database.session(scope) if session else database.raw(scope) as transaction:
                setattr(request.state, "tx" if session else "raw", transaction)
                if not keyed:
                    return await handler(request)
                connection = (
                    await raw_of(cast("AsyncSession", transaction)) if session else cast("Connection", transaction)
                )
                return await self._once(request, connection, handler)

        return handle

    async def _once(
        self, request: Request, connection: Connection, handler: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response:
        """Run the handler, or give the stored answer when this key has been seen."""
        key = request.headers.get("idempotency-key")
        if key is None:
            if self.idempotency_required:
                raise HttpProblem(
                    400,
                    "idempotency_key_missing",
                    "Send an Idempotency-Key header with a value of your own, new per request.",
                )
            return await handler(request)
        caller = request.state.principal.subject
        fingerprint = hashlib.sha256(
            f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
        ).digest()
        stored = await idempotency.claim(connection, caller, key, fingerprint)
        if stored is not None:
            return stored
        response = await handler(request)
        await idempotency.keep(connection, caller, key, fingerprint, response)
        return response


async def _authenticate(request: Request, policy: Sequence[Role]) -> Principal:
    """Return the caller if its token is good, its role fits and it does not ask too often."""
    principal: Principal = await request.app.state.authenticator.principal(request.headers.get("authorization"))
    wait_seconds = request.app.state.rate_limiter.wait_seconds(principal.subject)
    if wait_seconds:
        raise HttpProblem(
            429, "too_many_requests", f"Wait {wait_seconds} s.", headers={"Retry-After": str(wait_seconds)}
        )
    if policy and not principal.roles.intersection(policy):
        names = ", ".join(policy)
        raise HttpProblem(403, "role_not_allowed", f"This needs one of these roles: {names}.")
    return principal


class Router(APIRouter):
    """An ``APIRouter`` whose operations must state who may call them."""

    def __init__(self, *, prefix: str, tags: Sequence[str]) -> None:
        super().__init__(prefix=prefix, tags=list(tags), route_class=GondolaRoute)

    def operation(  # noqa: PLR0913 - one keyword for each thing that an operation may say
        self,
        method: str,
        path: str,
        *,
        operation_id: str,
        policy: Policy,
        answers: type[BaseModel] | Any = None,
        list_of: type[BaseModel] | None = None,
        media_types: Sequence[str] = (),
        status_code: int = 200,
        idempotency: Literal["optional", "required"] = "optional",
        max_body_mib: int = BODY_BYTES_MAX // MIB,
        stream: bool = False,
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        openapi_extra: Mapping[str, Any] | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a handler.

        ``policy``: roles that may call it. ``answers``: model of the answer, for the documents only: handlers return a
        ``Response`` or an ``Answer``. ``list_of``: model of a page's items. ``media_types``: it answers a file
        of one of these types instead of JSON. ``stream``: the handler reads the body.
        """
        documented = dict(COMMON_PROBLEMS)
        if list_of is not None:
            documented[status_code] = {"model": page_of(list_of), "description": "A page."}
        elif answers is not None:
            documented[status_code] = {"model": answers, "description": "Done."}
        elif media_types:
            documented[status_code] = {"content": dict.fromkeys(media_types, BINARY), "description": "The file."}
        documented |= {status: dict(each) for status, each in (responses or {}).items()}
        traits: dict[str, Any] = {"policy": policy, "stream": stream, "body_bytes_max": max_body_mib * MIB}
        traits["idempotency_required"] = idempotency == "required"
        extra = {"x-roles": policy if policy == SIGNED else [str(role) for role in policy]} | dict(openapi_extra or {})
        if method == "POST" and policy != SIGNED and not stream:
            extra["parameters"] = [*extra.get("parameters", ()), _key_parameter(required=idempotency == "required")]

        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            takes_match = any(each.annotation is IfMatch for each in inspect.signature(handler).parameters.values())
            summary, _, description = inspect.cleandoc(handler.__doc__ or "").partition("\n")
            self.add_api_route(
                path,
                handler,
                methods=[method],
                operation_id=operation_id,
                summary=summary.rstrip("."),
                description=description.strip(),
                status_code=status_code,
                responses=(MATCH_PROBLEMS if takes_match else {}) | documented,
                response_model=None,
                response_class=Response if media_types else JsonResponse,
                route_class_override=type("GondolaRoute", (GondolaRoute,), traits),
                openapi_extra=extra,
            )
            return handler

        return register

    def get(self, path: str, **options: Any) -> Callable[..., Any]:
        """Register a read; see ``operation``."""
        return self.operation("GET", path, **options)

    def put(self, path: str, **options: Any) -> Callable[..., Any]:
        """Register a creation or replacement under the caller's id; see ``operation``."""
        return self.operation("PUT", path, **options)

    def post(self, path: str, **options: Any) -> Callable[..., Any]:
        """Register a command; see ``operation``."""
        return self.operation("POST", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[..., Any]:
        """Register a deletion; see ``operation``."""
        return self.operation("DELETE", path, **options)

    def head(self, path: str, **options: Any) -> Callable[..., Any]:
        """Register a look at the headers; see ``operation``."""
        return self.operation("HEAD", path, **options)


class JsonResponse(JSONResponse):
    """JSON by the house's encoder."""

    def render(self, content: Any) -> bytes:
        """Return the body's bytes."""
        return encode(content)


def json_response(content: Any, *, status: int = 200, etag: int | None = None) -> JsonResponse:
    """Return ``content`` as JSON, with the version that a later ``If-Match`` must name."""
    return JsonResponse(content, status_code=status, headers={"ETag": etag_of(etag)} if etag is not None else None)


def etag_of(version: int) -> str:
    """Return a version number as an entity tag."""
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Let a change pass only if its sender has seen the present ``version``.

    Raises:
        HttpProblem: 428 without ``If-Match``, 412 with that of another version.
    """
    if if_match is None:
        raise HttpProblem(428, "if_match_missing", "Read it first and send its ETag as If-Match.")
    if if_match not in {"*", etag_of(version)}:
        raise HttpProblem(
            412, "stale_version", f"It has changed since you read it; its ETag is now {etag_of(version)}."
        )


def page_of(item: type[BaseModel]) -> type[BaseModel]:
    """Return the model of a page of ``item``."""
    fields: dict[str, Any] = {"items": (list[item], ...), "next": (str | None, ...)}  # type: ignore[valid-type]
    from pydantic import create_model  # noqa: PLC0415 - documents only

    return create_model(f"{item.__name__}Page", **fields)


def _key_parameter(*, required: bool) -> dict[str, Any]:
    return {
        "name": "Idempotency-Key", "in": "header", "required": required, "schema": {"type": "string", "maxLength": 200},
        "description": "Same key and body: the stored answer again, with Idempotency-Replayed: true. Kept for 7 days.",
    }  # fmt: skip
