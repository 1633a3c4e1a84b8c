"""Read copies of what contracts, promotions and store-ops own."""

from alembic import op

from shared.platform.migrations import account_policy, accounts_policy, drop_platform_tables_v1, platform_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

READ_COPIES = """
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    name text NOT NULL,
    region text,
    ka_class text,
    currency text,
    status text,
    version bigint NOT NULL
);
CREATE TABLE settlement_entities (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    tax_id text,
    payment_terms jsonb NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX settlement_entities_account_id_ix ON settlement_entities (account_id);
CREATE TABLE products (
    id uuid PRIMARY KEY,
    sku text NOT NULL,
    name text NOT NULL,
    brand text,
    category text,
    version bigint NOT NULL
);
CREATE TABLE stores (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    grade text,
    opened_on date NOT NULL,
    closed_on date,
    status text,
    version bigint NOT NULL
);
CREATE INDEX stores_account_id_ix ON stores (account_id);
CREATE TABLE contracts (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    number text NOT NULL,
    settlement_entity_id uuid NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX contracts_account_id_ix ON contracts (account_id);
CREATE INDEX contracts_settlement_entity_id_ix ON contracts (settlement_entity_id);
CREATE TABLE contract_versions (
    contract_id uuid NOT NULL REFERENCES contracts,
    number integer NOT NULL,
    account_id uuid NOT NULL,
    is_withdrawn boolean NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    signed_on date,
    document_sha256 text,
    tax_basis text,
    payment_terms jsonb,
    PRIMARY KEY (contract_id, number)
);
CREATE TABLE contract_terms (
    contract_id uuid NOT NULL,
    version_number integer NOT NULL,
    term_id uuid NOT NULL,
    account_id uuid NOT NULL,
    code text NOT NULL,
    clause text NOT NULL,
    fee_kind text NOT NULL,
    method text NOT NULL,
    driver text NOT NULL,
    period text,
    tiers jsonb NOT NULL,
    tier_mode text NOT NULL,
    minimum numeric(18,2),
    maximum numeric(18,2),
    tax_basis text NOT NULL,
    cycle text NOT NULL,
    settlement_method text NOT NULL,
    PRIMARY KEY (contract_id, version_number, term_id),
    CONSTRAINT contract_terms_version_fkey
        FOREIGN KEY (contract_id, version_number) REFERENCES contract_versions (contract_id, number)
);
CREATE TABLE promotions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    number text NOT NULL,
    name text NOT NULL,
    settlement_entity_id uuid NOT NULL,
    mechanic text,
    status text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    buy_in_starts_on date,
    buy_in_ends_on date,
    currency text NOT NULL,
    agreement_sha256 text,
    agreement_signed_on date,
    store_ids uuid[] NOT NULL,
    items jsonb NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX promotions_account_id_ix ON promotions (account_id);
CREATE TABLE promotion_tactics (
    id uuid PRIMARY KEY,
    promotion_id uuid NOT NULL REFERENCES promotions,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    product_id uuid,
    count_per_store integer,
    expected_price numeric(18,4),
    dm_slot_id uuid,
    dm_slot_no integer,
    dm_position integer,
    fee_id uuid NOT NULL,
    fee_kind text NOT NULL,
    basis text,
    unit_amount numeric(18,4),
    planned_amount numeric(18,2),
    settlement_method text
);
CREATE INDEX promotion_tactics_promotion_id_ix ON promotion_tactics (promotion_id);
CREATE TABLE promotion_fees (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    promotion_number text NOT NULL,
    tactic_id uuid NOT NULL,
    tactic_kind text NOT NULL,
    product_id uuid,
    settlement_entity_id uuid NOT NULL,
    fee_kind text NOT NULL,
    basis text,
    unit_amount numeric(18,4),
    currency text NOT NULL,
    planned_amount numeric(18,2) NOT NULL,
    planned_count integer NOT NULL,
    verified_count integer NOT NULL,
    verified_share numeric(12,6) NOT NULL,
    units_sold numeric(18,4),
    earned_amount numeric(18,2) NOT NULL CHECK (earned_amount >= 0),
    settlement_method text NOT NULL,
    earned_on date NOT NULL,
    evidence_task_ids uuid[] NOT NULL,
    accrued_version bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL
);
CREATE INDEX promotion_fees_accrual_due_ix ON promotion_fees (id) WHERE accrued_version < version;
CREATE TABLE dm_slot_bookings (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    dm_slot_id uuid NOT NULL,
    calendar_year integer,
    slot_no integer,
    position integer,
    product_id uuid,
    promotion_id uuid NOT NULL,
    tactic_id uuid NOT NULL,
    starts_on date,
    ends_on date,
    is_released boolean NOT NULL DEFAULT false,
    version bigint NOT NULL
);
CREATE INDEX dm_slot_bookings_tactic_id_ix ON dm_slot_bookings (tactic_id);
CREATE TABLE executions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    tactic_id uuid NOT NULL,
    tactic_kind text,
    store_id uuid NOT NULL,
    audit_id uuid,
    verdict text NOT NULL,
    contracted_count integer,
    found_count integer,
    agreed_price numeric(18,4),
    found_price numeric(18,4),
    found_on date,
    photo_sha256s text[] NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX executions_tactic_id_ix ON executions (tactic_id);
"""


SCOPED = (
    "settlement_entities", "stores", "contracts", "contract_versions", "contract_terms", "promotions",
    "promotion_tactics", "promotion_fees", "dm_slot_bookings", "executions",
)  # fmt: skip
DROP_ORDER = (
    "executions", "dm_slot_bookings", "promotion_fees", "promotion_tactics", "promotions", "contract_terms",
    "contract_versions", "contracts", "stores", "products", "settlement_entities", "accounts",
)  # fmt: skip


def upgrade() -> None:
    platform_tables_v1(op)
    for statement in READ_COPIES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    accounts_policy(op)
    for table in SCOPED:
        account_policy(op, table)


def downgrade() -> None:
    op.execute(f"DROP TABLE {', '.join(DROP_ORDER)}")
    drop_platform_tables_v1(op)
