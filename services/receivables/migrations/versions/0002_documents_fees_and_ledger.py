"""Documents, accruals, deductions, settlements, the journal and the ERP feed."""

from alembic import op

from shared.platform.migrations import account_policy, append_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOCUMENTS = """
CREATE TABLE invoices (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    number text NOT NULL,
    invoiced_on date NOT NULL,
    due_on date NOT NULL,
    currency text NOT NULL,
    net_amount numeric(18,2) NOT NULL CHECK (net_amount >= 0),
    tax_amount numeric(18,2) NOT NULL CHECK (tax_amount >= 0),
    gross_amount numeric(18,2) NOT NULL,
    paid_amount numeric(18,2) NOT NULL DEFAULT 0 CHECK (paid_amount >= 0),
    open_amount numeric(18,2) GENERATED ALWAYS AS (gross_amount - paid_amount) STORED,
    line_count integer NOT NULL CHECK (line_count > 0),
    content_hash bytea NOT NULL,
    posted_at timestamptz NOT NULL,
    CONSTRAINT invoices_number_key UNIQUE (settlement_entity_id, number),
    CONSTRAINT invoices_totals CHECK (gross_amount = net_amount + tax_amount),
    CONSTRAINT invoices_not_overpaid CHECK (paid_amount <= gross_amount)
);
CREATE INDEX invoices_account_id_ix ON invoices (account_id, invoiced_on);
CREATE INDEX invoices_open_ix ON invoices (settlement_entity_id, due_on) WHERE paid_amount < gross_amount;
CREATE TABLE invoice_lines (
    invoice_id uuid NOT NULL REFERENCES invoices,
    line_no integer NOT NULL,
    account_id uuid NOT NULL,
    store_id uuid,
    product_id uuid NOT NULL,
    quantity numeric(18,4) NOT NULL,
    unit_price numeric(18,4) NOT NULL,
    net_amount numeric(18,2) NOT NULL CHECK (net_amount >= 0),
    tax_rate numeric(12,6) NOT NULL CHECK (tax_rate >= 0),
    tax_amount numeric(18,2) NOT NULL,
    PRIMARY KEY (invoice_id, line_no)
);
CREATE TABLE goods_receipts (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    store_id uuid,
    number text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('receipt', 'return')),
    received_on date NOT NULL,
    invoice_id uuid,
    currency text NOT NULL,
    net_amount numeric(18,2) NOT NULL,
    gross_amount numeric(18,2) NOT NULL,
    line_count integer NOT NULL CHECK (line_count > 0),
    content_hash bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT goods_receipts_number_key UNIQUE (settlement_entity_id, kind, number),
    CONSTRAINT goods_receipts_sign CHECK (CASE kind WHEN 'receipt' THEN net_amount >= 0 ELSE net_amount <= 0 END)
);
CREATE INDEX goods_receipts_account_id_ix ON goods_receipts (account_id, received_on);
CREATE INDEX goods_receipts_purchases_ix ON goods_receipts (settlement_entity_id, received_on)
    INCLUDE (currency, net_amount, gross_amount);
CREATE TABLE goods_receipt_lines (
    goods_receipt_id uuid NOT NULL REFERENCES goods_receipts,
    line_no integer NOT NULL,
    account_id uuid NOT NULL,
    product_id uuid NOT NULL,
    quantity numeric(18,4) NOT NULL,
    unit_price numeric(18,4) NOT NULL,
    net_amount numeric(18,2) NOT NULL,
    tax_rate numeric(12,6) NOT NULL CHECK (tax_rate >= 0),
    tax_amount numeric(18,2) NOT NULL,
    PRIMARY KEY (goods_receipt_id, line_no)
);
CREATE TABLE remittances (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    number text NOT NULL,
    paid_on date NOT NULL,
    currency text NOT NULL,
    amount numeric(18,2) NOT NULL CHECK (amount >= 0),
    deducted_amount numeric(18,2) NOT NULL CHECK (deducted_amount >= 0),
    settled_amount numeric(18,2) NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT remittances_number_key UNIQUE (settlement_entity_id, number),
    CONSTRAINT remittances_balance CHECK (settled_amount = amount + deducted_amount)
);
CREATE INDEX remittances_account_id_ix ON remittances (account_id, paid_on);
CREATE TABLE remittance_lines (
    remittance_id uuid NOT NULL REFERENCES remittances,
    line_no integer NOT NULL,
    account_id uuid NOT NULL,
    invoice_id uuid NOT NULL REFERENCES invoices,
    paid_on date NOT NULL,
    amount numeric(18,2) NOT NULL CHECK (amount > 0),
    PRIMARY KEY (remittance_id, line_no)
);
CREATE INDEX remittance_lines_invoice_id_ix ON remittance_lines (invoice_id);
"""

