"""The cards of a run have an order: its activity lines belong to the first one."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("live_cards", sa.Column("number", sa.Integer()))
    if op.get_bind().dialect.name == "sqlite":  # PostgreSQL has no order to keep
        op.execute(_NUMBER)


_NUMBER = """
update live_cards set number = (
  select count(*) from live_cards other where other.run = live_cards.run and other.rowid <= live_cards.rowid
)"""
