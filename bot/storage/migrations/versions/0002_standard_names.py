"""Standard names for tables and columns (docs/decisions/0001-names.md). The contents are not changed."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = {
    "touched": "last_used",
    "traces": "activity_lines",
    "trace_posts": "activity_posts",
    "laters": "scheduled",
    "notes": "surface_state",
    "cards": "live_cards",
}
COLUMNS = (
    ("inbox", "ticket", "route"),
    ("inbox", "joined", "queue_order"),
    ("runs", "kept", "overlay"),
    ("effects", "mark", "marker"),
    ("effects", "known", "baseline"),
    ("scheduled", "when", "due_at"),
)


def upgrade() -> None:
    op.drop_index("traces_nonce", table_name="traces")
    for old, new in TABLES.items():
        op.rename_table(old, new)
    op.create_index("activity_lines_nonce", "activity_lines", ["nonce"])
    for table, old, new in COLUMNS:
        op.execute(f'ALTER TABLE {table} RENAME COLUMN "{old}" TO "{new}"')
