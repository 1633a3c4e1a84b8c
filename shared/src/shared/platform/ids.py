"""New identifiers: UUIDv7 from the clock and the operating system's randomness."""

import os
from uuid import UUID

from shared.kernel.ids import uuid7
from shared.platform.clock import now


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid7(int(now().timestamp() * 1000), os.urandom(10))
