"""The retailer's payments: what it pays when and what it keeps back, rightly or not; seeded, each deduction labelled.

The retailer keeps books of its own: what it believes to be owed are the oracle's figures, never what our services say.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from deploy.demo import constants
from deploy.demo.plan import CONTRACT_NUMBER, PAY_DAYS, PAYMENT_TERMS, Json, Plan
from shared.kernel.money import round_cents
from shared.kernel.periods import ONE_DAY, month_of

RIGHT: Final = "right"
ROUNDED: Final = "rounded"
OVER_CLAIMED: Final = "over-claimed"
DUPLICATE: Final = "duplicate"
NOT_AGREED: Final = "not agreed"
NOT_EARNED: Final = "not earned"

REASON_CODES: Final = {"contract": "C01", "promotion": "P01", "unagreed": "X99"}
ROUNDED_SHARE: Final = 0.02
ROUNDED_FROM: Final = Decimal("100.00")
REFERENCE_SHARE: Final = 0.7
"""Of the deductions that were never agreed, the share that names a reference at all."""
DISPUTED_SHARE: Final = 0.6
"""Of the deductions that were never agreed, the share that our people dispute; the rest stays open."""
RECOVERED_SHARE: Final = 0.5
WRITTEN_OFF_SHARE: Final = 0.2
"""Of the disputed ones, the share that is paid back and the share that is given up; the rest stays disputed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A fee that the retailer may keep back, in its own books."""

    reference: str
    fee_kind: str
    due_in: date
    """A day of the month whose invoices' payment the fee is kept back from."""
    earned: Decimal
    """Including tax."""
    planned: Decimal
    """Including tax; what a retailer asks for that did nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """One amount that was kept back."""

    number: str
    reference: str | None
    fee_kind: str | None
    amount: Decimal
    label: str
    action: str = ""
    """What a person does about it after the matching: dispute, recover, write_off or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remittance:
    """The payment of one month's invoices."""

    number: str
    month: date
    paid_on: date
    weeks: tuple[int, ...]
    deductions: tuple[Deduction, ...] = field(default=())


def reason_code(deduction: Deduction) -> str:
    """Return the retailer's code of a deduction's reason."""
    if deduction.label == NOT_AGREED:
        return REASON_CODES["unagreed"]
    is_contract = (deduction.reference or "").startswith(CONTRACT_NUMBER)
    return REASON_CODES["contract" if is_contract else "promotion"]


def pay_day(month: date) -> date:
    """Return when the invoices of ``month`` are due and paid: the first pay day from 30 days after its end."""
    day = month_of(month).end + ONE_DAY + timedelta(days=PAYMENT_TERMS["days"])
    while day.day not in PAY_DAYS:
        day += ONE_DAY
    return day


def remittances(plan: Plan, claims: Iterable[Claim]) -> list[Remittance]:
    """Return the payments until the story's end with what was kept back from each, oldest first."""
    chance = random.Random(f"{constants.SEED}/claims")  # noqa: S311 - a repeatable story, no secret.
    by_month: dict[date, list[Claim]] = {}
    for claim in sorted(claims, key=lambda claim: claim.reference):
        by_month.setdefault(month_of(claim.due_in).start, []).append(claim)
    found: list[Remittance] = []
    again: list[Deduction] = []
    month = month_of(plan.size.contract_from)
    while pay_day(month.start) <= plan.size.until:
        drawn = [_draw(chance, plan, claim) for claim in by_month.get(month.start, [])]
        kept = [*drawn, *again, *_not_agreed(chance, plan, len(drawn), month.start)]
        again = [
            replace(first, label=DUPLICATE)
            for first in drawn
            if first.label == RIGHT and chance.random() < plan.size.shares.duplicate
        ]
        weeks = tuple(week for week in plan.weeks_of(month.start, month.end) if plan.size.held_back.get(week) != 1)
        if weeks or kept:
            found.append(_remittance(chance, month.start, weeks, kept))
        month = month_of(month.end + ONE_DAY)
    return found


def _draw(chance: random.Random, plan: Plan, claim: Claim) -> Deduction:
    """Return what the retailer keeps back for one fee."""
    amount, label = claim.earned, RIGHT
    draw = chance.random()
    if not claim.earned:
        amount, label = claim.planned, NOT_EARNED
    elif draw < plan.size.shares.over_claimed:
        amount, label = round_cents(claim.earned * Decimal(chance.randint(105, 130)) / 100), OVER_CLAIMED
    elif draw < plan.size.shares.over_claimed + ROUNDED_SHARE and claim.earned >= ROUNDED_FROM:
        amount, label = claim.earned + Decimal(chance.randint(5, 45)) / 100, ROUNDED
    return Deduction(number="", reference=claim.reference, fee_kind=claim.fee_kind, amount=amount, label=label)


def _not_agreed(chance: random.Random, plan: Plan, count: int, month: date) -> list[Deduction]:
    """Return what the retailer keeps back without any agreement: a festival, or without saying what for."""
    wanted = sum(chance.random() < plan.size.shares.not_agreed for _ in range(max(count, 12)))
    found = []
    for _ in range(wanted):
        reference = f"{CONTRACT_NUMBER}/FESTIVAL/{month:%Y-%m}" if chance.random() < REFERENCE_SHARE else None
        amount = Decimal(chance.randint(20_000, 250_000)) / 100
        found.append(
            Deduction(number="", reference=reference, fee_kind="festival_fee", amount=amount, label=NOT_AGREED)
        )
    return found


def _remittance(chance: random.Random, month: date, weeks: tuple[int, ...], kept: list[Deduction]) -> Remittance:
    numbered = [
        replace(one, number=f"D-{month:%Y%m}-{place:03d}", action=_action(chance, one))
        for place, one in enumerate(kept, start=1)
    ]
    return Remittance(
        number=f"R-{month:%Y-%m}",
        month=month,
        paid_on=pay_day(month),
        weeks=weeks,
        deductions=tuple(numbered),
    )


def _action(chance: random.Random, deduction: Deduction) -> str:
    """Return what our people will do about it, if anything."""
    draw = chance.random()
    if deduction.label == NOT_AGREED:
        return "dispute" if draw < DISPUTED_SHARE else ""
    if deduction.label in {OVER_CLAIMED, DUPLICATE, NOT_EARNED}:
        if draw < RECOVERED_SHARE:
            return "recover"
        return "write_off" if draw < RECOVERED_SHARE + WRITTEN_OFF_SHARE else ""
    return ""


def published(payments: Iterable[Remittance]) -> list[Json]:
    """Return the payments as JSON values for plan.json."""
    return [
        {
            "number": payment.number,
            "month": payment.month.isoformat(),
            "paid_on": payment.paid_on.isoformat(),
            "weeks": list(payment.weeks),
            "deductions": [_published_deduction(deduction) for deduction in payment.deductions],
        }
        for payment in payments
    ]


def _published_deduction(deduction: Deduction) -> dict[str, Any]:
    return {
        "number": deduction.number,
        "reference": deduction.reference,
        "fee_kind": deduction.fee_kind,
        "amount": f"{deduction.amount:f}",
        "label": deduction.label,
        "action": deduction.action,
    }


def claims_from(figures: Mapping[str, Mapping[str, Any]]) -> list[Claim]:
    """Build the retailer's books from the oracle's figures by claim reference."""
    return [
        Claim(
            reference=reference,
            fee_kind=figure["fee_kind"],
            due_in=date.fromisoformat(figure["due_in"]),
            earned=Decimal(figure["earned"]),
            planned=Decimal(figure["planned"]),
        )
        for reference, figure in figures.items()
    ]
