"""What the migrated database looks like: row-level security everywhere, walls between schemas, money in cents."""

import asyncpg
import pytest

from deploy.dev.database import SERVICES
from shared.platform.db import Connection
from shared.platform.service import Service
from tests.architecture.databases import Urls, connected
from tests.architecture.discovery import listed, name_of, services

UNSECURED = r"""
SELECT tables.relname || ': ' || CASE
       WHEN tables.relkind = 'v' THEN 'a view with the rights of its owner'
       WHEN NOT tables.relrowsecurity THEN 'row-level security is not enabled'
       WHEN NOT tables.relforcerowsecurity THEN 'row-level security is not forced'
       ELSE 'no policy, or one that does not ask for the scope' END
FROM pg_class AS tables
WHERE tables.relnamespace = current_schema()::regnamespace AND tables.relkind IN ('r', 'p', 'v', 'm')
  AND (tables.relname = 'accounts' OR EXISTS (
      SELECT FROM pg_attribute AS columns
      WHERE columns.attrelid = tables.oid AND columns.attname IN ('account_id', 'store_id') AND NOT columns.attisdropped
  ))
  AND NOT CASE WHEN tables.relkind = 'v' THEN COALESCE('security_invoker=true' = ANY (tables.reloptions), false)
      ELSE tables.relrowsecurity AND tables.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy WHERE polrelid = tables.oid)
           AND NOT EXISTS (
               SELECT FROM pg_policy WHERE polrelid = tables.oid AND polcmd <> 'a'
                 AND COALESCE(pg_get_expr(polqual, polrelid), '') !~ 'gondola\.scope'
           ) END
ORDER BY 1
"""
INEXACT = """
SELECT table_name || '.' || column_name || ': ' || data_type FROM information_schema.columns
WHERE table_schema = current_schema() AND (data_type IN ('real', 'double precision', 'money')
      OR data_type = 'timestamp without time zone'
      OR data_type = 'numeric' AND numeric_precision IS NULL)
ORDER BY 1
"""
CLOCKS = r"""
SELECT table_name || '.' || column_name || ' DEFAULT ' || column_default FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name <> 'outbox'
  AND column_default ~* '\m(now|clock_timestamp|gen_random_uuid|uuidv4|uuidv7|random)\(|CURRENT_(DATE|TIME)'
ORDER BY 1
"""
READABLE = """
SELECT schemas.nspname || COALESCE('.' || tables.relname, '')
FROM pg_namespace AS schemas LEFT JOIN pg_class AS tables ON tables.relnamespace = schemas.oid
     AND tables.relkind IN ('r', 'p', 'v', 'm', 'S')
WHERE schemas.nspname = ANY ($1) AND schemas.nspname <> current_schema()
  AND (has_schema_privilege(schemas.oid, 'USAGE') OR has_schema_privilege(schemas.oid, 'CREATE')
       OR tables.relkind <> 'S' AND has_table_privilege(tables.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
       OR tables.relkind = 'S' AND has_sequence_privilege(tables.oid, 'USAGE, SELECT, UPDATE'))
ORDER BY 1
"""
SECURE = "ALTER TABLE mistakes ENABLE ROW LEVEL SECURITY; ALTER TABLE mistakes FORCE ROW LEVEL SECURITY"


async def found(connection: Connection, statement: str, *arguments: object) -> str:
    rows = await connection.fetch(statement, *arguments)
    return listed(row[0] for row in rows) if rows else ""


@pytest.mark.parametrize("service", services(), ids=name_of)
class TestTheDatabaseOf:
    async def test_every_table_of_an_account_or_store_has_forced_row_level_security(
        self, service: Service, migrated: Urls
    ):
        async with connected(migrated[service.package].owner) as owner:
            assert not await found(owner, UNSECURED)

    async def test_numbers_are_exact_and_times_have_a_zone(self, service: Service, migrated: Urls):
        async with connected(migrated[service.package].owner) as owner:
            assert not await found(owner, INEXACT)

    async def test_no_column_takes_its_value_from_the_servers_clock_or_chance(self, service: Service, migrated: Urls):
        async with connected(migrated[service.package].owner) as owner:
            assert not await found(owner, CLOCKS)

    async def test_the_restricted_role_sees_no_other_schema(self, service: Service, migrated: Urls):
        async with connected(migrated[service.package].app) as app:
            assert not await found(app, READABLE, [*SERVICES, "public"])
            for other in services():
                if other is not service:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await app.fetch(f"SELECT * FROM {other.package}.outbox")

    async def test_the_restricted_role_neither_owns_nor_makes_tables(self, service: Service, migrated: Urls):
        async with connected(migrated[service.package].app) as app:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute("CREATE TABLE mine (id int)")
            rights = await app.fetchrow(
                "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb AS too_many,"
                " EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) AS owns"
                " FROM pg_roles WHERE rolname = current_user"
            )
            assert rights is not None
            assert (rights["too_many"], rights["owns"]) == (False, False)


@pytest.fixture
async def owner(migrated: Urls):
    """A transaction of an owner role that is rolled back."""
    async with connected(migrated[services()[0].package].owner) as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


@pytest.mark.parametrize(
    "mistake",
    [
        "CREATE TABLE mistakes (account_id uuid)",
        "CREATE TABLE mistakes (store_id uuid); ALTER TABLE mistakes ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE mistakes (store_id uuid); ALTER TABLE mistakes FORCE ROW LEVEL SECURITY",
        f"CREATE TABLE mistakes (account_id uuid); {SECURE}",
        f"CREATE TABLE mistakes (account_id uuid); {SECURE}; CREATE POLICY all_in ON mistakes USING (true)",
        "CREATE VIEW mistakes AS SELECT id AS account_id FROM accounts",
        "CREATE TABLE mistakes (account_id uuid) PARTITION BY HASH (account_id)",
    ],
)
async def test_an_unsecured_table_is_found(owner: Connection, mistake: str):
    await owner.execute(mistake)
    assert "mistakes" in await found(owner, UNSECURED)


@pytest.mark.parametrize("kind", ["double precision", "real", "timestamp", "numeric"])
async def test_an_inexact_column_is_found(owner: Connection, kind: str):
    await owner.execute(f"CREATE TABLE mistakes (value {kind})")
    assert "mistakes.value" in await found(owner, INEXACT)


@pytest.mark.parametrize("default", ["timestamptz DEFAULT now()", "uuid DEFAULT gen_random_uuid()"])
async def test_a_default_of_the_server_is_found(owner: Connection, default: str):
    await owner.execute(f"CREATE TABLE mistakes (value {default})")
    assert "mistakes.value" in await found(owner, CLOCKS)


async def test_a_right_in_another_schema_is_found(migrated: Urls):
    first, second = services()[0].package, services()[1].package
    async with connected(migrated[first].owner) as owner, connected(migrated[second].app) as app:
        role = await app.fetchval("SELECT quote_ident(current_user)")
        await owner.execute(f"GRANT USAGE ON SCHEMA {first} TO {role}")
        try:
            assert first in await found(app, READABLE, list(SERVICES))
        finally:
            await owner.execute(f"REVOKE USAGE ON SCHEMA {first} FROM {role}")
