"""What several replicas on one PostgreSQL database tell each other. Nothing that older code uses is changed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_table(
        "replicas",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
    )
    op.create_table("compatibility", sa.Column("oldest", sa.String(32), primary_key=True))
    op.add_column("effects", sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("effects", sa.Column("owner", sa.String(64), nullable=True))
    op.add_column("effects", sa.Column("in_flight_until", sa.String(32), nullable=True))
