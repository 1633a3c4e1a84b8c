"""Accruing: every cycle that the terms touch, and every promotion fee that was earned, brought to its target."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import cast
from uuid import UUID

import asyncpg

from receivables.db import accruals as statements
from receivables.db import journal
from receivables.db.accruals import PurchaseKey, Purchases
from receivables.db.rows import ADVISORY_LOCK
from receivables.db.terms import TermInForce, stores_by_account, terms_in_force
from receivables.domain.accruals import Accrual, AccrualChange, contract_claim_key, promotion_claim_keys
from receivables.domain.formulas import (
    Cycle,
    Driver,
    StoreLife,
    cycles_until,
    periods_in,
    store_periods_in,
    whole_months_of,
)
from receivables.domain.journal import EntryKind, JournalEntry, fee_accrued
from receivables.domain.tax import treatment_of
from receivables.settings import Settings
from shared.kernel.money import ZERO
from shared.platform.auth import EVERYTHING
from shared.platform.clock import today
from shared.platform.db import Connection
from shared.platform.ids import new_id
from shared.platform.jobs import JobContext
from shared.platform.outbox import emit_many

FEES_PER_STEP = 2_000

Changes = list[tuple[Accrual, AccrualChange]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualRun:
    """What a run did."""

    examined: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A term in a cycle, and the accrual that stands for it."""

    term: TermInForce
    cycle: Cycle
    accrual: Accrual

    @property
    def purchases(self) -> PurchaseKey:
        taken = self.cycle.taken
        return PurchaseKey(self.term.settlement_entity_id, self.term.currency, taken.start, taken.end)

    def quantity(self, bought: dict[PurchaseKey, Purchases], stores: dict[UUID, list[StoreLife]]) -> Decimal:
        """Return the driver's quantity in the days taken."""
        formula = self.term.formula
        if formula.driver is Driver.NET_PURCHASES:
            found = bought[self.purchases]
            return found.gross_amount if self.term.tax_basis == "incl" else found.net_amount
        assert formula.period is not None
        if formula.driver is Driver.STORE_PERIODS:
            taken = self.cycle.taken
            span = whole_months_of(taken, self.term.held) if self.term.is_continued else taken
            lives = stores.get(self.term.account_id, ())
            return store_periods_in(span, formula.period, lives) if span else Decimal(0)
        return periods_in(self.cycle.taken, formula.period)


async def accrue_contracts(
    connection: Connection, settings: Settings, *, account_id: UUID | None, as_of: date, at: datetime
) -> AccrualRun:
    """Bring the accruals of all contract terms to their targets as of ``as_of``.

    An accrual never goes back in time: a run as of an earlier date reads today's figures through the later date, so
    that the order of runs does not matter. What no version holds any more (an amendment signed late) goes to zero.
    """
    await connection.execute(ADVISORY_LOCK, "accruals")
    stored = await statements.load(connection, statements.OF_CONTRACTS, account_id)
    horizons = _horizons(stored, as_of)
    terms = await terms_in_force(connection, account_id, max(horizons.values(), default=as_of))
    wanted = _wanted(terms, {_key(each): each for each in stored}, horizons, as_of, settings)
    keys = {each.purchases for each in wanted if each.term.formula.driver is Driver.NET_PURCHASES}
    bought = await statements.net_purchases(connection, sorted(keys))
    stores = await stores_by_account(connection, account_id)
    changes: Changes = []
    for each in wanted:
        quantity = each.quantity(bought, stores)
        amount = each.term.formula.amount(quantity, each.cycle.elapsed)
        changes.append(
            each.accrual.accrue(amount, quantity=quantity, elapsed=each.cycle.elapsed, through=each.cycle.through)
        )
    changes += _to_zero(stored, {each.accrual.id for each in wanted})
    changed = await _save(connection, changes, stored, as_of=as_of, at=at)
    return AccrualRun(examined=len(changes), changed=changed)


def _horizons(stored: Sequence[Accrual], as_of: date) -> dict[UUID, date]:
    """Return per contract how far it is accrued already, at least ``as_of``."""
    horizons: dict[UUID, date] = {}
    for accrual in stored:
        contract_id, through = cast("UUID", accrual.contract_id), accrual.balance.accrued_through
        assert through is not None
        horizons[contract_id] = max(horizons.get(contract_id, as_of), through)
    return horizons


def _key(accrual: Accrual) -> tuple[UUID | None, int | None, UUID | None, date]:
    return accrual.contract_id, accrual.contract_version, accrual.term_id, accrual.cycle_start


def _wanted(
    terms: Sequence[TermInForce],
    stored: dict[tuple[UUID | None, int | None, UUID | None, date], Accrual],
    horizons: dict[UUID, date],
    as_of: date,
    settings: Settings,
) -> list[_Wanted]:
    found = []
    for term in terms:
        for cycle in cycles_until(term.cycle, term.held, horizons.get(term.contract_id, as_of)):
            known = stored.get((term.contract_id, term.version_number, term.term_id, cycle.whole.start))
            accrual = replace(known, cycle_end=cycle.active.end) if known else _new_of_term(term, cycle, settings)
            found.append(_Wanted(term=term, cycle=cycle, accrual=accrual))
    return found


