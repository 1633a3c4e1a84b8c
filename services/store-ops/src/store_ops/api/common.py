"""Who may call what; the scope of accounts applies on top."""

from shared.platform.auth import Role

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
