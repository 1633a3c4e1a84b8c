"""The independent computation, second part: what became of deductions, invoices and money. Whole cents."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from deploy.demo.oracle import (
    DAY,
    Accrual,
    Plan,
    cents,
    contract_accruals,
    fee_tax_rate,
    half_up,
    month_end,
    promotion_accruals,
    promotions,
    purchases,
    shown,
    week_starts,
    with_tax,
    without_tax,
)

BUCKETS = ((0, "not_due"), (30, "1-30"), (60, "31-60"), (90, "61-90"), (180, "91-180"), (365, "181-365"))
TOLERANCE_CENTS = 100
TOLERANCE_RATE = Fraction("0.005")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one deduction; cents."""

    number: str
    paid_on: date
    label: str
    reference: str | None
    fee_kind: str | None
    amount: int
    accepted: int = 0
    disputed: int = 0
    recovered: int = 0
    written_off: int = 0
    reason: str = ""

    @property
    def open(self) -> int:
        """What nobody has decided about."""
        return self.amount - self.accepted - self.disputed - self.recovered - self.written_off


def invoice_gross(database: sqlite3.Connection, plan: Plan) -> dict[int, int]:
    """Return what is invoiced per week, with each line's tax rounded for itself."""
    rate = Fraction(plan["settings"]["tax_rate"])
    gross: dict[int, int] = defaultdict(int)
    for week, net in database.execute("SELECT week, net_cents FROM line"):
        gross[week] += with_tax(net, rate)
    return dict(gross)


def held_back(plan: Plan, week: int, gross: int) -> int:
    """Return the part of a week's invoice that the retailer does not pay."""
    return half_up(gross * Fraction(plan["held_back"].get(str(week), "0")))


def outcomes(plan: Plan, accruals: list[Accrual]) -> list[Outcome]:
    """Return what the matching and then the people make of every deduction, oldest first."""
    owed: dict[str, int] = defaultdict(int)
    for accrual in accruals:
        owed[accrual.reference] += accrual.incl
    left, found = dict(owed), []
    for payment in plan["remittances"]:
        for deduction in payment["deductions"]:
            outcome = Outcome(
                number=deduction["number"],
                paid_on=date.fromisoformat(payment["paid_on"]),
                label=deduction["label"],
                reference=deduction["reference"],
                fee_kind=deduction["fee_kind"],
                amount=cents(deduction["amount"]),
            )
            _match(outcome, owed, left)
            _act(outcome, deduction["action"])
            found.append(outcome)
    return found


def _match(outcome: Outcome, owed: dict[str, int], left: dict[str, int]) -> None:
    """Take from what is owed under the deduction's reference; the rest is let go, disputed or open."""
    reference = outcome.reference
    if reference is None or reference not in owed:
        return
    outcome.accepted = min(outcome.amount, left[reference])
    left[reference] -= outcome.accepted
    excess = outcome.amount - outcome.accepted
    if outcome.accepted and excess <= min(TOLERANCE_CENTS, half_up(outcome.accepted * TOLERANCE_RATE)):
        outcome.written_off = excess
        return
    outcome.disputed = excess
    if outcome.accepted:
        outcome.reason = "over_claimed"
    else:
        outcome.reason = "duplicate" if owed[reference] else "not_earned"


def _act(outcome: Outcome, action: str) -> None:
    """Do what the people did."""
    match action:
        case "dispute":
            outcome.disputed, outcome.reason = outcome.open, "unagreed"
        case "recover":
            outcome.recovered, outcome.disputed = outcome.disputed, 0
        case "write_off":
            outcome.written_off, outcome.disputed = outcome.disputed, 0
        case _:
            pass


def due_on(plan: Plan, invoiced_on: date) -> date:
    """Return the first pay day from the agreed days after the end of the invoice's month."""
    terms = plan["payment_terms"]
    assert terms["term_type"] == "monthly_close"
    day = month_end(invoiced_on) + DAY + timedelta(days=terms["days"])
    while day.day not in terms["pay_days"]:
        day += DAY
    return day


def bucket_of(due: date, as_of: date) -> str:
    """Return the ageing bucket of a due date."""
    past = (as_of - due).days
    return next((name for limit, name in BUCKETS if past <= limit), ">365")


def open_invoices(plan: Plan, gross: dict[int, int]) -> dict[int, int]:
    """Return what is unpaid per week's invoice at the story's end."""
    paid_weeks = {week for payment in plan["remittances"] for week in payment["weeks"]}
    found = {week: held_back(plan, week, amount) if week in paid_weeks else amount for week, amount in gross.items()}
    return {week: amount for week, amount in found.items() if amount}


def ageing(plan: Plan, gross: dict[int, int]) -> dict[str, int]:
    """Return open invoices by days past due on the story's last day."""
    as_of = date.fromisoformat(plan["until"])
    found: dict[str, int] = defaultdict(int)
    for week, amount in open_invoices(plan, gross).items():
        found[bucket_of(due_on(plan, week_starts(plan, week)), as_of)] += amount
    return dict(found)


