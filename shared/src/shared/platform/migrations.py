"""What migrations share: the platform's own tables, row-level security by account, append-only tables."""

from alembic.operations import Operations

PLATFORM_TABLES_V1 = """
CREATE TABLE event_subjects (
    subject text PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0)
);

CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    pos bigint,
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    noun text NOT NULL,
    subject text NOT NULL,
    subject_version bigint NOT NULL,
    account_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    envelope text NOT NULL,
    UNIQUE (subject, subject_version)
);
CREATE INDEX outbox_unstamped_ix ON outbox (seq) WHERE pos IS NULL;
CREATE UNIQUE INDEX outbox_pos_ix ON outbox (pos) WHERE pos IS NOT NULL;

CREATE TABLE feed (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_pos bigint NOT NULL
);
INSERT INTO feed (last_pos) VALUES (0);

CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    url text NOT NULL UNIQUE,
    description text NOT NULL DEFAULT '',
    owner text NOT NULL,
    nouns text[],
    batches boolean NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'active', 'disabled', 'ended')),
    secret text NOT NULL,
    old_secret text,
    old_secret_until timestamptz,
    cursor_pos bigint NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    next_attempt_at timestamptz,
    ping_due boolean NOT NULL DEFAULT true,
    last_status integer,
    last_error text,
    last_success_at timestamptz,
    created_at timestamptz NOT NULL
);

CREATE TABLE parked_deliveries (
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    pos bigint NOT NULL,
    subject text NOT NULL,
    state text NOT NULL CHECK (state IN ('retrying', 'waiting', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    last_status integer,
    last_error text,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint_id, pos)
);
CREATE INDEX parked_deliveries_subject_ix ON parked_deliveries (endpoint_id, subject, pos);
CREATE INDEX parked_deliveries_due_ix ON parked_deliveries (endpoint_id, next_attempt_at) WHERE state = 'retrying';

CREATE TABLE event_sources (
    name text PRIMARY KEY,
    source text NOT NULL UNIQUE,
    secrets text[] NOT NULL,
    feed_url text,
    enabled boolean NOT NULL DEFAULT true,
    duplicates bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL
);

CREATE TABLE inbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    source text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    subject_version bigint NOT NULL CHECK (subject_version > 0),
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    data json NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'waiting', 'retrying', 'dead', 'done', 'ignored')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    error text,
    applied_at timestamptz,
    UNIQUE (source, event_id)
);
CREATE INDEX inbox_pending_ix ON inbox (seq) WHERE state = 'pending';
CREATE INDEX inbox_retrying_ix ON inbox (next_attempt_at) WHERE state = 'retrying';
CREATE INDEX inbox_held_ix ON inbox (source, subject, subject_version) WHERE state IN ('waiting', 'retrying', 'dead');
CREATE INDEX inbox_by_state_ix ON inbox (state, seq) WHERE state IN ('waiting', 'retrying', 'dead');

CREATE TABLE inbox_subjects (
    source text NOT NULL,
    subject text NOT NULL,
    version bigint NOT NULL,
    gap_since timestamptz,
    pull_at timestamptz,
    PRIMARY KEY (source, subject)
);
CREATE INDEX inbox_subjects_gaps_ix ON inbox_subjects (pull_at) WHERE gap_since IS NOT NULL;

CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    content_type text,
    etag text,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_created_at_ix ON idempotency_keys (created_at);

CREATE TABLE job_runs (
    name text PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    error text
);
"""
NAMES_V1 = (
    "event_subjects", "outbox", "feed", "parked_deliveries", "webhook_endpoints", "event_sources", "inbox",
    "inbox_subjects", "idempotency_keys", "job_runs",
)  # fmt: skip

SEES_ALL = "(SELECT current_setting('gondola.scope', true)) = 'all'"
LISTED_ACCOUNTS = "NULLIF(current_setting('gondola.accounts', true), '')::uuid[]"
LISTED_REGIONS = "NULLIF(current_setting('gondola.regions', true), '')::text[]"
VISIBLE_ACCOUNTS = "((SELECT visible_accounts())::uuid[])"


def platform_tables_v1(op: Operations) -> None:
    """Create the tables of outbox, relay, inbox, idempotency and jobs in the first schema of the search path."""
    for statement in PLATFORM_TABLES_V1.split(";\n"):
        if statement.strip():
            op.execute(statement)


def drop_platform_tables_v1(op: Operations) -> None:
    """Undo ``platform_tables_v1``."""
    op.execute(f"DROP TABLE {', '.join(NAMES_V1)}")
    op.execute("DROP FUNCTION IF EXISTS visible_accounts(), refuse_change()")


def accounts_policy(op: Operations) -> None:
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


def account_policy(op: Operations, table: str, *, column: str = "account_id", shared_rows: bool = False) -> None:
    """Let a transaction see and write only rows of accounts in its scope.

    ``shared_rows``: rows without an account are everybody's; otherwise only the scope ``all`` sees them.
    """
    everybody = f" OR {column} IS NULL" if shared_rows else ""
    _policy(op, table, f"{SEES_ALL}{everybody} OR {column} = ANY ({VISIBLE_ACCOUNTS})")


def parent_policy(op: Operations, table: str, *, parent: str, column: str) -> None:
    """Let a transaction see and write only rows whose parent row (by ``column`` = ``parent.id``) it sees."""
    _policy(op, table, f"{SEES_ALL} OR EXISTS (SELECT FROM {parent} AS parent WHERE parent.id = {table}.{column})")


def append_only(op: Operations, table: str) -> None:
    """Refuse UPDATE and DELETE on ``table`` for everybody, the owner included."""
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _secure(op: Operations, table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _policy(op: Operations, table: str, condition: str) -> None:
    _secure(op, table)
    op.execute(f"CREATE POLICY account_scope ON {table} USING ({condition}) WITH CHECK ({condition})")
