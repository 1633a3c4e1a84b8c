"""What the resources share: who may read, and how a batch of documents is answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, Protocol, TypeVar, cast
from uuid import UUID

from fastapi import Depends, Request

from receivables.db.terms import EntityTerms
from receivables.settings import Settings
from shared.platform.auth import Role
from shared.platform.fields import Answer
from shared.platform.http import JsonResponse

READERS = (
    Role.KA_DIRECTOR, Role.REGION_MANAGER, Role.KA_MANAGER, Role.FIELD_REP, Role.FINANCE, Role.FINANCE_CONTROLLER,
    Role.AUDITOR, Role.ADMIN,
)  # fmt: skip
READERS_AND_ERP = (*READERS, Role.ERP)
FINANCE = (Role.FINANCE, Role.FINANCE_CONTROLLER)
ERP_AND_FINANCE = (Role.ERP, Role.FINANCE, Role.FINANCE_CONTROLLER)
FEED_READERS = (Role.ERP, Role.FINANCE, Role.FINANCE_CONTROLLER, Role.AUDITOR, Role.ADMIN)

DOCUMENTS_MAX = 500
LINES_MAX = 5_000


async def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


Thresholds = Annotated[Settings, Depends(_settings)]
"""The service's settings."""


class Document(Protocol):
    """A document of a batch, as the caller sends it."""

    @property
    def id(self) -> UUID: ...  # noqa: D102
    @property
    def number(self) -> str: ...  # noqa: D102
    @property
    def account_id(self) -> UUID: ...  # noqa: D102
    @property
    def settlement_entity_id(self) -> UUID: ...  # noqa: D102


T = TypeVar("T", bound=Document)


class PostedDocument(Answer):
    """A document that was taken in."""

    id: UUID
    """Identifier."""
    number: str
    """Number of the document."""


class RefusedDocument(Answer):
    """A document that was not taken in, and why; the others of the batch were."""

    id: UUID
    """Identifier."""
    number: str
    """Number of the document."""
    code: str
    """Stable reason: duplicate_in_batch, id_taken, number_taken or settlement_entity_unknown."""
    message: str
    """What to do."""


class BatchAnswer(Answer):
    """What became of each document of the batch: one row, one fate."""

    posted: list[PostedDocument]
    """Taken in just now."""
    unchanged: list[PostedDocument]
    """Known already, with the same content."""
    refused: list[RefusedDocument]
    """Not taken in."""


@dataclass(slots=True)
class Sifted:
    """A batch while it is sorted into its fates."""

    new: list[Any] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    unchanged: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, document: Document, code: str, message: str) -> None:
        """Note why ``document`` is not taken in."""
        self.refused.append({"id": document.id, "number": document.number, "code": code, "message": message})

    def settle(self, posted: set[UUID], hint: str) -> list[Any]:
        """Sort the new documents by whether the database took them; return those that it took."""
        taken = []
        for document in self.new:
            if document.id in posted:
                taken.append(document)
                self.posted.append({"id": document.id, "number": document.number})
            else:
                self.refuse(document, "number_taken", hint)
        return taken

    def answer(self) -> JsonResponse:
        """Return what became of each document."""
        return JsonResponse({"posted": self.posted, "unchanged": self.unchanged, "refused": self.refused})


def sift(
    documents: Sequence[T],
    hashes: Mapping[UUID, bytes],
    known: Mapping[UUID, bytes],
    entities: Mapping[UUID, EntityTerms],
) -> Sifted:
    """Sort out what is known already, what contradicts it, and whose payer is not known here."""
    sifted = Sifted()
    seen: set[UUID] = set()
    for document in documents:
        entity = entities.get(document.settlement_entity_id)
        if document.id in seen:
            sifted.refuse(document, "duplicate_in_batch", "The id stands twice in the batch; send each document once.")
        elif document.id in known and known[document.id] == hashes[document.id]:
            sifted.unchanged.append({"id": document.id, "number": document.number})
        elif document.id in known:
            sifted.refuse(document, "id_taken", "Another document has this id; give this one an id of its own.")
        elif entity is None or entity.account_id != document.account_id:
            sifted.refuse(
                document,
                "settlement_entity_unknown",
                "The settlement entity is not one of the account's; correct it, or send it again once it is known.",
            )
        else:
            sifted.new.append(document)
        seen.add(document.id)
    return sifted


def content_hash(header: Iterable[object], lines: Iterable[Iterable[object]]) -> bytes:
    """Return the SHA-256 of a document's content; decimals are to be formatted by the caller."""
    text = "\x1e".join("\x1f".join(map(str, part)) for part in (header, *lines))
    return sha256(text.encode()).digest()
