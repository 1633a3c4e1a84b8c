"""DM slots 档期: a retailer's printed leaflet with its dates, deadline and item places."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from promotions.domain.errors import DmSlotInUse, DmSlotUnfit, SubmitDeadlinePassed
from shared.kernel.periods import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class DmDefaults:
    """Days that stand in for dates that the retailer's calendar leaves out (domain digest 5, [INF])."""

    submit_lead_days: int = 45
    buy_in_lead_days: int = 7
    buy_in_trail_days: int = 3

    def submit_deadline(self, span: Span) -> date:
        """Return the last day to submit: ``submit_lead_days`` before the slot starts."""
        return span.start - timedelta(days=self.submit_lead_days)

    def buy_in(self, span: Span) -> Span:
        """Return the buy-in window 进货期: from some days before the sale to some days after it."""
        return Span(
            start=span.start - timedelta(days=self.buy_in_lead_days),
            end=span.end + timedelta(days=self.buy_in_trail_days),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DmSlot:
    """One leaflet of an account's DM calendar; ``positions`` item places, counted from 1."""

    id: UUID
    account_id: UUID
    calendar_year: int
    slot_no: int
    span: Span
    submit_deadline: date
    buy_in: Span
    positions: int

    def __post_init__(self) -> None:
        if self.positions < 1 or self.slot_no < 1:
            raise ValueError("slot_no and positions must be at least 1")
        if self.calendar_year not in {self.span.start.year, self.span.end.year}:
            raise ValueError(
                f"calendar_year {self.calendar_year} is not a year of {self.span.start} to {self.span.end}"
            )
        if self.submit_deadline > self.span.start:
            raise ValueError("submit_deadline must not be after starts_on")
        if self.buy_in.start > self.span.start:
            raise ValueError("buy_in_starts_on must not be after starts_on")

    def check_change(self, new: "DmSlot", highest_booked: int | None) -> None:
        """Make sure that booked promotions still stand after the change; ``highest_booked`` is a position.

        Raises:
            DmSlotInUse: account or dates change, or a booked position would be cut off.
        """
        if highest_booked is None:
            return
        if (self.account_id, self.span) != (new.account_id, new.span):
            raise DmSlotInUse(
                "Promotions are booked in this DM slot: cancel or amend them before its account or dates change."
            )
        if new.positions < highest_booked:
            raise DmSlotInUse(
                f"Position {highest_booked} is booked: keep at least {highest_booked} positions.",
                pointers=["/positions"],
            )

    def check_fits(self, account_id: UUID, window: Span, position: int, pointer: str) -> None:
        """Make sure that a tactic of a promotion may stand in this slot.

        Raises:
            DmSlotUnfit: another account's slot, no common date, or no such position.
        """
        if self.account_id != account_id:
            raise DmSlotUnfit(
                "The DM slot belongs to another account: choose a slot of the promotion's account.", pointers=[pointer]
            )
        if not self.span.overlaps(window):
            dates = f"{self.span.start} to {self.span.end}"
            raise DmSlotUnfit(
                f"The DM slot runs from {dates}: choose a slot within the promotion's dates.", pointers=[pointer]
            )
        if position > self.positions:
            raise DmSlotUnfit(f"The DM slot has {self.positions} positions: choose one of them.", pointers=[pointer])

    def check_deadline(self, submitted_on: date, pointer: str) -> None:
        """Make sure that the promotion comes in time: ``submitted_on <= submit_deadline``.

        Raises:
            SubmitDeadlinePassed: it does not.
        """
        if submitted_on > self.submit_deadline:
            slot = f"{self.calendar_year}/{self.slot_no}"
            message = f"The deadline of DM slot {slot} was {self.submit_deadline}: choose a later slot."
            raise SubmitDeadlinePassed(message, pointers=[pointer])


@dataclass(frozen=True, slots=True, kw_only=True)
class DmBooking:
    """A place in a DM slot that a committed promotion holds."""

    id: UUID
    account_id: UUID
    dm_slot_id: UUID
    position: int
    product_id: UUID
    promotion_id: UUID
    tactic_id: UUID
