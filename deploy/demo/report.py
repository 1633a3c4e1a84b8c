"""Tables for a manager, and the ledger of checks: what a service says beside what the independent computation says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from deploy.demo.client import say

DIFFERENT: Final = " <> "


@dataclass(slots=True)
class Checks:
    """Every total that was printed, compared to the cent."""

    compared: int = 0
    differences: list[str] = field(default_factory=list)

    def same(self, what: str, said: str | int | None, expected: str | int) -> str:
        """Compare what a service ``said`` with what is ``expected``; return it as it is printed."""
        self.compared += 1
        if str(said) == str(expected):
            return grouped(str(said))
        self.differences.append(f"{what}: the services say {said}, the independent computation {expected}")
        return f"{said}{DIFFERENT}{expected}"

    def verdict(self) -> str:
        """Return the last line of the report."""
        if self.differences:
            return f"{len(self.differences)} of {self.compared} printed totals DIFFER from the independent computation"
        return f"all {self.compared} printed totals equal the independent computation from the data files, to the cent"


def grouped(number: str) -> str:
    """Return a decimal string with thousands set apart; anything else as it is."""
    whole, point, part = number.partition(".")
    sign = "-" if whole.startswith("-") else ""
    digits = whole.removeprefix("-")
    if not digits.isdecimal() or (point and not part.isdecimal()):
        return number
    return f"{sign}{int(digits):,}{point}{part}"


def percent(rate: str | None) -> str:
    """Return a fraction of six decimals as a percentage of four: 0.014700 is 1.4700 %."""
    if rate is None:
        return "-"
    sign = "-" if rate.startswith("-") else ""
    whole, _, part = rate.removeprefix("-").partition(".")
    digits = (whole + (part + "000000")[:6]).lstrip("0").rjust(5, "0")
    return f"{sign}{digits[:-4]}.{digits[-4:]} %"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> None:
    """Print a table; what looks like a number stands to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[place]) for line in [list(head), *cells]) for place in range(len(head))]
    say(f"\n{title}")
    say("  " + "  ".join(name.ljust(width) for name, width in zip(head, widths, strict=True)).rstrip())
    say("  " + "  ".join("-" * width for width in widths))
    for first, *rest in cells:
        placed = [_placed(cell, width) for cell, width in zip(rest, widths[1:], strict=True)]
        say("  " + "  ".join([first.ljust(widths[0]), *placed]).rstrip())
    if note:
        say(f"  ({note})")


def _placed(cell: str, width: int) -> str:
    bare = cell.replace(",", "").replace(".", "").replace("%", "").replace("-", "").strip()
    return cell.rjust(width) if bare.isdecimal() else cell.ljust(width)
