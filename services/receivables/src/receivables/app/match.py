"""Matching deductions with accruals by their claim references, and booking what was decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from receivables.app.settle import Part, offer, oldest_first, settle
from receivables.db import accruals as accrual_statements
from receivables.db import deductions as statements
from receivables.db import journal
from receivables.db.rows import ADVISORY_LOCK
from receivables.domain.accruals import Accrual, claim_key
from receivables.domain.deductions import Deduction
from receivables.domain.journal import EntryKind, JournalEntry, Posting, deduction_disputed, written_off
from receivables.domain.matching import MatchDecision, OpenDeduction, match
from receivables.domain.tax import TaxDocument, TaxRates, treatment_of
from receivables.settings import Settings
from shared.kernel.events import Event
from shared.platform.auth import EVERYTHING
from shared.platform.clock import today
from shared.platform.db import Connection
from shared.platform.jobs import JobContext
from shared.platform.outbox import emit_many


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRun:
    """What a run decided: deductions looked at, settled parts made, deductions with a dispute."""

    examined: int
    settled: int
    disputed: int


@dataclass(slots=True, kw_only=True)
class _Outcome:
    """Everything that one run has to write."""

    parts: list[Part]
    entries: list[JournalEntry]
    events: list[Event]
    disputed: int = 0


async def match_deductions(
    connection: Connection, settings: Settings, *, as_of: date | None, on: date, at: datetime
) -> MatchRun:
    """Match what is open, received by ``as_of`` (none: all), oldest first; decided ``on`` that day.

    Everything is read in two statements and written in one per table; in between the domain decides.
    """
    await connection.execute(ADVISORY_LOCK, "matching")
    deductions = await statements.load(connection, statements.TO_MATCH, as_of, settings.match_batch_size)
    if deductions:
        accruals = await _candidates(connection, deductions)
        outcome = _decide(deductions, accruals, settings, on)
        await settle(connection, outcome.parts, settings.tax_rates, on=on, at=at)
        await statements.save(connection, deductions)
        await journal.book(connection, outcome.entries, at=at)
        await emit_many(connection, outcome.events, at=at)
        run = MatchRun(examined=len(deductions), settled=len(outcome.parts), disputed=outcome.disputed)
    else:
        run = MatchRun(examined=0, settled=0, disputed=0)
    await connection.execute(statements.NOTE_UNMATCHED)
    return run


async def _candidates(
    connection: Connection, deductions: Sequence[Deduction]
) -> dict[tuple[UUID, str, str], list[Accrual]]:
    """Return the accruals by account, currency and claim key, oldest first, locked."""
    keys = sorted({(each.account_id, claim_key(each.claim_reference or "")) for each in deductions})
    accruals = await accrual_statements.load(
        connection, accrual_statements.BY_CLAIM, [key[0] for key in keys], [key[1] for key in keys]
    )
    accruals.sort(key=oldest_first)
    found: dict[tuple[UUID, str, str], list[Accrual]] = {}
    for accrual in accruals:
        for key in {accrual.claim_key, accrual.claim_key_exact}:
            found.setdefault((accrual.account_id, accrual.currency, key), []).append(accrual)
    return found


def _decide(
    deductions: Sequence[Deduction],
    candidates: dict[tuple[UUID, str, str], list[Accrual]],
    settings: Settings,
    on: date,
) -> _Outcome:
    outcome = _Outcome(parts=[], entries=[], events=[])
    now: dict[UUID, Accrual] = {}
    for deduction in deductions:
        key = (deduction.account_id, deduction.currency, claim_key(deduction.claim_reference or ""))
        accruals = [now.get(each.id, each) for each in candidates[key]]
        waiting = OpenDeduction(id=deduction.id, open_amount=deduction.open_amount)
        (decision,) = match([waiting], [offer(each) for each in accruals], settings.tolerance)
        by_id = {each.id: each for each in accruals}
        for acceptance in decision.acceptances:
            accrual = by_id[acceptance.accrual_id]
            outcome.parts.append(Part(accrual=accrual, amount=acceptance.amount, deduction=deduction))
            now[accrual.id], _ = accrual.settle(acceptance.amount)
        kinds = {by_id[acceptance.accrual_id].fee_kind for acceptance in decision.acceptances}
        _apply(deduction, decision, on, outcome, is_documented=needs_no_document(kinds, settings.tax_rates))
    return outcome


def needs_no_document(fee_kinds: Iterable[str], rates: TaxRates) -> bool:
    """Say whether none of these fee kinds has a tax document to wait for."""
    return all(treatment_of(kind, rates).document is TaxDocument.NONE for kind in fee_kinds)


def _apply(deduction: Deduction, decision: MatchDecision, on: date, outcome: _Outcome, *, is_documented: bool) -> None:
    """Do to ``deduction`` what was decided, and note what has to be booked and said."""
    if decision.acceptances:
        deduction.accept(decision.accepted_amount)
        deduction.is_documented = is_documented
    if decision.tolerance_amount:
        deduction.write_off(decision.tolerance_amount)
        outcome.entries.append(
            entry_of(deduction, EntryKind.TOLERANCE_WRITTEN_OFF, written_off(decision.tolerance_amount), on)
        )
    if decision.dispute_reason is not None:
        amount = decision.disputed_amount
        outcome.events.append(deduction.dispute(amount, decision.dispute_reason, on=on))
        outcome.entries.append(entry_of(deduction, EntryKind.DEDUCTION_DISPUTED, deduction_disputed(amount), on))
        outcome.disputed += 1
    resolved = deduction.resolved(on=on)
    if resolved is not None:
        outcome.events.append(resolved)


def entry_of(deduction: Deduction, kind: EntryKind, postings: tuple[Posting, ...], on: date) -> JournalEntry:
    """Return the journal entry of a step of ``deduction``."""
    return JournalEntry(
        kind=kind,
        account_id=deduction.account_id,
        settlement_entity_id=deduction.settlement_entity_id,
        source_id=deduction.id,
        booked_on=on,
        currency=deduction.currency,
        postings=postings,
    )


async def match_job(context: JobContext) -> bool:
    """Match what has arrived since the last time; True when there may be more."""
    settings = cast("Settings", context.settings)
    async with context.database.raw(EVERYTHING) as connection:
        on = today(settings.time_zone)
        run = await match_deductions(connection, settings, as_of=None, on=on, at=context.now)
    return run.examined == settings.match_batch_size
