"""What a figure is: pairs of short rounds, ours and the limit in turn, of which medians and spread are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

Unit = Literal["requests/s", "invoices/s", "events/s", "rows/s", "ms"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One round of one side."""

    value: float
    """In the figure's unit."""
    server_us: float = 0.0
    """Processor time of the serving process for one operation, in microseconds; 0 if not measured."""
    postgres_us: float = 0.0
    """Processor time of all of PostgreSQL's processes for one operation."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0


Side = Callable[[], Awaitable[Sample]]


@dataclass(kw_only=True)
class Figure:
    """Ours beside the limit."""

    name: str
    unit: Unit
    aim: float | None = None
    """The ratio that was asked for."""
    ours: list[Sample] = field(default_factory=list)
    limit: list[Sample] = field(default_factory=list)
    peak_rss_mib: float = 0.0
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Ours as a share of the limit, round by round: 1 is as fast as the limit, for times as well."""
        pairs = zip(self.ours, self.limit, strict=True)
        if self.unit == "ms":
            return [limit.value / ours.value for ours, limit in pairs]
        return [ours.value / limit.value for ours, limit in pairs]

    def line(self) -> dict[str, str | float]:
        """Return the figure as it stands in ``latest.json``."""
        return {
            "name": self.name,
            "ours": round(median(sample.value for sample in self.ours), 1),
            "limit": round(median(sample.value for sample in self.limit), 1),
            "ratio": round(median(self.ratios), 3),
            "unit": self.unit,
            "peak_rss_mib": round(self.peak_rss_mib, 1),
        }

    def rounds(self) -> dict[str, object]:
        """Return all that was measured."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ratios": [round(ratio, 3) for ratio in self.ratios],
            "ours": [_rounded(sample) for sample in self.ours],
            "limit": [_rounded(sample) for sample in self.limit],
            "notes": self.notes,
        }


async def alternate(figure: Figure, ours: Side, limit: Side, rounds: int) -> Figure:
    """Warm both sides up, then measure them in turn; who begins changes, so that a drift of the machine evens out."""
    await limit()
    await ours()
    for number in range(rounds):
        if number % 2:
            figure.limit.append(await limit())
            figure.ours.append(await ours())
        else:
            figure.ours.append(await ours())
            figure.limit.append(await limit())
    return figure


HEADER = (
    "figure",
    "ours",
    "limit",
    "unit",
    "ratio",
    "lowest-highest",
    "aim",
    "CPU us ours",
    "CPU us limit",
    "peak MiB",
)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as one table."""
    rows = [HEADER]
    for figure in figures:
        line = figure.line()
        aim = "" if figure.aim is None else f"{figure.aim:g}"
        spread = f"{min(figure.ratios):.2f}-{max(figure.ratios):.2f}"
        rows.append((
            figure.name, f"{line['ours']:,}", f"{line['limit']:,}", figure.unit, f"{line['ratio']:.2f}", spread, aim,
            _cost(figure.ours), _cost(figure.limit), f"{line['peak_rss_mib']:.0f}",
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    texts = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(texts)


def _cost(samples: Sequence[Sample]) -> str:
    """Return the processor time of one operation, serving process + PostgreSQL, as medians in microseconds."""
    server, postgres = median(each.server_us for each in samples), median(each.postgres_us for each in samples)
    digits = 0 if server + postgres > 50 else 1  # noqa: PLR2004 - rows cost little each
    return f"{server:.{digits}f} + {postgres:.{digits}f}" if server + postgres else ""


def _rounded(sample: Sample) -> Mapping[str, float]:
    return {name: round(getattr(sample, name), 2) for name in Sample.__dataclass_fields__}
