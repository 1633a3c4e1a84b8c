"""Read copies, DM slots, funds with their ledger, promotions with fees, execution verdicts, sell-out with imports."""

from alembic import op

from shared.platform.migrations import (
    account_policy,
    accounts_policy,
    append_only,
    drop_platform_tables_v1,
    platform_tables_v1,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COPIES = """
CREATE TABLE accounts (
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    region text NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (id)
);

CREATE TABLE products (
    id uuid NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    brand text,
    category text,
    version bigint NOT NULL,
    CONSTRAINT products_pkey PRIMARY KEY (id)
);
CREATE INDEX products_sku_ix ON products (sku);

CREATE TABLE stores (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    grade text,
    status text NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT stores_pkey PRIMARY KEY (id)
);
CREATE INDEX stores_account_id_code_ix ON stores (account_id, code);

CREATE TABLE executions (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    tactic_id uuid NOT NULL,
    store_id uuid NOT NULL,
    verdict text NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT executions_pkey PRIMARY KEY (id)
);
CREATE INDEX executions_tactic_id_store_id_ix ON executions (tactic_id, store_id)
"""

DM_SLOTS = """
CREATE TABLE dm_slots (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    calendar_year integer NOT NULL,
    slot_no integer NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    submit_deadline date NOT NULL,
    buy_in_starts_on date NOT NULL,
    buy_in_ends_on date NOT NULL,
    positions integer NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT dm_slots_pkey PRIMARY KEY (id),
    CONSTRAINT dm_slots_account_id_calendar_year_slot_no_key UNIQUE (account_id, calendar_year, slot_no),
    CONSTRAINT dm_slots_no_overlap EXCLUDE USING gist (account_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&),
    CONSTRAINT dm_slots_dates CHECK (starts_on <= ends_on AND buy_in_starts_on <= buy_in_ends_on AND submit_deadline <= starts_on),
    CONSTRAINT dm_slots_positions CHECK (positions > 0 AND slot_no > 0)
);

CREATE TABLE dm_slot_bookings (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    dm_slot_id uuid NOT NULL,
    position integer NOT NULL,
    product_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    tactic_id uuid NOT NULL,
    booked_at timestamptz NOT NULL,
    CONSTRAINT dm_slot_bookings_pkey PRIMARY KEY (id),
    CONSTRAINT dm_slot_bookings_dm_slot_id_fkey FOREIGN KEY (dm_slot_id) REFERENCES dm_slots (id),
    CONSTRAINT dm_slot_bookings_dm_slot_id_position_key UNIQUE (dm_slot_id, position),
    CONSTRAINT dm_slot_bookings_dm_slot_id_product_id_key UNIQUE (dm_slot_id, product_id),
    CONSTRAINT dm_slot_bookings_position CHECK (position > 0)
);
CREATE INDEX dm_slot_bookings_promotion_id_ix ON dm_slot_bookings (promotion_id)
"""

FUNDS = """
CREATE TABLE funds (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    budget numeric(18, 2) NOT NULL,
    committed numeric(18, 2) NOT NULL,
    earned numeric(18, 2) NOT NULL,
    paid numeric(18, 2) NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT funds_pkey PRIMARY KEY (id),
    CONSTRAINT funds_never_overdrawn CHECK (0 <= earned AND earned <= committed AND committed <= budget),
    CONSTRAINT funds_dates CHECK (starts_on <= ends_on)
);
CREATE INDEX funds_account_id_ix ON funds (account_id);

CREATE TABLE fund_entries (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    account_id uuid NOT NULL,
    fund_id uuid NOT NULL,
    kind text NOT NULL,
    amount numeric(18, 2) NOT NULL,
    promotion_id uuid NOT NULL,
    fee_id uuid NOT NULL,
    booked_on date NOT NULL,
    committed_after numeric(18, 2) NOT NULL,
    source_id uuid,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT fund_entries_pkey PRIMARY KEY (seq),
    CONSTRAINT fund_entries_fund_id_fkey FOREIGN KEY (fund_id) REFERENCES funds (id),
    CONSTRAINT fund_entries_kind CHECK (kind IN ('committed', 'released', 'earned', 'paid')),
    CONSTRAINT fund_entries_amount CHECK (amount > 0 OR kind IN ('earned', 'paid'))
);
CREATE INDEX fund_entries_fund_id_seq_ix ON fund_entries (fund_id, seq);
CREATE INDEX fund_entries_source_id_ix ON fund_entries (source_id) WHERE source_id IS NOT NULL
"""

PROMOTIONS = """
CREATE TABLE promotions (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    number text NOT NULL,
    name text NOT NULL,
    mechanic text NOT NULL,
    status text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    buy_in_starts_on date NOT NULL,
    buy_in_ends_on date NOT NULL,
    order_cap_quantity numeric(18, 4),
    fund_id uuid NOT NULL,
    currency text NOT NULL,
    planned_amount numeric(18, 2) NOT NULL,
    store_ids uuid[] NOT NULL,
    agreement_sha256 text,
    agreement_signed_on date,
    agreement_signatory text,
    submitted_on date,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT promotions_pkey PRIMARY KEY (id),
    CONSTRAINT promotions_account_id_number_key UNIQUE (account_id, number),
    CONSTRAINT promotions_fund_id_fkey FOREIGN KEY (fund_id) REFERENCES funds (id),
    CONSTRAINT promotions_status CHECK
        (status IN ('draft', 'submitted', 'approved', 'committed', 'started', 'ended', 'cancelled')),
    CONSTRAINT promotions_dates CHECK (starts_on <= ends_on AND buy_in_starts_on <= buy_in_ends_on),
    CONSTRAINT promotions_agreed CHECK (status NOT IN ('committed', 'started', 'ended') OR agreement_sha256 IS NOT NULL)
);
CREATE INDEX promotions_account_id_starts_on_ix ON promotions (account_id, starts_on);
CREATE INDEX promotions_running_ix ON promotions (status, starts_on, ends_on) WHERE status IN ('committed', 'started');

CREATE TABLE promotion_items (
    promotion_id uuid NOT NULL,
    product_id uuid NOT NULL,
    account_id uuid NOT NULL,
    place integer NOT NULL,
    regular_cost numeric(18, 4) NOT NULL,
    promo_cost numeric(18, 4) NOT NULL,
    regular_retail numeric(18, 4) NOT NULL,
    promo_retail numeric(18, 4) NOT NULL,
    tax_basis text NOT NULL,
    forecast_quantity numeric(18, 4) NOT NULL,
    CONSTRAINT promotion_items_pkey PRIMARY KEY (promotion_id, product_id),
    CONSTRAINT promotion_items_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions (id)
);

CREATE TABLE promotion_tactics (
    id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    account_id uuid NOT NULL,
    place integer NOT NULL,
    kind text NOT NULL,
    product_id uuid NOT NULL,
    count_per_store integer NOT NULL,
    dm_slot_id uuid,
    dm_position integer,
    fee_id uuid NOT NULL,
    fee_kind text NOT NULL,
    basis text NOT NULL,
    unit_amount numeric(18, 4) NOT NULL,
    planned_amount numeric(18, 2) NOT NULL,
    settlement_method text NOT NULL,
    CONSTRAINT promotion_tactics_pkey PRIMARY KEY (id),
    CONSTRAINT promotion_tactics_fee_id_key UNIQUE (fee_id),
    CONSTRAINT promotion_tactics_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions (id),
    CONSTRAINT promotion_tactics_dm_slot_id_fkey FOREIGN KEY (dm_slot_id) REFERENCES dm_slots (id),
    CONSTRAINT promotion_tactics_dm CHECK ((kind = 'dm') = (dm_slot_id IS NOT NULL AND dm_position IS NOT NULL))
);
CREATE INDEX promotion_tactics_promotion_id_ix ON promotion_tactics (promotion_id);

CREATE TABLE promotion_item_stores (
    promotion_id uuid NOT NULL,
    product_id uuid NOT NULL,
    store_id uuid NOT NULL,
    account_id uuid NOT NULL,
    during daterange NOT NULL,
    CONSTRAINT promotion_item_stores_pkey PRIMARY KEY (promotion_id, product_id, store_id),
    CONSTRAINT promotion_item_stores_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions (id),
    CONSTRAINT promotion_item_stores_no_overlap
        EXCLUDE USING gist (product_id WITH =, store_id WITH =, during WITH &&)
);

CREATE TABLE promotion_fees (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    tactic_id uuid NOT NULL,
    fund_id uuid NOT NULL,
    committed numeric(18, 2) NOT NULL,
    earned numeric(18, 2) NOT NULL,
    uncovered numeric(18, 2) NOT NULL,
    recheck boolean NOT NULL,
    earned_amount numeric(18, 2),
    units_sold numeric(18, 4),
    evidence_task_ids uuid[],
    earned_on date,
    CONSTRAINT promotion_fees_pkey PRIMARY KEY (id),
    CONSTRAINT promotion_fees_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions (id),
    CONSTRAINT promotion_fees_fund_id_fkey FOREIGN KEY (fund_id) REFERENCES funds (id),
    CONSTRAINT promotion_fees_balance CHECK (0 <= earned AND earned <= committed AND 0 <= uncovered)
);
CREATE INDEX promotion_fees_promotion_id_ix ON promotion_fees (promotion_id);
CREATE INDEX promotion_fees_tactic_id_ix ON promotion_fees (tactic_id);
CREATE INDEX promotion_fees_recheck_ix ON promotion_fees (promotion_id) WHERE recheck
"""

SELL_OUT = """
CREATE TABLE import_jobs (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    is_atomic boolean NOT NULL,
    received_rows bigint NOT NULL,
    inserted_rows bigint NOT NULL,
    updated_rows bigint NOT NULL,
    unchanged_rows bigint NOT NULL,
    refused_rows bigint NOT NULL,
    submitted_by text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    CONSTRAINT import_jobs_pkey PRIMARY KEY (id),
    CONSTRAINT import_jobs_state CHECK (state IN ('done', 'rejected'))
);

CREATE TABLE import_refusals (
    job_id uuid NOT NULL,
    line bigint NOT NULL,
    account_id uuid NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    value text NOT NULL,
    CONSTRAINT import_refusals_pkey PRIMARY KEY (job_id, line),
    CONSTRAINT import_refusals_job_id_fkey FOREIGN KEY (job_id) REFERENCES import_jobs (id)
);

CREATE TABLE sell_out (
    account_id uuid NOT NULL,
    store_id uuid NOT NULL,
    product_id uuid NOT NULL,
    week_starts_on date NOT NULL,
    quantity numeric(18, 4) NOT NULL,
    retail_amount numeric(18, 2),
    price_off_flag boolean NOT NULL,
    dm_flag boolean NOT NULL,
    display_flag boolean NOT NULL,
    CONSTRAINT sell_out_pkey PRIMARY KEY (account_id, store_id, product_id, week_starts_on)
)
"""

TABLES = (
    "sell_out", "import_refusals", "import_jobs", "promotion_fees", "promotion_item_stores", "promotion_tactics",
    "promotion_items", "promotions", "fund_entries", "funds", "dm_slot_bookings", "dm_slots", "executions", "stores",
    "products", "accounts",
)  # fmt: skip


def upgrade() -> None:
    platform_tables_v1(op)
    for part in (COPIES, DM_SLOTS, FUNDS, PROMOTIONS, SELL_OUT):
        for statement in part.split(";\n"):
            op.execute(statement)
    accounts_policy(op)
    for table in TABLES:
        if table not in {"accounts", "products"}:
            account_policy(op, table)
    append_only(op, "fund_entries")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table} CASCADE")
    drop_platform_tables_v1(op)
