"""Tasks of one account in order of their dates: a page of them reads as many rows as it shows."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX tasks_account_id_ends_on_id_ix ON tasks (account_id, ends_on, id)")


def downgrade() -> None:
    op.execute("DROP INDEX tasks_account_id_ends_on_id_ix")
