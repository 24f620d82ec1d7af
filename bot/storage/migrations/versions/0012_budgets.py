"""Platforms' rate limits, shared by several processes. The table ``rate_limits`` stays for older versions."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("scope", sa.String(64), primary_key=True),
        sa.Column("window_end", sa.String(32), primary_key=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("background", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.String(32), nullable=True),
    )
