"""Each service sees its own schema and nothing else; only owners change tables."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.dev import database, postgres
from deploy.dev.database import ServiceUrls


def password_of(role: str) -> str:
    return f"{role}'s: p@ss/word"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def urls(cluster: postgres.Cluster) -> dict[str, ServiceUrls]:
    prepared = await database.prepare(cluster.admin_url, "gondola", password_of)
    async with connected(prepared["contracts"].owner) as owner:
        await owner.execute("CREATE TABLE accounts (id bigint GENERATED ALWAYS AS IDENTITY, name citext)")
        await owner.execute("CREATE INDEX ON accounts USING gin (name gin_trgm_ops)")
        await owner.execute(
            "CREATE TABLE terms (code text, during daterange, EXCLUDE USING gist (code WITH =, during WITH &&))"
        )
        await owner.execute("CREATE FUNCTION three() RETURNS int LANGUAGE sql AS 'SELECT 3'")
    return prepared


async def test_the_restricted_role_works_with_what_the_owner_made(urls: dict[str, ServiceUrls]):
    async with connected(urls["contracts"].app) as app:
        await app.execute("INSERT INTO accounts (name) VALUES ('Huarun')")
        await app.execute("UPDATE accounts SET name = 'huarun'")
        assert await app.fetchval("SELECT count(*) FROM accounts WHERE name = 'HUARUN'") == 1
        assert await app.fetchval("SELECT three()") == 3
        await app.execute("CREATE TEMPORARY TABLE loaded (name text)")
        await app.execute("DELETE FROM accounts")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE TABLE extensions.mine (id int)",
        "CREATE SCHEMA mine",
        "DROP TABLE accounts",
        "ALTER TABLE accounts ADD COLUMN note text",
        "TRUNCATE accounts",
        "CREATE ROLE friend",
        "CREATE DATABASE another",
        "SET ROLE contracts_owner",
        "ALTER ROLE contracts_app BYPASSRLS",
    ],
)
async def test_the_restricted_role_changes_no_structure_and_no_role(urls: dict[str, ServiceUrls], statement: str):
    async with connected(urls["contracts"].app) as app:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


@pytest.mark.parametrize("kind", ["app", "owner"])
@pytest.mark.parametrize("service", ["promotions", "store_ops", "receivables"])
async def test_no_role_sees_another_schema(urls: dict[str, ServiceUrls], service: str, kind: str):
    async with connected(getattr(urls[service], kind)) as other:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.fetch("SELECT * FROM contracts.accounts")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.fetchval("SELECT contracts.three()")


async def test_sessions_have_their_path_and_limits(urls: dict[str, ServiceUrls]):
    async with connected(urls["store_ops"].app) as app:
        found = {name: await app.fetchval("SELECT current_setting($1)", name) for name in database.APP_SETTINGS}
        assert await app.fetchval("SHOW search_path") == "store_ops, extensions"
    assert found == {"statement_timeout": "30s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "1min"}


async def test_preparing_again_changes_nothing(cluster: postgres.Cluster, urls: dict[str, ServiceUrls]):
    assert await database.prepare(cluster.admin_url, "gondola", password_of) == urls
    async with connected(urls["contracts"].app) as app:
        assert await app.fetchval("SELECT three()") == 3


async def test_an_admin_that_is_no_superuser_can_prepare(cluster: postgres.Cluster):
    async with connected(cluster.admin_url) as admin:
        await admin.execute("CREATE ROLE operator LOGIN CREATEROLE CREATEDB PASSWORD 'x'")
    url = database.url_for(cluster.admin_url, role="operator", password="x", database="postgres")
    for _ in range(2):
        prepared = await database.prepare(url, "brought", password_of, role_suffix="_brought")
    async with connected(prepared["contracts"].owner) as owner:
        await owner.execute("CREATE TABLE accounts (name citext)")
    async with connected(prepared["contracts"].app) as app:
        assert await app.fetch("SELECT * FROM accounts") == []
    await database.drop(url, "brought", role_suffix="_brought")
    async with connected(cluster.admin_url) as admin:
        assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%brought'") == 0


async def test_a_role_with_too_many_rights_is_refused(cluster: postgres.Cluster):
    async with connected(cluster.admin_url) as admin:
        await admin.execute("CREATE ROLE contracts_app_wide BYPASSRLS")
    with pytest.raises(ValueError, match="contracts_app_wide"):
        await database.prepare(cluster.admin_url, "wide", password_of, role_suffix="_wide")


def test_passwords_are_made_once_and_kept_from_others(tmp_path: Path):
    path = tmp_path / "passwords.json"
    made = database.StoredPasswords(path)("contracts_app")
    assert database.StoredPasswords(path)("contracts_app") == made
    assert database.StoredPasswords(path)("contracts_owner") != made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
