"""Prepare one database for the four services: a schema, an owner role and a restricted role for each."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

SERVICES = ("contracts", "promotions", "store_ops", "receivables")
EXTENSIONS = ("btree_gist", "pg_trgm", "citext")
EXTENSION_SCHEMA = "extensions"
SERVER_VERSION_MIN = 15

# Session defaults of a role in our database; a migration may take long, but it never waits long for a lock.
APP_SETTINGS = {"statement_timeout": "30s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s"}
OWNER_SETTINGS = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "300s"}

Connection = Any  # asyncpg's connection classes are generic over a record type that is of no use here.


class ServiceUrls(NamedTuple):
    """Where a service finds its data."""

    app: str  # The restricted role, for running.
    owner: str  # The owner of the schema, for migrations only.


class StoredPasswords:
    """Passwords by role: made once, kept in a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Read what ``path`` holds; it is created with the first new password."""
        self._path = path
        self._passwords: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def __call__(self, role: str) -> str:
        """Return the password of ``role``."""
        if role not in self._passwords:
            self._passwords[role] = secrets.token_urlsafe(24)
            draft = self._path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(self._passwords, file, indent=1)
            draft.replace(self._path)
        return self._passwords[role]


def url_for(admin_url: str, *, role: str, password: str, database: str) -> str:
    """Return ``admin_url`` with another user, password and database; host, port and options stay."""
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{place}"
    return urlunsplit(("postgresql", netloc, f"/{quote(database, safe='')}", parts.query, ""))


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


async def _run(connection: Connection, template: str, *names: str) -> None:
    """Run a statement whose %I and %L PostgreSQL itself fills in, quoted."""
    if names:
        marks = ", ".join(f"${number}::text" for number in range(1, len(names) + 1))
        template = await connection.fetchval(f"SELECT format($fmt${template}$fmt$, {marks})", *names)
    await connection.execute(template)


async def _ensure_role(admin: Connection, role: str, password: str) -> None:
    """Create the role or set its password; a role with rights that would void the walls is refused."""
    row = await admin.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = $1", role
    )
    if row is not None and any(row.values()):
        raise ValueError(f"role {role} exists with more rights than it may have (superuser, createrole and the like)")
    verb = "ALTER" if row else "CREATE"  # What CREATE ROLE does not name, it does not grant.
    await _run(admin, f"{verb} ROLE %I LOGIN PASSWORD %L", role, password)


async def _ensure_database(admin: Connection, database: str, roles: list[str]) -> None:
    if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
        await _run(admin, "CREATE DATABASE %I TEMPLATE template0 ENCODING 'UTF8'", database)
    await _run(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", database)
    for role in roles:  # Temporary tables: imports COPY into one.
        await _run(admin, "GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I", database, role)


async def _ensure_extensions(connection: Connection) -> list[str]:
    """Return the schemas that hold the extensions: ours, and others where somebody had them already."""
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {EXTENSION_SCHEMA}")
    for extension in EXTENSIONS:
        await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA {EXTENSION_SCHEMA}")
    rows = await connection.fetch(
        "SELECT DISTINCT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = ANY($1)",
        EXTENSIONS,
    )
    return [row["nspname"] for row in rows]


async def _ensure_schema(connection: Connection, schema: str, owner: str, app: str) -> None:
    """Give the owner its schema, and the restricted role the rows of what the owner will make there, nothing else."""
    await _run(connection, "CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I", schema, owner)
    await _run(connection, "ALTER SCHEMA %I OWNER TO %I", schema, owner)
    await _run(connection, "REVOKE ALL ON SCHEMA %I FROM PUBLIC", schema)
    await _run(connection, "GRANT USAGE ON SCHEMA %I TO %I", schema, app)
    await _run(connection, "ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", owner)
    change = "ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I"
    for rights in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES", "EXECUTE ON FUNCTIONS"):
        await _run(connection, f"{change} GRANT {rights} TO %I", owner, schema, app)


async def _set_defaults(
    connection: Connection, database: str, role: str, path: list[str], settings: dict[str, str]
) -> None:
    quoted = [await connection.fetchval("SELECT quote_ident($1)", schema) for schema in path]
    await _run(connection, f"ALTER ROLE %I IN DATABASE %I SET search_path = {', '.join(quoted)}", role, database)
    for name, value in settings.items():
        await _run(connection, f"ALTER ROLE %I IN DATABASE %I SET {name} = %L", role, database, value)


async def _prepare_schemas(connection: Connection, database: str, role_suffix: str) -> None:
    schemas_of_extensions = await _ensure_extensions(connection)
    await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for service in SERVICES:
        owner, app = f"{service}_owner{role_suffix}", f"{service}_app{role_suffix}"
        await _ensure_schema(connection, service, owner, app)
        path = [service, *schemas_of_extensions]
        await _set_defaults(connection, database, owner, path, OWNER_SETTINGS)
        await _set_defaults(connection, database, app, path, APP_SETTINGS)
        for schema in schemas_of_extensions:
            for role in (owner, app):
                await _run(connection, "GRANT USAGE ON SCHEMA %I TO %I", schema, role)


async def prepare(
    admin_url: str, database: str, password_of: Callable[[str], str], *, role_suffix: str = ""
) -> dict[str, ServiceUrls]:
    """Create what is missing of the database, its roles, schemas and extensions; return the URLs of each service.

    The admin needs to be superuser, or to have CREATEROLE and CREATEDB (or own the database). Roles belong to the whole
    cluster: ``role_suffix`` keeps apart the roles of databases that share one. ``password_of`` names a role's password.
    May be called again at any time, also by several processes at once.

    Raises:
        ValueError: the server is too old, or a role exists with too many rights.
    """
    roles = {s: (f"{s}_owner{role_suffix}", f"{s}_app{role_suffix}") for s in SERVICES}
    admin = await asyncpg.connect(_plain(admin_url))
    try:
        version = admin.get_server_version().major
        if version < SERVER_VERSION_MIN:
            raise ValueError(f"PostgreSQL {SERVER_VERSION_MIN} or later is needed, this is {version}")
        superuser = await admin.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        await admin.execute("SELECT pg_advisory_lock(hashtext('gondola.prepare'))")  # Freed with the connection.
        for owner, app in roles.values():
            for role in (owner, app):
                await _ensure_role(admin, role, password_of(role))
            if not superuser:  # To hand a schema to its owner one must be able to become it.
                await _run(admin, "GRANT %I TO CURRENT_USER", owner)
        await _ensure_database(admin, database, [role for pair in roles.values() for role in pair])
        here = urlsplit(_plain(admin_url))
        connection = await asyncpg.connect(urlunsplit(here._replace(path=f"/{quote(database, safe='')}")))
        try:
            async with connection.transaction():
                await _prepare_schemas(connection, database, role_suffix)
        finally:
            await connection.close()
    finally:
        await admin.close()
    return {
        service: ServiceUrls(
            *(url_for(admin_url, role=r, password=password_of(r), database=database) for r in (app, owner))
        )
        for service, (owner, app) in roles.items()
    }


async def drop(admin_url: str, database: str, *, role_suffix: str = "") -> None:
    """Remove the database with its connections; with a suffix, its roles too."""
    admin = await asyncpg.connect(_plain(admin_url))
    try:
        await _run(admin, "DROP DATABASE IF EXISTS %I WITH (FORCE)", database)
        for role in (
            f"{service}_{kind}{role_suffix}" for service in SERVICES for kind in ("owner", "app") if role_suffix
        ):
            await _run(admin, "DROP ROLE IF EXISTS %I", role)
    finally:
        await admin.close()
