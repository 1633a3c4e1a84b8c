"""Accounts and things."""

import sqlalchemy as sa
from alembic import op

from shared.platform.migrations import account_policy, accounts_policy, drop_platform_tables_v1, platform_tables_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables_v1(op)
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    accounts_policy(op)
    op.create_table(
        "things",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("price", sa.Numeric(18, 2), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    account_policy(op, "things")


def downgrade() -> None:
    op.drop_table("things")
    op.drop_table("accounts")
    drop_platform_tables_v1(op)