FEES = """
CREATE TABLE accruals (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    source text NOT NULL CHECK (source IN ('contract_term', 'promotion_fee')),
    contract_id uuid,
    contract_version integer,
    term_id uuid,
    term_code text,
    promotion_id uuid,
    promotion_fee_id uuid,
    agreement_number text NOT NULL,
    fee_kind text NOT NULL,
    settlement_method text NOT NULL,
    currency text NOT NULL,
    cycle_start date NOT NULL,
    cycle_end date NOT NULL,
    accrued_through date NOT NULL,
    driver text NOT NULL,
    driver_quantity numeric(28,10) NOT NULL,
    elapsed numeric(12,10) NOT NULL,
    tax_basis text NOT NULL CHECK (tax_basis IN ('incl', 'excl')),
    tax_rate numeric(12,6) NOT NULL,
    amount numeric(18,2) NOT NULL,
    amount_incl_tax numeric(18,2) NOT NULL,
    amount_excl_tax numeric(18,2) NOT NULL,
    consumed_amount numeric(18,2) NOT NULL DEFAULT 0,
    consumed_excl_tax numeric(18,2) NOT NULL DEFAULT 0,
    reclaim_amount numeric(18,2) NOT NULL DEFAULT 0 CHECK (reclaim_amount >= 0),
    open_amount numeric(18,2) GENERATED ALWAYS AS (amount_incl_tax + reclaim_amount - consumed_amount) STORED,
    claim_reference text NOT NULL,
    claim_key text NOT NULL,
    claim_key_exact text NOT NULL,
    CONSTRAINT accruals_never_over_consumed
        CHECK (consumed_amount >= 0 AND consumed_amount <= amount_incl_tax + reclaim_amount),
    CONSTRAINT accruals_source_is_named CHECK (
        CASE source WHEN 'contract_term' THEN num_nonnulls(contract_id, contract_version, term_id, term_code) = 4
        ELSE num_nonnulls(promotion_id, promotion_fee_id) = 2 END)
);
CREATE UNIQUE INDEX accruals_term_cycle_key ON accruals (contract_id, contract_version, term_id, cycle_start)
    WHERE source = 'contract_term';
CREATE UNIQUE INDEX accruals_promotion_fee_key ON accruals (promotion_fee_id) WHERE source = 'promotion_fee';
CREATE INDEX accruals_claim_key_ix ON accruals (account_id, claim_key);
CREATE INDEX accruals_claim_key_exact_ix ON accruals (account_id, claim_key_exact);
CREATE TABLE accrual_entries (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    accrual_id uuid NOT NULL REFERENCES accruals,
    account_id uuid NOT NULL,
    booked_on date NOT NULL,
    accrued_through date NOT NULL,
    driver_quantity numeric(28,10) NOT NULL,
    delta_incl_tax numeric(18,2) NOT NULL,
    delta_excl_tax numeric(18,2) NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX accrual_entries_accrual_id_ix ON accrual_entries (accrual_id);
CREATE TABLE deductions (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    remittance_id uuid NOT NULL REFERENCES remittances,
    number text NOT NULL,
    reason_code text NOT NULL,
    fee_kind text,
    claim_reference text,
    claim_key text,
    currency text NOT NULL,
    amount numeric(18,2) NOT NULL CHECK (amount > 0),
    accepted_amount numeric(18,2) NOT NULL DEFAULT 0 CHECK (accepted_amount >= 0),
    disputed_amount numeric(18,2) NOT NULL DEFAULT 0 CHECK (disputed_amount >= 0),
    recovered_amount numeric(18,2) NOT NULL DEFAULT 0 CHECK (recovered_amount >= 0),
    written_off_amount numeric(18,2) NOT NULL DEFAULT 0 CHECK (written_off_amount >= 0),
    open_amount numeric(18,2) GENERATED ALWAYS AS
        (amount - accepted_amount - disputed_amount - recovered_amount - written_off_amount) STORED,
    status text NOT NULL CHECK (status IN
        ('received', 'disputed', 'accepted', 'settled', 'recovered', 'written_off')),
    dispute_reason text,
    match_note text,
    is_documented boolean NOT NULL DEFAULT false,
    received_on date NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT deductions_number_key UNIQUE (remittance_id, number),
    CONSTRAINT deductions_parts CHECK (
        accepted_amount + disputed_amount + recovered_amount + written_off_amount <= amount)
);
CREATE INDEX deductions_account_id_ix ON deductions (account_id, received_on);
CREATE INDEX deductions_to_match_ix ON deductions (account_id, claim_key) WHERE open_amount > 0;
CREATE SEQUENCE settled_fee_numbers;
CREATE TABLE settled_fees (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    number text NOT NULL DEFAULT 'SF-' || lpad(nextval('settled_fee_numbers')::text, 8, '0') UNIQUE,
    accrual_id uuid NOT NULL REFERENCES accruals,
    deduction_id uuid REFERENCES deductions,
    remittance_id uuid REFERENCES remittances,
    fee_kind text NOT NULL,
    settlement_method text NOT NULL,
    currency text NOT NULL,
    amount numeric(18,2) NOT NULL CHECK (amount > 0),
    tax_rate numeric(12,6) NOT NULL,
    tax_amount numeric(18,2) NOT NULL,
    amount_excl_tax numeric(18,2) NOT NULL,
    settled_on date NOT NULL,
    document_kind text NOT NULL CHECK (document_kind IN ('red_invoice', 'fee_invoice', 'none')),
    document_number text,
    documented_on date,
    erp_batch integer,
    erp_position bigint,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT settled_fees_tax CHECK (amount = amount_excl_tax + tax_amount AND tax_amount >= 0)
);
CREATE INDEX settled_fees_account_id_ix ON settled_fees (account_id, settled_on);
CREATE INDEX settled_fees_accrual_id_ix ON settled_fees (accrual_id);
CREATE INDEX settled_fees_deduction_id_ix ON settled_fees (deduction_id);
CREATE INDEX settled_fees_without_batch_ix ON settled_fees (settled_on, number) WHERE erp_batch IS NULL;
"""

