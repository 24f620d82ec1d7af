"""All tables. JSON columns hold the dump of the model named in their comment.

They are only used to make and migrate the database: queries are written in SQL (``bot.storage.sql``). Times are
ISO 8601 text, so that SQLite and PostgreSQL return exactly what was stored.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()

OLDEST_COMPATIBLE = "0009"
"""The oldest revision whose code works on these tables. Replicas of the release before run beside this one during
an upgrade, so a migration only adds, with defaults; the release after may remove, and then raises this."""


def _text(length: int) -> TypeEngine[str]:
    """SQLite ignores the length; PostgreSQL would refuse what is longer."""
    return String(length).with_variant(Text(), "postgresql")


UtcDateTime = _text(32)
"""An aware time in UTC with microseconds, so that the text sorts by time."""

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", _text(255), nullable=False, unique=True),
    Column("message", Text, nullable=False),  # Message
    Column("answer", LargeBinary, nullable=False),
    Column("intent", Text),  # as parsed, before its run was resolved: a choice completes it
    Column("route", Text),  # Route
    Column("queue_order", Integer),  # the order in which messages entered their run queues
    Column("state", _text(8), nullable=False),  # new, placed, done, again
    Column("result", _text(8)),  # done, failed, question
    Column("stopped", Boolean, nullable=False, default=False),
    Column("at", UtcDateTime, nullable=False),
    Column("requested_at", UtcDateTime),  # when a person's decision reopened it
    Index("inbox_state", "state"),
    Index("inbox_queue_order", "queue_order"),
)

runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("platform", _text(64), nullable=False),
    Column("platform_id", _text(255)),  # null while only reserved
    Column("runbook_id", _text(255), nullable=False, default=""),
    Column("runbook_title", Text),  # in lower case
    Column("start_key", _text(255), unique=True),
    Column("started", Boolean, nullable=False),
    Column("over", Boolean, nullable=False),
    Column("snapshot", Text, nullable=False),  # Run
    Column("handles", Text, nullable=False),  # {task id: "T3"}
    Column("overlay", Text, nullable=False),  # RunOverlay
    Column("at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),  # counts the changes of the row
    UniqueConstraint("platform", "platform_id"),
    Index("runs_over", "over", "number"),
    Index("runs_runbook", "runbook_title", "number"),
    sqlite_autoincrement=True,  # handles are never reused, not even the last one
)

bindings = Table(
    "bindings",
    metadata,
    Column("place", _text(255), primary_key=True),
    Column("thread", _text(255), primary_key=True),  # empty for the channel itself
    Column("run", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("bindings_run", "run"),
)

last_used = Table(
    "last_used",
    metadata,
    Column("actor", _text(255), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

effects = Table(
    "effects",
    metadata,
    Column("key", _text(255), primary_key=True),
    Column("step", _text(255), primary_key=True),
    Column("run", Integer),
    Column("platform", _text(64), nullable=False),
    Column("kind", _text(32), nullable=False),  # the stored name of the class of ``write``
    Column("write", Text, nullable=False),
    Column("marker", Text, nullable=False),  # WriteMarker
    Column("baseline", Text, nullable=False),  # Baseline
    Column("state", _text(8), nullable=False),  # sent, unsent, unknown, done, refused
    Column("outcome", Text),  # done: WriteResult; refused: {error, key, said, facts, …}
    Column("sends", Integer, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("owner", _text(64)),  # the replica whose request may be under way
    Column("in_flight_until", UtcDateTime),
    Index("effects_state", "state"),
    Index("effects_run", "run", "sent_at"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", _text(255), nullable=False),
    Column("step", _text(255), nullable=False),
    Column("code", _text(16), nullable=False),
    Column("op", _text(16), nullable=False),
    Column("run", Integer, nullable=False),
    Column("task", _text(255), nullable=False),
    Column("by", _text(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("answer", Text, nullable=False),
    UniqueConstraint("key", "step"),
    Index("ledger_run", "run", "task"),
)

live_cards = Table(
    "live_cards",
    metadata,
    Column("nonce", _text(40), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("place", Text, nullable=False),  # Place
    Column("place_key", _text(255), nullable=False),
    Column("post", _text(255), nullable=False, default=""),  # empty while it is being posted
    Column("shown", _text(64), nullable=False, default=""),  # hash of the card as drawn
    Column("edited_at", UtcDateTime),
    Column("old_post", _text(255), nullable=False, server_default=""),  # becomes a pointer to ``post``
    Column("deletions", Integer, nullable=False, server_default="0"),  # how often others deleted the card
    Column("drawn_at", UtcDateTime),
    Column("number", Integer),  # among the cards of the run; null if the release before has stored it
    Column("due_version", Integer),  # version of the run that it may not show yet; null: it shows the newest
    UniqueConstraint("run", "place_key"),
    Index("live_cards_due", "due_version"),
    Index("live_cards_drawn", "drawn_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", _text(512), nullable=False, unique=True),
    Column("kind", _text(16), nullable=False),
    Column("place", Text, nullable=False),  # Place
    Column("subject", _text(255), nullable=False),  # what it is about: a run, or a post
    Column("target", _text(255), nullable=False),
    Column("card", Text),  # null if it is drawn when it is sent
    Column("person", Text),  # Actor: the only reader
    Column("cause", Text),  # Message: its sender is told if the chat refuses
    Column("state", _text(8), nullable=False),  # waiting, parked, sent
    Column("reason", _text(32), nullable=False),  # why it is parked
    Column("detail", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Index("outbox_state", "state"),
)

_NOT_SHOWN = text("shown = false")

activity_lines = Table(
    "activity_lines",
    metadata,
    Column("slot", _text(512), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("nonce", _text(40), nullable=False),  # of the post that holds it
    Column("number", Integer, nullable=False),  # its position in that post
    Column("line", Text, nullable=False),
    Column("shown", Boolean, nullable=False, server_default="1"),  # whether the chat shows this line
    Index("activity_lines_nonce", "nonce"),
    Index("activity_lines_waiting", "nonce", sqlite_where=_NOT_SHOWN, postgresql_where=_NOT_SHOWN),
)

activity_posts = Table(
    "activity_posts",
    metadata,
    Column("nonce", _text(40), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("place", Text, nullable=False),  # Place, with the thread
    Column("post", _text(255), nullable=False, default=""),
    Column("at", UtcDateTime, nullable=False),
)

scheduled = Table(
    "scheduled",
    metadata,
    Column("slot", _text(255), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("message", Text, nullable=False),  # Message
)

choices = Table(
    "choices",
    metadata,
    Column("key", _text(255), primary_key=True),
    Column("message", _text(255), nullable=False),
    Column("by", Text, nullable=False),  # Actor
    Column("at", UtcDateTime, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("surface", _text(32), primary_key=True),
    Column("workspace", _text(64), primary_key=True),
    Column("id", _text(64), primary_key=True),
    Column("actor", Text, nullable=False),  # Actor
    Column("at", UtcDateTime, nullable=False),
)

news = Table(
    "news",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("run", Integer, nullable=False),
    Column("news", Text, nullable=False),  # RunNews
    Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # a number names a notification in the outbox, so it is never reused
)

preferences = Table(
    "preferences",
    metadata,
    Column("actor", _text(255), primary_key=True),
    Column("notify", _text(8), nullable=False),  # thread, dm, off; no row: Liaison decides
)

surface_state = Table(
    "surface_state",
    metadata,
    Column("name", _text(255), primary_key=True),
    Column("value", Text, nullable=False),
)

installations = Table(
    "installations",
    metadata,
    Column("workspace", _text(64), primary_key=True),  # or a Grid organisation
    Column("name", Text, nullable=False),
    Column("identity", Text, nullable=False),  # Identity
    Column("token", Text, nullable=False),  # encrypted; empty once ended
    Column("by", _text(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("ended", _text(64), nullable=False),  # why it is not installed any more
)

local_runs = Table(
    "local_runs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", _text(255), nullable=False, unique=True),
    Column("document", Text, nullable=False),
    Column("over", Boolean),  # null: not known
    Index("local_runs_over", "over"),
)

rate_limits = Table(  # of version 0.1, which may still run
    "rate_limits",
    metadata,
    Column("key", _text(64), primary_key=True),  # of an origin and a credential, hashed
    Column("state", Text, nullable=False),  # RateLimitState
)

budgets = Table(
    "budgets",
    metadata,
    Column("scope", _text(64), primary_key=True),  # an origin and a credential, hashed
    Column("window_end", UtcDateTime, primary_key=True),  # the last moment at which its calls may be made
    Column("used", Integer, nullable=False),  # or leased
    Column("background", Integer, nullable=False),  # of these, those for work that nobody waits for
    Column("blocked_until", UtcDateTime),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),  # a kind of row that replicas keep in memory
    Column("key", Text, nullable=False),
    Column("replica", Text, nullable=False),  # which made the change, and has it in memory already
    Column("at", UtcDateTime, nullable=False),
)

replicas = Table(
    "replicas",
    metadata,
    Column("id", _text(64), primary_key=True),
    Column("version", _text(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("name", _text(255), nullable=False, server_default=""),
    Column("behind", Integer, nullable=False, server_default="0"),  # changes of others that it had not read yet
)

compatibility = Table(  # one row, ``OLDEST_COMPATIBLE`` of the code that has made these tables
    "compatibility",
    metadata,
    Column("oldest", _text(32), primary_key=True),
)
