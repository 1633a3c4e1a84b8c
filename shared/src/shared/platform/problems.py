"""Every error answer is a problem document (RFC 9457) that says what to do; nothing internal shows in it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.kernel.errors import Conflict, DomainError, NotFound, RuleBroken
from shared.platform.db import OUTAGE
from shared.platform.fields import Answer
from shared.platform.json import encode
from shared.platform.trace import trace_id

log = logging.getLogger(__name__)
FrameworkError = HTTPException
"""What the framework raises by itself; our own code raises domain errors."""
MEDIA_TYPE = "application/problem+json"
ERRORS_MAX = 100
TITLES = {
    400: ("Unreadable request", "请求无法读取"),
    401: ("Not authenticated", "未认证"),
    403: ("Not allowed for your role", "角色无权限"),
    404: ("Not found", "未找到"),
    405: ("Method not allowed", "不支持的方法"),
    409: ("Conflict", "状态冲突"),
    412: ("Stale version", "版本已过期"),
    413: ("Body too large", "请求体过大"),
    415: ("Unsupported media type", "不支持的媒体类型"),
    422: ("Rule broken", "不符合规则"),
    428: ("If-Match is missing", "缺少 If-Match"),
    429: ("Too many requests", "请求过多"),
    500: ("Internal error", "内部错误"),
    503: ("Not available right now", "暂不可用"),
}
STATUS_OF: Sequence[tuple[type[DomainError], int]] = ((NotFound, 404), (Conflict, 409), (RuleBroken, 422))


class FieldError(Answer):
    """One thing that is wrong with the request."""

    pointer: str
    """JSON pointer into the body, or the name of a header or parameter."""
    detail: str
    """What is wrong with it."""


class Problem(Answer):
    """An error answer (RFC 9457)."""

    type: str
    """``urn:gondola:problem:<code>``."""
    title: str
    """The kind of problem, in the language asked for (``en`` or ``zh-CN``)."""
    status: int
    """The HTTP status again."""
    detail: str
    """What happened and what to do about it."""
    instance: str
    """The path that was called."""
    code: str
    """Stable, snake_case: what programs look at."""
    errors: tuple[FieldError, ...] = ()
    """Each field that is wrong."""
    trace_id: str
    """What to quote when asking for help."""


class HttpProblem(Exception):
    """A problem of the HTTP layer itself, like a missing header."""

    def __init__(self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, dict(headers or {})


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem document as a response."""
    english, chinese = TITLES.get(status, ("Error", "错误"))
    document = {
        "type": f"urn:gondola:problem:{code}",
        "title": chinese if request.headers.get("accept-language", "").lower().startswith("zh") else english,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "errors": list(errors)[:ERRORS_MAX],
        "trace_id": trace_id(),
    }
    return Response(encode(document), status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


async def on_domain_error(request: Request, error: Exception) -> Response:
    """Answer a rule of the domain that said no."""
    assert isinstance(error, DomainError)
    status = next((status for kind, status in STATUS_OF if isinstance(error, kind)), 409)
    errors = [{"pointer": pointer, "detail": error.message} for pointer in error.pointers]
    return problem(request, status, error.code, error.message, errors=errors)


async def on_value_error(request: Request, error: Exception) -> Response:
    """Answer a value object that refused its values; a ``ValueError`` from anywhere else is a defect."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    if ".domain" not in module and not module.startswith("shared.kernel"):
        raise error
    return problem(request, 422, "invalid_value", f"{error}.")


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Answer a request that does not have the documented shape."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(request, 400, "unreadable_body", "The body is not JSON.")
    errors = [{"pointer": _pointer(each["loc"]), "detail": str(each["msg"])} for each in found]
    return problem(
        request, 422, "invalid_request", "Correct the fields listed in errors and send again.", errors=errors
    )


def _pointer(location: Sequence[Any]) -> str:
    where, *rest = location or ("body",)
    if where != "body":
        return "/".join(str(part) for part in (where, *rest))
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in rest) or "/"


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the framework refused: no such path or method, a body over its limit."""
    assert isinstance(error, FrameworkError)
    codes = {400: "unreadable_body", 404: "no_such_path", 405: "method_not_allowed", 413: "body_too_large"}
    code = codes.get(error.status_code, "http_error")
    return problem(request, error.status_code, code, f"{error.detail}.", headers=error.headers)


async def on_http_problem(request: Request, error: Exception) -> Response:
    """Answer a problem of the HTTP layer."""
    assert isinstance(error, HttpProblem)
    return problem(request, error.status, error.code, error.detail, headers=error.headers)


async def on_unauthenticated(request: Request, error: Exception) -> Response:
    """Answer a missing or unacceptable token."""
    return problem(request, 401, "unauthenticated", str(error), headers={"WWW-Authenticate": 'Bearer realm="gondola"'})


async def on_unreadable(request: Request, error: Exception) -> Response:
    """Answer a body that is not JSON as we take it."""
    return problem(request, 400, "unreadable_body", str(error))


class DatabaseProblems:
    """Answers what the database refused: a known constraint by its domain error, an outage by 503."""

    def __init__(self, constraints: Mapping[str, DomainError]) -> None:
        self.constraints = constraints

    async def __call__(self, request: Request, error: Exception) -> Response:
        """Answer ``error``, an asyncpg or SQLAlchemy exception, or raise it again: then it is a defect."""
        cause: BaseException = error
        if isinstance(error, DBAPIError) and error.orig is not None:
            cause = error.orig.__cause__ or error.orig
        if isinstance(cause, asyncpg.IntegrityConstraintViolationError):
            known = self.constraints.get(cause.constraint_name or "")
            if known is not None:
                return await on_domain_error(request, known)
        if isinstance(cause, asyncpg.InsufficientPrivilegeError) and "row-level security" in str(cause):
            return problem(request, 404, "not_found", "The account does not exist, or is outside your scope.")
        for kinds, status, code, detail in DATABASE_ANSWERS:
            if isinstance(cause, kinds):
                log.warning("%s: %s", code, type(cause).__name__)
                return problem(request, status, code, detail, headers={"Retry-After": "1"} if status == BUSY else {})
        raise error


BUSY = 503
DATABASE_ANSWERS: Sequence[tuple[tuple[type[BaseException], ...], int, str, str]] = (
    (
        (asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError),
        409, "already_exists", "Something with the same key exists already.",
    ),
    ((asyncpg.DataError,), 422, "invalid_value", "A value is outside what its field can hold."),
    (
        (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError),
        BUSY, "busy", "Somebody else is changing this. Send it again.",
    ),
    (
        (*OUTAGE, TimeoutError, PoolTimeout, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError),
        BUSY, "unavailable", "The service is not available right now. Send it again.",
    ),
)  # fmt: skip
