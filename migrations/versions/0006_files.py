"""A turn whose question came with a file: none is kept, so who has it told again is told that it is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark to the turns."""
    op.add_column("turns", sa.Column("had_files", sa.Boolean(), nullable=False, server_default=sa.false()))
