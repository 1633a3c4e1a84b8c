"""The schema goes up, down and up again, fits the tables, and holds the rules by itself."""

import asyncio
from datetime import date
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError

from contracts.db import (
    queries,
    tables,  # noqa: F401 - maps the aggregates
)
from services.contracts.tests.examples import ACCOUNT, CONTRACT, DECEMBER, PAYER, drafted, signed
from shared.platform.auth import EVERYTHING
from shared.platform.db import Connection
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings

INSERT_ACCOUNT = """
INSERT INTO accounts (id, code, name, ka_class, account_type, store_format, decision_structure, delivery_mode, region,
                      owner_id, performance_unit_id, cost_unit_id, currency, status, version)
VALUES ($1, 'A', 'A', 'NKA', 'supermarket', 'HYPER', 'mixed', 'dc', 'East', 'li', 'p', 'c', 'CNY', 'active', 1)
"""
INSERT_ENTITY = """
INSERT INTO settlement_entities (id, account_id, code, name, tax_id, payment_terms, version)
VALUES ($1, $2, 'E', 'E', 'T', '{"term_type": "receipt", "days": 30}', 1)
"""


@pytest.fixture
async def stored(app: FastAPI, database: Connection) -> None:
    """A signed contract."""
    await database.execute(INSERT_ACCOUNT, ACCOUNT)
    await database.execute(INSERT_ENTITY, PAYER, ACCOUNT)
    async with app.state.database.session(EVERYTHING) as tx:
        tx.add(signed())


async def test_the_schema_fits_the_tables_and_goes_down_and_up(
    app: FastAPI, service: Service, settings: ServiceSettings
) -> None:
    migrations = service.migrations(settings)
    await asyncio.to_thread(migrations.check)
    await asyncio.to_thread(migrations.down)
    await asyncio.to_thread(migrations.up)
    await asyncio.to_thread(migrations.check)
    await app.state.database.pool.expire_connections()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE contract_versions SET terms = '[]'",
        "UPDATE contract_versions SET signed_on = NULL, signatory = NULL, document_sha256 = NULL",
        "UPDATE contract_versions SET valid_to = '2026-06-30'",
        "DELETE FROM contract_versions",
    ],
)
async def test_a_signed_version_cannot_be_changed_by_anybody(
    database: Connection, stored: None, statement: str
) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match="signed and never changes"):
        await database.execute(statement)


async def test_a_defect_in_the_code_cannot_change_it_either(app: FastAPI, stored: None) -> None:
    async def forget_the_terms() -> None:
        async with app.state.database.session(EVERYTHING) as tx:
            contract = await queries.contract(tx, CONTRACT, for_update=True)
            contract.versions[0].terms = ()

    with pytest.raises(IntegrityError, match="never changes"):
        await forget_the_terms()


async def test_a_contract_comes_back_as_it_was_stored(app: FastAPI, stored: None) -> None:
    async with app.state.database.session(EVERYTHING) as tx:
        contract = await queries.contract(tx, CONTRACT)
        version, original = contract.latest, signed().latest
        names = ("number", "valid_from", "valid_to", "tax_basis", "payment_terms", "terms", "signed_on", "signatory")
        assert [getattr(version, name) for name in names] == [getattr(original, name) for name in names]
        assert contract.status is signed().status


async def test_two_signed_contracts_cannot_share_a_day(app: FastAPI, stored: None) -> None:
    second = drafted(valid_from=DECEMBER, valid_to=date(2027, 12, 31))
    second.id, second.number = UUID(int=77), "C-2"
    second.sign(signed_on=DECEMBER, signatory="Li Wei", document_sha256="00" * 32)

    async def store() -> None:
        async with app.state.database.session(EVERYTHING) as tx:
            tx.add(second)

    with pytest.raises(IntegrityError, match="contracts_one_a_day"):
        await store()


async def test_a_contract_has_one_draft_at_most(app: FastAPI, stored: None, database: Connection) -> None:
    copy = (
        "INSERT INTO contract_versions (contract_id, number, account_id, valid_from, valid_to, tax_basis, payment_terms, terms)"
        " SELECT contract_id, $1, account_id, valid_from, valid_to, tax_basis, payment_terms, terms"
        " FROM contract_versions WHERE number = 1"
    )
    await database.execute(copy, 2)
    with pytest.raises(asyncpg.UniqueViolationError, match="one_draft"):
        await database.execute(copy, 3)
