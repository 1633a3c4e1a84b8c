"""Quantities with sixteen decimals: ten lost the half cent of a thirtieth or a twelfth."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_types("numeric(34,16)", "numeric(18,16)")


def downgrade() -> None:
    set_types("numeric(28,10)", "numeric(12,10)")


def set_types(quantity: str, share: str) -> None:
    op.execute(f"ALTER TABLE accruals ALTER driver_quantity TYPE {quantity}, ALTER elapsed TYPE {share}")
    op.execute(f"ALTER TABLE accrual_entries ALTER driver_quantity TYPE {quantity}")
