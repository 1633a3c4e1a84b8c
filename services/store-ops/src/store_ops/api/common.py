"""What several resources share: who may call them (the scope of accounts applies on top), and documented errors."""

from typing import Any

from shared.platform.auth import Role
from shared.platform.http import PROBLEM_ANSWERS

READERS = (
    Role.ADMIN,
    Role.KA_DIRECTOR,
    Role.REGION_MANAGER,
    Role.KA_MANAGER,
    Role.FIELD_REP,
    Role.FINANCE,
    Role.FINANCE_CONTROLLER,
    Role.AUDITOR,
)
"""Every human role, and the auditor."""
MANAGERS = (Role.ADMIN, Role.KA_MANAGER)
"""Who keeps the master data."""
VISITORS = (Role.FIELD_REP, Role.KA_MANAGER)
"""Who visits stores."""


def problem_answer(description: str) -> dict[str, Any]:
    """Return the documentation of an error answer."""
    return {**PROBLEM_ANSWERS[422], "description": description}
