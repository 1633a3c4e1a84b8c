"""The only reader of the clock: UTC, in whole milliseconds, the precision of the contract."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_read: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - the one place that may


def now() -> datetime:
    """Return the present instant in UTC, cut to milliseconds."""
    instant = _read()
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def today(time_zone: str) -> date:
    """Return the business date in ``time_zone`` (an IANA name)."""
    return now().astimezone(ZoneInfo(time_zone)).date()


def replace_clock(read: Callable[[], datetime]) -> Callable[[], datetime]:
    """Put ``read`` in the clock's place and return what stood there; for tests and simulations only."""
    global _read
    before, _read = _read, read
    return before
