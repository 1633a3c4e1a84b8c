"""Stores, tasks, audits, photos, and read copies of accounts and products."""

from alembic import op

from shared.platform.migrations import account_policy, accounts_policy, drop_platform_tables_v1, platform_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE accounts (
    id uuid NOT NULL,
    code text,
    name text,
    region text NOT NULL,
    status text,
    version bigint NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (id)
);

CREATE TABLE products (
    id uuid NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    brand text,
    version bigint NOT NULL,
    CONSTRAINT products_pkey PRIMARY KEY (id)
);

CREATE TABLE stores (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    grade text NOT NULL,
    store_format text NOT NULL,
    province text NOT NULL,
    city text NOT NULL,
    area_sqm numeric(12, 2),
    latitude numeric(9, 6),
    longitude numeric(9, 6),
    opened_on date NOT NULL,
    closed_on date,
    status text NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT stores_pkey PRIMARY KEY (id),
    CONSTRAINT stores_account_id_code_key UNIQUE (account_id, code),
    CONSTRAINT stores_grade_check CHECK (grade IN ('A', 'B', 'C', 'D')),
    CONSTRAINT stores_status_check CHECK (status IN ('active', 'inactive', 'closed')),
    CONSTRAINT stores_closed_check CHECK ((status = 'closed') = (closed_on IS NOT NULL) AND closed_on >= opened_on),
    CONSTRAINT stores_position_check CHECK ((latitude IS NULL) = (longitude IS NULL))
);

CREATE TABLE promotions (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    number text NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT promotions_pkey PRIMARY KEY (id)
);

CREATE TABLE tasks (
    id uuid NOT NULL,
    store_id uuid NOT NULL,
    account_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    tactic_id uuid NOT NULL,
    tactic_kind text NOT NULL,
    product_id uuid NOT NULL,
    expected_price numeric(18, 4),
    expected_count integer NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    status text NOT NULL,
    audit_id uuid,
    found_count integer NOT NULL DEFAULT 0,
    found_price numeric(18, 4),
    found_on date,
    photo_sha256s text[] NOT NULL DEFAULT '{}',
    verdict text,
    verified_at timestamptz,
    is_stale boolean NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT tasks_pkey PRIMARY KEY (id, store_id),
    CONSTRAINT tasks_tactic_kind_check CHECK (tactic_kind IN ('price', 'dm', 'endcap')),
    CONSTRAINT tasks_status_check CHECK (status IN ('open', 'executed', 'not_executed', 'unproven', 'withdrawn')),
    CONSTRAINT tasks_verdict_check CHECK (status IN ('open', 'withdrawn') OR status = verdict),
    CONSTRAINT tasks_expected_price_check CHECK (tactic_kind <> 'price' OR expected_price IS NOT NULL),
    CONSTRAINT tasks_expectation_check CHECK (expected_count > 0 AND ends_on >= starts_on)
) WITH (fillfactor = 80);
CREATE INDEX tasks_matching_ix ON tasks (store_id, product_id, tactic_kind);
CREATE INDEX tasks_promotion_id_ix ON tasks (promotion_id);
CREATE INDEX tasks_audit_id_ix ON tasks (audit_id) WHERE audit_id IS NOT NULL;
CREATE INDEX tasks_ends_on_id_ix ON tasks (ends_on, id);
CREATE INDEX tasks_stale_ix ON tasks (id) WHERE is_stale;

CREATE TABLE audits (
    id uuid NOT NULL,
    store_id uuid NOT NULL,
    account_id uuid NOT NULL,
    visited_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    submitted_by text NOT NULL,
    template_version text NOT NULL,
    findings jsonb NOT NULL,
    photo_sha256s text[] NOT NULL,
    note text,
    latitude numeric(9, 6),
    longitude numeric(9, 6),
    content_sha256 bytea NOT NULL,
    verified_at timestamptz,
    CONSTRAINT audits_pkey PRIMARY KEY (store_id, visited_at, id),
    CONSTRAINT audits_id_key UNIQUE (id)
);
CREATE INDEX audits_pending_ix ON audits (received_at) WHERE verified_at IS NULL;

CREATE TABLE photos (
    sha256 text NOT NULL,
    media_type text NOT NULL,
    size_bytes integer NOT NULL,
    uploaded_by text NOT NULL,
    received_at timestamptz NOT NULL,
    verified_at timestamptz,
    CONSTRAINT photos_pkey PRIMARY KEY (sha256),
    CONSTRAINT photos_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
CREATE INDEX photos_pending_ix ON photos (received_at) WHERE verified_at IS NULL;

CREATE TABLE audit_photos (
    sha256 text NOT NULL,
    audit_id uuid NOT NULL,
    store_id uuid NOT NULL,
    account_id uuid NOT NULL,
    CONSTRAINT audit_photos_pkey PRIMARY KEY (sha256, audit_id, store_id)
);

CREATE FUNCTION keep_store_account() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a store stays with its account' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER keep_store_account BEFORE UPDATE OF account_id ON stores
    FOR EACH ROW WHEN (OLD.account_id <> NEW.account_id) EXECUTE FUNCTION keep_store_account();

CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'an accepted audit never changes' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER keep_audit BEFORE UPDATE ON audits FOR EACH ROW
    WHEN (OLD.content_sha256 <> NEW.content_sha256 OR OLD.findings <> NEW.findings
          OR OLD.store_id <> NEW.store_id OR OLD.account_id <> NEW.account_id
          OR OLD.visited_at <> NEW.visited_at OR OLD.id <> NEW.id)
    EXECUTE FUNCTION keep_audit();
CREATE TRIGGER keep_audit_row BEFORE DELETE ON audits FOR EACH ROW EXECUTE FUNCTION keep_audit();
"""
NAMES = ("audit_photos", "photos", "audits", "tasks", "promotions", "stores", "products", "accounts")


def upgrade() -> None:
    platform_tables_v1(op)
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    accounts_policy(op)
    for table in ("stores", "promotions", "tasks", "audits", "audit_photos"):
        account_policy(op, table)


def downgrade() -> None:
    op.execute(f"DROP TABLE {', '.join(NAMES)}")
    op.execute("DROP FUNCTION keep_store_account(), keep_audit()")
    drop_platform_tables_v1(op)
