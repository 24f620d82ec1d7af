"""Answers that wait for a chat that cannot be reached."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("inbox", sa.Column("kept_answer", sa.Text(), nullable=True))
