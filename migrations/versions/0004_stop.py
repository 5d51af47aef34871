"""Stop, pressed where another process hears it: the question in the inbox carries it to whoever answers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark to the inbox."""
    op.add_column("inbox", sa.Column("is_stopped", sa.Boolean(), nullable=False, server_default=sa.false()))
