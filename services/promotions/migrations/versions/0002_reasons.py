"""Why a promotion was sent back or given up."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE promotions ADD COLUMN rejection_reason text, ADD COLUMN cancellation_reason text")


def downgrade() -> None:
    op.execute("ALTER TABLE promotions DROP COLUMN cancellation_reason, DROP COLUMN rejection_reason")
