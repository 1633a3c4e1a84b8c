"""What the routers share: who may call, today, and answers."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from contracts.domain.payment_terms import LAST_DAY_OF_MONTH, PaymentTerms
from shared.platform.auth import Role
from shared.platform.clock import today
from shared.platform.http import require_match

READERS = (
    Role.KA_DIRECTOR,
    Role.REGION_MANAGER,
    Role.KA_MANAGER,
    Role.FIELD_REP,
    Role.FINANCE,
    Role.FINANCE_CONTROLLER,
    Role.AUDITOR,
    Role.ADMIN,
)
"""Everybody with a desk or a phone, within their scope."""
MANAGERS = (Role.KA_DIRECTOR, Role.KA_MANAGER, Role.ADMIN)
"""Who writes accounts and contracts."""


class AtMost:
    """Tells the documents how long the domain lets its lists be; its classes know nothing of JSON."""

    def __init__(self, **items_max: int) -> None:
        self.items_max = items_max

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        document = handler(schema)
        for name, items_max in self.items_max.items():
            handler.resolve_ref_schema(document)["properties"][name]["maxItems"] = items_max
        return document


Id = Annotated[UUID, Field(description="Identifier, of its creator's choice; the subject of its events.")]
AccountRef = Annotated[UUID, Field(description="Account 客户 that it belongs to; scope is by account.")]
CurrencyCode = Annotated[str, Field(description="ISO 4217 code of the amounts.")]
DueTerms = Annotated[PaymentTerms, AtMost(pay_days=LAST_DAY_OF_MONTH)]


def created_or_changed(model: type[BaseModel]) -> dict[int, dict[str, Any]]:
    """Return what the documents say of a PUT besides: 201 when new."""
    return {201: {"model": model, "description": "Created."}}


async def _today(request: Request) -> date:
    return today(request.app.state.settings.time_zone)


Today = Annotated[date, Depends(_today)]
"""The business date of this deployment."""


def match_if_given(if_match: str | None, version: int) -> None:
    """Hold the change to the version that its sender has seen, when the sender says which.

    Raises:
        HttpProblem: 412, it has changed since.
    """
    if if_match is not None:
        require_match(if_match, version)
