-- The platform's own tables, first version; migrations.platform_tables_v1 runs this file.

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
    next_due_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    error text
);