def _new_of_term(term: TermInForce, cycle: Cycle, settings: Settings) -> Accrual:
    label = term.cycle.label(cycle.whole.start)
    key = contract_claim_key(term.contract_number, term.code, label)
    return Accrual(
        id=new_id(),
        account_id=term.account_id,
        settlement_entity_id=term.settlement_entity_id,
        source="contract_term",
        contract_id=term.contract_id,
        contract_version=term.version_number,
        term_id=term.term_id,
        term_code=term.code,
        agreement_number=term.contract_number,
        fee_kind=term.fee_kind,
        settlement_method=term.settlement_method,
        currency=term.currency,
        cycle_start=cycle.whole.start,
        cycle_end=cycle.active.end,
        driver=term.formula.driver.value,
        tax_basis="incl" if term.tax_basis == "incl" else "excl",
        tax_rate=treatment_of(term.fee_kind, settings.tax_rates).rate,
        claim_reference=f"{term.contract_number}/{term.code}/{label}",
        claim_key=key,
        claim_key_exact=key,
    )


def _to_zero(stored: Sequence[Accrual], kept: set[UUID]) -> Changes:
    """Return the changes that take back what no version holds any more."""
    return [
        accrual.accrue(ZERO, quantity=ZERO, elapsed=ZERO, through=cast("date", accrual.balance.accrued_through))
        for accrual in stored
        if accrual.id not in kept and accrual.balance.booked.incl_tax
    ]


async def accrue_promotions(
    connection: Connection, settings: Settings, *, account_id: UUID | None, at: datetime
) -> AccrualRun:
    """Bring the accruals of promotion fees to what was earned.

    A fee waits until its promotion and its product are known here: claims may name them.
    """
    rows = await connection.fetch(statements.PROMOTION_FEES_DUE, account_id, FEES_PER_STEP)
    fee_ids = [row["id"] for row in rows]
    stored = await statements.load(connection, statements.OF_PROMOTION_FEES, fee_ids)
    known = {accrual.promotion_fee_id: accrual for accrual in stored}
    changes: Changes = []
    for row in rows:
        accrual = known.get(row["id"]) or _new_of_fee(row, settings)
        through = max(row["earned_on"], accrual.balance.accrued_through or row["earned_on"])
        count = Decimal(row["verified_count"])
        changes.append(accrual.accrue(row["earned_amount"], quantity=count, elapsed=Decimal(1), through=through))
    changed = await _save(connection, changes, stored, as_of=date.min, at=at)
    await connection.execute(statements.PROMOTION_FEES_DONE, fee_ids)
    return AccrualRun(examined=len(changes), changed=changed)


def _new_of_fee(row: asyncpg.Record, settings: Settings) -> Accrual:
    wide, *exact = promotion_claim_keys(row["promotion_number"], row["tactic_kind"], row["sku"])
    reference = "/".join(part for part in (row["promotion_number"], row["tactic_kind"], row["sku"]) if part)
    return Accrual(
        id=new_id(),
        account_id=row["account_id"],
        settlement_entity_id=row["settlement_entity_id"],
        source="promotion_fee",
        promotion_id=row["promotion_id"],
        promotion_fee_id=row["id"],
        agreement_number=row["promotion_number"],
        fee_kind=row["fee_kind"],
        settlement_method=row["settlement_method"],
        currency=row["currency"],
        cycle_start=row["starts_on"],
        cycle_end=row["ends_on"],
        driver="earned",
        tax_basis=settings.promotion_fee_tax_basis,
        tax_rate=treatment_of(row["fee_kind"], settings.tax_rates).rate,
        claim_reference=reference,
        claim_key=wide,
        claim_key_exact=exact[0] if exact else wide,
    )


async def _save(
    connection: Connection, changes: Changes, stored: Sequence[Accrual], *, as_of: date, at: datetime
) -> int:
    """Write what differs from before: accruals, entries, journal and events; return how many amounts changed.

    Each is booked on ``as_of``, but not before the last day whose quantities are in it.
    """
    before = {accrual.id: accrual for accrual in stored}
    different = [(accrual, change) for accrual, change in changes if before.get(accrual.id) != accrual]
    if not different:
        return 0
    await statements.save(connection, different, as_of=as_of, at=at)
    moved = [(accrual, change) for accrual, change in different if not change.is_nothing]
    entries = [
        JournalEntry(
            kind=EntryKind.FEE_ACCRUED,
            account_id=accrual.account_id,
            settlement_entity_id=accrual.settlement_entity_id,
            source_id=accrual.id,
            booked_on=accrual.booked_on(as_of),
            currency=accrual.currency,
            postings=fee_accrued(change.delta.excl_tax),
        )
        for accrual, change in moved
        if change.delta.excl_tax
    ]
    await journal.book(connection, entries, at=at)
    await emit_many(connection, [accrual.accrued_event() for accrual, _ in moved], at=at)
    return len(moved)


async def accrue_contracts_job(context: JobContext) -> None:
    """Accrue all contracts as of today."""
    settings = cast("Settings", context.settings)
    async with context.database.raw(EVERYTHING) as connection:
        as_of = today(settings.time_zone)
        await accrue_contracts(connection, settings, account_id=None, as_of=as_of, at=context.now)


async def accrue_promotions_job(context: JobContext) -> bool:
    """Accrue what promotions have earned since the last time; True when there may be more."""
    async with context.database.raw(EVERYTHING) as connection:
        settings = cast("Settings", context.settings)
        done = await accrue_promotions(connection, settings, account_id=None, at=context.now)
    return done.examined == FEES_PER_STEP