LEDGER = """
CREATE TABLE journal_entries (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    account_id uuid NOT NULL,
    settlement_entity_id uuid NOT NULL,
    kind text NOT NULL,
    source_id uuid NOT NULL,
    booked_on date NOT NULL,
    currency text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX journal_entries_source_id_ix ON journal_entries (source_id);
CREATE INDEX journal_entries_account_id_ix ON journal_entries (account_id, booked_on);
CREATE UNIQUE INDEX journal_entries_seq_ix ON journal_entries (seq);
CREATE TABLE journal_lines (
    entry_id uuid NOT NULL REFERENCES journal_entries,
    line_no integer NOT NULL,
    account_id uuid NOT NULL,
    ledger text NOT NULL CHECK (ledger IN ('accounts_receivable', 'cash', 'revenue', 'output_tax', 'input_tax',
        'deductions_in_suspense', 'disputed_deductions', 'accrued_fees', 'fee_expense', 'write_offs')),
    debit numeric(18,2) NOT NULL CHECK (debit >= 0),
    credit numeric(18,2) NOT NULL CHECK (credit >= 0),
    PRIMARY KEY (entry_id, line_no),
    CONSTRAINT journal_lines_one_side CHECK ((debit > 0) <> (credit > 0))
);
CREATE TABLE erp_batches (
    number integer PRIMARY KEY CHECK (number > 0),
    as_of date NOT NULL,
    line_count integer NOT NULL,
    control_total numeric(18,2) NOT NULL,
    totals jsonb NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL UNIQUE,
    closed_at timestamptz NOT NULL
);
CREATE TABLE erp_batch_lines (
    position bigint PRIMARY KEY CHECK (position > 0),
    batch_number integer NOT NULL REFERENCES erp_batches,
    settled_fee_id uuid NOT NULL UNIQUE REFERENCES settled_fees,
    account_id uuid NOT NULL,
    line json NOT NULL
);
CREATE INDEX erp_batch_lines_batch_number_ix ON erp_batch_lines (batch_number, position);
CREATE TABLE erp_acknowledgements (
    batch_number integer PRIMARY KEY REFERENCES erp_batches,
    acknowledged_by text NOT NULL,
    acknowledged_at timestamptz NOT NULL
);
"""

