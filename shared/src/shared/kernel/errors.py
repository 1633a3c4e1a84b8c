"""The errors that the domain may raise; one handler turns them into problem documents.

DomainError
├── NotFound      404: absent, or outside the caller's scope
├── Conflict      409: the state of things forbids it, or it exists already
└── RuleBroken    422: the request is readable, but a rule of the trade forbids it

A ``ValueError`` from a value object is 422 as well; a broken invariant is an ``assert``, hence 500 and a defect.
"""

from collections.abc import Sequence
from typing import ClassVar


class DomainError(Exception):
    """An answer that the caller can act upon.

    ``code`` is stable and snake_case; ``message`` says what to do about it; ``pointers`` are JSON pointers into the
    request.
    """

    code: ClassVar[str] = "domain_error"

    def __init__(self, message: str, *, pointers: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.pointers = tuple(pointers)


class NotFound(DomainError):
    """Absent, or outside the caller's scope."""

    code = "not_found"


class Conflict(DomainError):
    """The present state forbids it."""

    code = "conflict"


class RuleBroken(DomainError):
    """A rule of the trade forbids it."""

    code = "rule_broken"
