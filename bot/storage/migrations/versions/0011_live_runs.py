"""What is read at start, and on request, is found without reading the history."""

import json
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


_SNAPSHOTS = "select number as id, snapshot as text from runs where number > :last order by number limit 500"
_SET_TITLE = "update runs set runbook_title = :value where number = :id"
_DOCUMENTS = "select seq as id, document as text from local_runs where seq > :last order by seq limit 500"
_SET_OVER = "update local_runs set over = :value where seq = :id"


def upgrade() -> None:
    op.add_column("runs", sa.Column("runbook_title", sa.Text()))
    op.create_index("runs_over", "runs", ["over", "number"])
    op.create_index("runs_runbook", "runs", ["runbook_title", "number"])
    op.create_index("bindings_run", "bindings", ["run"])
    op.create_index("inbox_queue_order", "inbox", ["queue_order"])
    op.add_column("live_cards", sa.Column("drawn_at", sa.String(32)))
    op.add_column("live_cards", sa.Column("due_version", sa.Integer()))
    op.create_index("live_cards_due", "live_cards", ["due_version"])
    op.create_index("live_cards_drawn", "live_cards", ["drawn_at"])
    op.create_index(
        "activity_lines_waiting",
        "activity_lines",
        ["nonce"],
        sqlite_where=sa.text("shown = false"),
        postgresql_where=sa.text("shown = false"),
    )
    op.add_column("local_runs", sa.Column("over", sa.Boolean()))
    op.create_index("local_runs_over", "local_runs", ["over"])
    op.execute("update live_cards set drawn_at = edited_at")
    op.execute("update live_cards set due_version = 0 where post = ''")
    _fill(_SNAPSHOTS, _SET_TITLE, _title)
    _fill(_DOCUMENTS, _SET_OVER, _is_over)


def _fill(select: str, update: str, value: Callable[[str], object]) -> None:
    """Not in SQL, which does not lower every letter. A row that cannot be read has no value."""
    connection, last = op.get_bind(), 0
    while rows := connection.execute(sa.text(select), {"last": last}).all():
        connection.execute(sa.text(update), [{"id": row.id, "value": value(row.text)} for row in rows])
        last = rows[-1].id


def _is_over(document: str) -> bool | None:
    try:
        return json.loads(document).get("state") in ("finished", "cancelled")
    except (ValueError, AttributeError, RecursionError):
        return None


def _title(snapshot: str) -> str | None:
    try:
        return str(json.loads(snapshot).get("runbook") or "").casefold()
    except (ValueError, AttributeError, RecursionError):
        return None
