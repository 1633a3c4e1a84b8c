"""What the routers share: who may call, today, and answers."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Request

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
