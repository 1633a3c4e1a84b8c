"""What the routers share: who may call, the settings, and the account check."""

from datetime import date, datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from promotions.app.binding import Moment
from promotions.domain.errors import AccountUnknown
from promotions.settings import Settings
from shared.platform.auth import Role
from shared.platform.clock import now, today
from shared.platform.db import Connection
from shared.platform.fields import Answer

PLANNERS = (Role.ADMIN, Role.KA_DIRECTOR, Role.REGION_MANAGER, Role.KA_MANAGER)
APPROVERS = (Role.KA_DIRECTOR, Role.REGION_MANAGER)
FUND_OWNERS = (Role.ADMIN, Role.KA_DIRECTOR, Role.KA_MANAGER)
IMPORTERS = (Role.ADMIN, Role.KA_MANAGER, Role.ERP)
READERS = (*PLANNERS, Role.FIELD_REP, Role.FINANCE, Role.FINANCE_CONTROLLER, Role.AUDITOR)
ACCOUNT = "SELECT EXISTS (SELECT FROM accounts WHERE id = $1)"


async def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


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
