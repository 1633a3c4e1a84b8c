"""W3C trace context of the request or event that is being worked on."""

import os
import re
from contextvars import ContextVar

current: ContextVar[str | None] = ContextVar("traceparent", default=None)

_SHAPE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def continue_or_start(header: str | None) -> str:
    """Return a ``traceparent`` that carries on the caller's trace, or starts one if the header is not usable."""
    if header and _SHAPE.fullmatch(header) and "0" * 32 not in header:
        return f"{header[:36]}{os.urandom(8).hex()}{header[52:]}"
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"


def trace_id() -> str:
    """Return the current trace's 32 hex digits, or an empty string outside a trace."""
    header = current.get()
    return header[3:35] if header else ""
