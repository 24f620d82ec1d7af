"""What people are still to be told about runs, and how each person wants to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "news",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("news", sa.Text(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("effects_run", "effects", ["run", "sent_at"])
    op.create_table(
        "preferences",
        sa.Column("actor", sa.String(255), primary_key=True),
        sa.Column("notify", sa.String(8), nullable=False),
    )
