"""A settled fee never changes but for its document and its batch, and only who sees all accounts closes a batch."""

from alembic import op

from shared.platform.migrations import SEES_ALL

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GUARD = """
CREATE FUNCTION keep_settled_fee() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['document_number', 'documented_on', 'erp_batch', 'erp_position'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - may_change = to_jsonb(OLD) - may_change
        AND (OLD.erp_batch IS NULL OR (NEW.erp_batch, NEW.erp_position) = (OLD.erp_batch, OLD.erp_position)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'settled fee % is settled: it can be documented once and enter one batch', OLD.number
        USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER keep_settled_fee BEFORE UPDATE OR DELETE ON settled_fees"
        " FOR EACH ROW EXECUTE FUNCTION keep_settled_fee()"
    )
    op.execute("ALTER TABLE erp_batches ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY everybody_reads ON erp_batches FOR SELECT USING (true)")
    op.execute(f"CREATE POLICY whole_scope_closes ON erp_batches FOR INSERT WITH CHECK ({SEES_ALL})")


def downgrade() -> None:
    op.execute("DROP POLICY whole_scope_closes ON erp_batches")
    op.execute("DROP POLICY everybody_reads ON erp_batches")
    op.execute("ALTER TABLE erp_batches NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    op.execute("DROP TRIGGER keep_settled_fee ON settled_fees")
    op.execute("DROP FUNCTION keep_settled_fee()")