def cash(plan: Plan, gross: dict[int, int]) -> int:
    """Return the money that came in with the payments: invoices paid minus deductions."""
    total = 0
    for payment in plan["remittances"]:
        total += sum(gross[week] - held_back(plan, week, gross[week]) for week in payment["weeks"])
        total -= sum(cents(deduction["amount"]) for deduction in payment["deductions"])
    return total


def totals(found: list[Outcome]) -> dict[str, Any]:
    """Return the deductions' sums and counts by label and by state."""
    by_label: dict[str, dict[str, int]] = {}
    for outcome in found:
        sums = by_label.setdefault(
            outcome.label,
            dict.fromkeys(("count", "amount", "accepted", "disputed", "recovered", "written_off", "open"), 0),
        )
        sums["count"] += 1
        for name in ("amount", "accepted", "disputed", "recovered", "written_off", "open"):
            sums[name] += getattr(outcome, name)
    return by_label


def settled(found: list[Outcome], accruals: list[Accrual], plan: Plan) -> list[tuple[Outcome, int]]:
    """Return the accepted deductions, each with its amount without tax: the accrual's own when all of it is taken."""
    by_reference: dict[str, list[Accrual]] = defaultdict(list)
    for accrual in accruals:
        by_reference[accrual.reference].append(accrual)
    result = []
    for outcome in found:
        if outcome.accepted and outcome.reference is not None:
            (accrual,) = by_reference[outcome.reference]
            whole = outcome.accepted == accrual.incl
            excl = accrual.excl if whole else without_tax(outcome.accepted, fee_tax_rate(plan, accrual.fee_kind))
            result.append((outcome, excl))
    return result


def trial_balance(
    database: sqlite3.Connection, plan: Plan, accruals: list[Accrual], found: list[Outcome]
) -> dict[str, int]:
    """Return what every ledger account has to show at the end: debits minus credits."""
    gross = invoice_gross(database, plan)
    net = database.execute("SELECT SUM(net_cents) FROM line").fetchone()[0]
    paid = settled(found, accruals, plan)
    goods = set(plan["fee_tax"]["goods_kinds"])
    kinds = {accrual.reference: accrual.fee_kind for accrual in accruals}
    tax = {"goods": 0, "service": 0}
    for outcome, excl in paid:
        assert outcome.reference is not None
        tax["goods" if kinds[outcome.reference] in goods else "service"] += outcome.accepted - excl
    accrued = sum(accrual.excl for accrual in accruals)
    return {
        "accounts_receivable": sum(open_invoices(plan, gross).values()),
        "cash": cash(plan, gross) + sum(outcome.recovered for outcome in found),
        "revenue": -net,
        "output_tax": net - sum(gross.values()) + tax["goods"],
        "input_tax": tax["service"],
        "deductions_in_suspense": sum(outcome.open for outcome in found),
        "disputed_deductions": sum(outcome.disputed for outcome in found),
        "accrued_fees": sum(excl for _, excl in paid) - accrued,
        "fee_expense": accrued,
        "write_offs": sum(outcome.written_off for outcome in found),
    }


def erp_batches(plan: Plan, found: list[Outcome]) -> list[tuple[int, int]]:
    """Return lines and amount (with tax) of the ERP's batch of each chapter: what was accepted of its payments."""
    batches = []
    for first, last in plan["chapters"]:
        lines = [outcome for outcome in found if outcome.accepted and first <= outcome.paid_on.isoformat() <= last]
        batches.append((len(lines), sum(outcome.accepted for outcome in lines)))
    return batches


def rate(part: int, whole: int) -> str:
    """Return a share as a decimal string of six places."""
    return shown(half_up(Fraction(part * 10**6, whole)), 6)


def margins(database: sqlite3.Connection, plan: Plan) -> list[dict[str, int]]:
    """Return per chapter retail sales, net purchases, contract fees (cycles that begin in it) and promotion fees.

    Amounts without tax. A promotion fee counts in the chapter in which its days for verification ended.
    """
    bought, until = purchases(database, plan), date.fromisoformat(plan["until"])
    contract_fees = contract_accruals(plan, bought, until)
    found = promotions(database, plan)
    by_number = promotion_accruals(plan, found)
    result = []
    for first, last in plan["chapters"]:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        weeks = [
            week for week in range(plan["first_week"], plan["last_week"] + 1) if start <= week_starts(plan, week) <= end
        ]
        retail = database.execute(
            "SELECT COALESCE(SUM(retail_cents), 0) FROM line WHERE week BETWEEN ? AND ?", (weeks[0], weeks[-1])
        ).fetchone()[0]
        earned = {
            number
            for number, promotion in found.items()
            if start <= date.fromisoformat(promotion["ends_on"]) + plan["verification_days"] * DAY + DAY <= end
        }
        result.append(
            {
                "retail": retail,
                "purchases": bought.between(start, end),
                "contract": sum(fee.excl for fee in contract_fees if fee.starts_on and start <= fee.starts_on <= end),
                "promotion": sum(fee.excl for fee in by_number if fee.reference.split("/")[0] in earned),
            }
        )
    return result
