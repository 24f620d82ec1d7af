"""What liaison doctor shows of a replica. Older code does not use these columns."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("replicas", sa.Column("name", sa.String(255), nullable=False, server_default=""))
    op.add_column("replicas", sa.Column("behind", sa.Integer(), nullable=False, server_default="0"))
