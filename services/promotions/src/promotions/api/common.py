"""What the routers share: who may call, the settings, and the account check."""

from datetime import date, datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends
from pydantic import Field
from starlette.requests import Request

from promotions.app.binding import Moment
from promotions.domain.errors import AccountUnknown
from promotions.settings import Settings
from shared.platform.auth import Role
from shared.platform.clock import now, today
from shared.platform.db import Connection
from shared.platform.fields import Answer, Instant

PLANNERS = (Role.ADMIN, Role.KA_DIRECTOR, Role.REGION_MANAGER, Role.KA_MANAGER)
APPROVERS = (Role.KA_DIRECTOR, Role.REGION_MANAGER)
FUND_OWNERS = (Role.ADMIN, Role.KA_DIRECTOR, Role.KA_MANAGER)
IMPORTERS = (Role.ADMIN, Role.KA_MANAGER, Role.ERP)
READERS = (*PLANNERS, Role.FIELD_REP, Role.FINANCE, Role.FINANCE_CONTROLLER, Role.AUDITOR)
ACCOUNT = "SELECT EXISTS (SELECT FROM accounts WHERE id = $1)"


async def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


AccountId = Annotated[UUID, Field(description="Account 客户 of contracts that it belongs to; scope is by account.")]
ProductId = Annotated[UUID, Field(description="Product 商品 of contracts.")]
StoreId = Annotated[UUID, Field(description="Store 门店 of store-ops.")]
PromotionId = Annotated[UUID, Field(description="Promotion 促销 that it belongs to.")]
TacticId = Annotated[UUID, Field(description="Tactic of the promotion; its id stays when a plan is replaced.")]
Version = Annotated[int, Field(description="Rises with each change; the ETag.")]
CreatedAt = Annotated[Instant, Field(description="When it was made here.")]
UpdatedAt = Annotated[Instant, Field(description="When it last changed here.")]

Chosen = Annotated[Settings, Depends(_settings)]
"""The service's settings."""


def created_or_changed(model: type[Answer]) -> dict[int, dict[str, Any]]:
    """Return what the documents say of a PUT: 201 when new."""
    return {201: {"model": model, "description": "Created."}}


async def check_account(connection: Connection, account_id: UUID) -> None:
    """Make sure that the account is known here and within the caller's scope.

    Raises:
        AccountUnknown: it is not.
    """
    if not await connection.fetchval(ACCOUNT, account_id):
        message = f"No account {account_id} in your scope: check the id, or wait until it has arrived."
        raise AccountUnknown(message, pointers=["/account_id"])


def moment(on: date | None, settings: Settings) -> Moment:
    """Return the moment of a step: the day that the caller names, else today, and the present instant."""
    at: datetime = now()
    return Moment(on=on or today(settings.time_zone), at=at)
