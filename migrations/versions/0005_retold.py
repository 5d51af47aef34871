"""A turn that tells a classmate's question again: it goes when that question goes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the turn that is told again."""
    op.add_column("turns", sa.Column("retells", sa.String(length=32), nullable=True))
    op.create_index("ix_turns_retells", "turns", ["retells"], unique=False)