BALANCE = """
CREATE FUNCTION check_journal_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry uuid;
    difference numeric;
    line_count integer;
BEGIN
    IF TG_TABLE_NAME = 'journal_entries' THEN entry := NEW.id; ELSE entry := NEW.entry_id; END IF;
    SELECT sum(debit) - sum(credit), count(*) INTO difference, line_count FROM journal_lines WHERE entry_id = entry;
    IF line_count < 2 OR difference <> 0 THEN
        RAISE EXCEPTION 'journal entry % does not balance: difference %, % lines', entry, difference, line_count
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entries_balance';
    END IF;
    RETURN NULL;
END $$
"""

SCOPED = (
    "invoices", "invoice_lines", "goods_receipts", "goods_receipt_lines", "remittances", "remittance_lines", "accruals",
    "accrual_entries", "deductions", "settled_fees", "journal_entries", "journal_lines", "erp_batch_lines",
)  # fmt: skip
APPEND_ONLY = (
    "invoice_lines", "goods_receipts", "goods_receipt_lines", "remittances", "remittance_lines", "accrual_entries",
    "journal_entries", "journal_lines", "erp_batches", "erp_batch_lines", "erp_acknowledgements",
)  # fmt: skip
DROP_ORDER = (
    "erp_acknowledgements", "erp_batch_lines", "erp_batches", "journal_lines", "journal_entries", "settled_fees",
    "deductions", "accrual_entries", "accruals", "remittance_lines", "remittances", "goods_receipt_lines",
    "goods_receipts", "invoice_lines", "invoices",
)  # fmt: skip


def upgrade() -> None:
    for script in (DOCUMENTS, FEES, LEDGER):
        for statement in script.split(";\n"):
            if statement.strip():
                op.execute(statement)
    op.execute(BALANCE)
    for table in ("journal_entries", "journal_lines"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION check_journal_balance()"
        )
    for table in SCOPED:
        account_policy(op, table)
    for table in APPEND_ONLY:
        append_only(op, table)
        revoke_changes(table)


def revoke_changes(table: str) -> None:
    """Take UPDATE, DELETE and TRUNCATE from every role but the owner: the service role may only append."""
    op.execute(
        f"""
        DO $$
        DECLARE role_name text;
        BEGIN
            FOR role_name IN
                SELECT DISTINCT grantee FROM information_schema.role_table_grants
                WHERE table_schema = current_schema() AND table_name = '{table}' AND grantee <> current_user
            LOOP
                EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM %I', role_name);
            END LOOP;
        END $$
        """
    )


def downgrade() -> None:
    op.execute(f"DROP TABLE {', '.join(DROP_ORDER)}")
    op.execute("DROP SEQUENCE settled_fee_numbers")
    op.execute("DROP FUNCTION check_journal_balance()")
