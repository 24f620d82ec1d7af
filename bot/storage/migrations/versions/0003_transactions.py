"""Versions of runs, lines that the chat does not show yet, and when a person reopened a message."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("runs", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("activity_lines", sa.Column("shown", sa.Boolean(), nullable=False, server_default="1"))
    op.add_column("inbox", sa.Column("requested_at", sa.String(length=32), nullable=True))
