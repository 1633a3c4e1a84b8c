"""What migrations share: the platform's own tables, row-level security by account, append-only tables."""

from pathlib import Path
from typing import Any, TypeAlias

Op: TypeAlias = Any
"""Alembic's `op`: a module in migrations, an `Operations` elsewhere."""

TABLES_V1 = Path(__file__).with_name("tables_v1.sql")
NAMES_V1 = (
    "event_subjects", "outbox", "feed", "parked_deliveries", "webhook_endpoints", "event_sources", "inbox",
    "inbox_subjects", "idempotency_keys", "job_runs",
)  # fmt: skip

SEES_ALL = "(SELECT current_setting('gondola.scope', true)) = 'all'"
LISTED_ACCOUNTS = "NULLIF(current_setting('gondola.accounts', true), '')::uuid[]"
LISTED_REGIONS = "NULLIF(current_setting('gondola.regions', true), '')::text[]"
VISIBLE_ACCOUNTS = "((SELECT visible_accounts())::uuid[])"


def platform_tables_v1(op: Op) -> None:
    """Create the tables of outbox, relay, inbox, idempotency and jobs in the first schema of the search path."""
    for statement in TABLES_V1.read_text().split(";\n"):
        if statement.strip():
            op.execute(statement)


def drop_platform_tables_v1(op: Op) -> None:
    """Undo ``platform_tables_v1``."""
    op.execute(f"DROP TABLE {', '.join(NAMES_V1)}")
    op.execute("DROP FUNCTION IF EXISTS visible_accounts(), refuse_change()")


def accounts_policy(op: Op) -> None:
    """Secure the table ``accounts`` (id, region), create ``visible_accounts()`` from it, and secure the outbox.

    A transaction sees what ``gondola.scope`` says: ``all``, or the accounts of ``gondola.accounts`` and those of the
    regions in ``gondola.regions``; nothing if they are not set. The sub-selects become InitPlans: once per statement.
    Every caller may record an event; what belongs to no account (a product) is read by every caller.
    """
    listed = f"id = ANY ((SELECT {LISTED_ACCOUNTS})::uuid[]) OR region = ANY ((SELECT {LISTED_REGIONS})::text[])"
    _policy(op, "accounts", f"{SEES_ALL} OR {listed}")
    op.execute(
        "CREATE FUNCTION visible_accounts() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT"  # noqa: S608
        f" COALESCE({LISTED_ACCOUNTS}, '{{}}') ||"
        f" ARRAY(SELECT id FROM accounts WHERE region = ANY ({LISTED_REGIONS})) $$"
    )
    _secure(op, "outbox")
    readable = f"{SEES_ALL} OR account_id IS NULL OR account_id = ANY ({VISIBLE_ACCOUNTS})"
    op.execute(f"CREATE POLICY account_scope ON outbox FOR SELECT USING ({readable})")
    op.execute("CREATE POLICY everybody_records ON outbox FOR INSERT WITH CHECK (true)")
    op.execute(f"CREATE POLICY worker_stamps ON outbox FOR UPDATE USING ({SEES_ALL})")
    op.execute(f"CREATE POLICY worker_prunes ON outbox FOR DELETE USING ({SEES_ALL})")


def account_policy(op: Op, table: str, *, column: str = "account_id", shared_rows: bool = False) -> None:
    """Let a transaction see and write only rows of accounts in its scope.

    ``shared_rows``: rows without an account are everybody's; otherwise only the scope ``all`` sees them.
    """
    everybody = f" OR {column} IS NULL" if shared_rows else ""
    _policy(op, table, f"{SEES_ALL}{everybody} OR {column} = ANY ({VISIBLE_ACCOUNTS})")


def append_only(op: Op, table: str) -> None:
    """Refuse UPDATE and DELETE on ``table`` for everybody, the owner included."""
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _secure(op: Op, table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _policy(op: Op, table: str, condition: str) -> None:
    _secure(op, table)
    op.execute(f"CREATE POLICY account_scope ON {table} USING ({condition}) WITH CHECK ({condition})")
