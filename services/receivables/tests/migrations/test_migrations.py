"""The migrations go up, down and up again, and hold what the code relies on."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI

from services.receivables.tests.examples import Books
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings
from shared.testing import Api

APPEND_ONLY = ("journal_entries", "journal_lines", "accrual_entries", "invoice_lines", "goods_receipts", "erp_batches")


async def test_up_down_and_up_again(app: FastAPI, service: Service, settings: ServiceSettings):
    migrations = service.migrations(settings)

    def there_and_back() -> None:
        migrations.check()
        migrations.down()
        migrations.up()
        migrations.check()

    await asyncio.to_thread(there_and_back)


async def test_every_table_with_an_account_is_secured(app: FastAPI, database: Any):
    rows = await database.fetch(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS secured FROM pg_class AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'account_id'"
        " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
    )
    assert {row["relname"] for row in rows if not row["secured"]} == set()
    assert {"invoices", "deductions", "accruals", "journal_lines", "settled_fees"} <= {row["relname"] for row in rows}


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET account_id = account_id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_service_may_only_append_to_the_books(app: FastAPI, database: Any, table: str, change: str):
    statement = change.format(table)
    if table == "erp_batches":
        statement = statement.replace("account_id = account_id", "number = number")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.execute(statement)


async def test_even_the_owner_cannot_change_the_journal(app: FastAPI, clean: None, settings: ServiceSettings):
    owner = await asyncpg.connect(settings.owner_database_url.get_secret_value())
    try:
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await owner.execute("UPDATE journal_lines SET debit = debit")
    finally:
        await owner.close()


async def insert_entry(database: Any, *lines: tuple[str, str, str]) -> None:
    entry, account = uuid4(), uuid4()
    async with database.transaction():
        await database.execute(
            "INSERT INTO journal_entries (id, account_id, settlement_entity_id, kind, source_id, booked_on, currency,"
            " recorded_at) VALUES ($1, $2, $2, 'invoice_posted', $1, '2026-01-01', 'CNY', now())",
            entry,
            account,
        )
        for number, (ledger, debit, credit) in enumerate(lines, start=1):
            await database.execute(
                "INSERT INTO journal_lines VALUES ($1, $2, $3, $4, $5::text::numeric, $6::text::numeric)",
                entry,
                number,
                account,
                ledger,
                debit,
                credit,
            )


async def test_an_entry_that_balances_is_taken(app: FastAPI, database: Any):
    await insert_entry(database, ("cash", "10.00", "0"), ("accounts_receivable", "0", "10.00"))
    assert await database.fetchval("SELECT count(*) FROM journal_entries") == 1


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (("cash", "10.00", "0"),),
        (("cash", "10.00", "0"), ("accounts_receivable", "0", "9.99")),
    ],
)
async def test_an_entry_that_does_not_balance_is_refused_at_the_commit(app: FastAPI, database: Any, lines: Any):
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await insert_entry(database, *lines)
    assert await database.fetchval("SELECT count(*) FROM journal_entries") == 0


async def test_without_a_scope_nothing_is_seen(app: FastAPI, database: Any):
    await insert_entry(database, ("cash", "10.00", "0"), ("accounts_receivable", "0", "10.00"))
    await database.execute("RESET gondola.scope")
    assert await database.fetchval("SELECT count(*) FROM journal_lines") == 0


@pytest.fixture
async def a_settled_fee(promotion: None, books: Books, erp: Api, run_job: Any) -> None:
    """A settled fee of 600.00 in ERP batch 1."""
    await run_job("accrue promotions")
    await books.deduct("600.00", "P-17/dm")
    await books.match()
    assert (await erp.post("/v1/erp-batches:close", json={"as_of": "2026-05-06"})).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE settled_fees SET amount = amount + 1, amount_excl_tax = amount_excl_tax + 1",
        "UPDATE settled_fees SET currency = 'USD'",
        "UPDATE settled_fees SET erp_batch = NULL, erp_position = NULL",
        "DELETE FROM settled_fees",
    ],
)
async def test_what_is_settled_stays_as_it_was_told_to_the_erp(a_settled_fee: None, database: Any, change: str):
    with pytest.raises(asyncpg.PostgresError):
        await database.execute(change)


async def test_the_database_lets_only_who_sees_all_accounts_close_a_batch(app: FastAPI, database: Any):
    await database.execute("SET gondola.scope = 'some'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.execute(
            "INSERT INTO erp_batches VALUES (1, '2026-05-06', 0, 0, '[]', repeat('0', 64), repeat('1', 64), now())"
        )
