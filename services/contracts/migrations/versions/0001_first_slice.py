"""Accounts, settlement entities, products, contracts with versions, read copies of purchases and fees."""

from alembic import op

from shared.platform.migrations import (
    account_policy,
    accounts_policy,
    drop_platform_tables_v1,
    platform_tables_v1,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    ka_class text NOT NULL CHECK (ka_class IN ('GKA', 'NKA', 'LKA')),
    account_type text NOT NULL,
    store_format text NOT NULL,
    decision_structure text NOT NULL CHECK (decision_structure IN ('centralised', 'decentralised', 'mixed')),
    delivery_mode text NOT NULL CHECK (delivery_mode IN ('dc', 'direct_store', 'mixed')),
    region text NOT NULL,
    owner_id text NOT NULL,
    performance_unit_id text NOT NULL,
    cost_unit_id text NOT NULL,
    currency text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'inactive')),
    version bigint NOT NULL
);
CREATE INDEX accounts_region_ix ON accounts (region);

CREATE TABLE settlement_entities (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    code text NOT NULL,
    name text NOT NULL,
    tax_id text NOT NULL,
    payment_terms jsonb NOT NULL,
    version bigint NOT NULL,
    UNIQUE (account_id, code),
    UNIQUE (account_id, id)
);

CREATE TABLE products (
    id uuid PRIMARY KEY,
    sku text NOT NULL UNIQUE,
    gtin text,
    name text NOT NULL,
    brand text NOT NULL,
    category text NOT NULL,
    pack_quantity integer NOT NULL CHECK (pack_quantity > 0),
    unit_size numeric(18, 4) NOT NULL,
    unit_of_measure text NOT NULL,
    role text NOT NULL CHECK (role IN ('profit', 'image', 'volume')),
    vat_rate numeric(12, 6) NOT NULL CHECK (vat_rate BETWEEN 0 AND 1),
    list_price numeric(18, 4) NOT NULL CHECK (list_price >= 0),
    tax_basis text NOT NULL CHECK (tax_basis IN ('incl', 'excl')),
    currency text NOT NULL,
    is_sensitive boolean NOT NULL,
    is_private_label boolean NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX products_gtin_ix ON products (gtin) WHERE gtin IS NOT NULL;

CREATE TABLE contracts (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    settlement_entity_id uuid NOT NULL,
    number text NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'signed', 'active', 'ended')),
    currency text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    termination_reason text,
    version bigint NOT NULL,
    FOREIGN KEY (account_id, settlement_entity_id) REFERENCES settlement_entities (account_id, id),
    UNIQUE (account_id, number),
    UNIQUE (id, account_id),
    CONSTRAINT contracts_days CHECK (valid_from <= valid_to),
    CONSTRAINT contracts_one_a_day EXCLUDE USING gist (
        account_id WITH =, settlement_entity_id WITH =, daterange(valid_from, valid_to, '[]') WITH &&
    ) WHERE (status <> 'draft')
);
CREATE INDEX contracts_due_ix ON contracts (valid_from, valid_to) WHERE status IN ('signed', 'active');

CREATE TABLE contract_versions (
    contract_id uuid NOT NULL,
    number integer NOT NULL,
    account_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    tax_basis text NOT NULL CHECK (tax_basis IN ('incl', 'excl')),
    payment_terms jsonb NOT NULL,
    terms jsonb NOT NULL,
    signed_on date,
    signatory text,
    document_sha256 text CHECK (document_sha256 ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (contract_id, number),
    FOREIGN KEY (contract_id, account_id) REFERENCES contracts (id, account_id),
    CONSTRAINT contract_versions_number CHECK (number > 0),
    CONSTRAINT contract_versions_days CHECK (valid_from <= valid_to),
    CONSTRAINT contract_versions_signature CHECK (num_nonnulls(signed_on, signatory, document_sha256) IN (0, 3))
);
CREATE UNIQUE INDEX contract_versions_one_draft_ix ON contract_versions (contract_id) WHERE signed_on IS NULL;

CREATE TABLE purchases (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    invoiced_on date NOT NULL,
    currency text NOT NULL,
    net_amount numeric(18, 2) NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX purchases_account_id_invoiced_on_ix ON purchases (account_id, invoiced_on);

CREATE TABLE accrued_fees (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    fee_kind text NOT NULL,
    cycle_start date NOT NULL,
    currency text NOT NULL,
    amount_excl_tax numeric(18, 2) NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX accrued_fees_account_id_cycle_start_ix ON accrued_fees (account_id, cycle_start);

CREATE TABLE settled_fees (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    fee_kind text NOT NULL,
    settled_on date NOT NULL,
    currency text NOT NULL,
    amount_excl_tax numeric(18, 2) NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX settled_fees_account_id_settled_on_ix ON settled_fees (account_id, settled_on);
"""

SIGNED_STAYS = (
    """
    CREATE FUNCTION refuse_signed_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'version % of contract % is signed and never changes', OLD.number, OLD.contract_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'contract_versions_signed_stays';
    END $$
    """,
    """
    CREATE TRIGGER signed_stays BEFORE UPDATE OR DELETE ON contract_versions
    FOR EACH ROW WHEN (OLD.signed_on IS NOT NULL) EXECUTE FUNCTION refuse_signed_change()
    """,
)
OF_AN_ACCOUNT = ("settlement_entities", "contracts", "contract_versions", "purchases", "accrued_fees", "settled_fees")


def upgrade() -> None:
    platform_tables_v1(op)
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for statement in SIGNED_STAYS:
        op.execute(statement)
    accounts_policy(op)
    for table in OF_AN_ACCOUNT:
        account_policy(op, table)


def downgrade() -> None:
    for table in (*reversed(OF_AN_ACCOUNT), "products"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_signed_change()")
    drop_platform_tables_v1(op)
    op.execute("DROP TABLE accounts")
