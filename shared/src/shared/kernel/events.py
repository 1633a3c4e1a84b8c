"""What every event has in common: it names its subject and carries that subject's full public state."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Subclasses are frozen dataclasses that set ``event_type`` and ``noun``.

    A field's meaning (unit, shape, source) is the string right below it; it becomes the description in the published
    schema.
    """

    __pydantic_config__: ClassVar[dict[str, bool]] = {"use_attribute_docstrings": True}

    event_type: ClassVar[str]
    """``gondola.<service>.<noun>_<past verb>.v1``."""
    noun: ClassVar[str]
    """The subject's noun in kebab-case: the subject on the wire is ``<noun>/<id>``."""

    id: UUID
    """Identifier of the subject."""
    account_id: UUID | None = None
    """Account that the subject belongs to; absent for what belongs to no account, like a product."""
