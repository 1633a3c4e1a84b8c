"""DM slots: dates, deadlines and places."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from promotions.domain.dm import DmDefaults
from promotions.domain.errors import DmSlotInUse, DmSlotUnfit, SubmitDeadlinePassed
from services.promotions.tests.examples import ACCOUNT, OTHER_ACCOUNT, SLOT_2026_12, WINDOW
from shared.kernel.periods import Span


def test_dates_that_the_calendar_leaves_out_follow_the_defaults() -> None:
    span = Span(start=date(2025, 12, 25), end=date(2026, 1, 3))
    assert DmDefaults().submit_deadline(span) == date(2025, 11, 10)
    # The ERP example of digest 5: sale 25 Dec to 3 Jan, buy-in 18 Dec to 11 Jan.
    assert DmDefaults(buy_in_trail_days=8).buy_in(span) == Span(start=date(2025, 12, 18), end=date(2026, 1, 11))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"positions": 0}, "at least 1"),
        ({"slot_no": 0}, "at least 1"),
        ({"calendar_year": 2025}, "calendar_year"),
        ({"submit_deadline": date(2026, 6, 2)}, "submit_deadline"),
        ({"buy_in": Span(start=date(2026, 6, 2), end=date(2026, 6, 14))}, "buy_in_starts_on"),
    ],
)
def test_a_slot_that_makes_no_sense_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(SLOT_2026_12, **changes)


def test_the_deadline_day_itself_is_in_time() -> None:
    SLOT_2026_12.check_deadline(date(2026, 4, 17), "/x")
    with pytest.raises(SubmitDeadlinePassed, match="deadline of DM slot 2026/12 was 2026-04-17"):
        SLOT_2026_12.check_deadline(date(2026, 4, 18), "/x")


@pytest.mark.parametrize(
    ("account", "window", "position", "says"),
    [
        (OTHER_ACCOUNT, WINDOW, 1, "another account"),
        (ACCOUNT, Span(start=date(2026, 6, 15), end=date(2026, 6, 20)), 1, "runs from"),
        (ACCOUNT, WINDOW, 21, "20 positions"),
    ],
)
def test_a_place_must_fit_the_promotion(account: UUID, window: Span, position: int, says: str) -> None:
    with pytest.raises(DmSlotUnfit, match=says):
        SLOT_2026_12.check_fits(account, window, position, "/x")
    SLOT_2026_12.check_fits(ACCOUNT, WINDOW, 20, "/x")


def test_a_booked_slot_keeps_its_dates_and_booked_positions() -> None:
    longer = replace(SLOT_2026_12, span=Span(start=WINDOW.start, end=date(2026, 6, 15)))
    SLOT_2026_12.check_change(longer, None)
    with pytest.raises(DmSlotInUse, match="cancel or amend"):
        SLOT_2026_12.check_change(longer, 3)
    SLOT_2026_12.check_change(replace(SLOT_2026_12, positions=3), 3)
    with pytest.raises(DmSlotInUse, match="Position 3 is booked"):
        SLOT_2026_12.check_change(replace(SLOT_2026_12, positions=2), 3)
