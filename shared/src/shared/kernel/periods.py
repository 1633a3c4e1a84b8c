"""Spans of business dates: both ends belong to a span; a missing end is open."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """The dates from ``start`` to ``end``, both included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day <= self.end

    @property
    def days(self) -> int:
        """The number of dates in the span."""
        return (self.end - self.start).days + 1

    def overlaps(self, other: "Span") -> bool:
        """Say whether the two share a date."""
        return self.start <= other.end and other.start <= self.end

    def intersection(self, other: "Span") -> "Span | None":
        """Return the dates that both share, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start=start, end=end) if start <= end else None

    def months(self) -> "Iterator[Span]":
        """Yield the calendar months that the span touches, each whole."""
        day = self.start.replace(day=1)
        while day <= self.end:
            month = month_of(day)
            yield month
            day = month.end + ONE_DAY


def month_of(day: date) -> Span:
    """Return the calendar month of ``day``."""
    return Span(start=day.replace(day=1), end=day.replace(day=monthrange(day.year, day.month)[1]))


def quarter_of(day: date) -> Span:
    """Return the calendar quarter of ``day``."""
    first_month = (day.month - 1) // 3 * 3 + 1
    last = date(day.year, first_month + 2, 1)
    return Span(start=date(day.year, first_month, 1), end=month_of(last).end)


def year_of(day: date) -> Span:
    """Return the calendar year of ``day``."""
    return Span(start=date(day.year, 1, 1), end=date(day.year, 12, 31))
