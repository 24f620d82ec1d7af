"""The metrics behind ``GET /metrics``. Labels are few and fixed: never a person's name, id or text.

The registry lives as long as the process, as Prometheus expects of counters.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
disable_created_metrics()  # type: ignore[no-untyped-call]
_registry = CollectorRegistry()
_messages = Counter(
    "liaison_messages",
    "Accepted messages, by result (done, failed, question)",
    ["surface", "result"],
    registry=_registry,
)
_effects = Counter(
    "liaison_effects",
    "Writes to platforms, by outcome (done, refused, unknown)",
    ["platform", "op", "outcome"],
    registry=_registry,
)
_ack_seconds = Histogram(
    "liaison_ack_seconds",
    "Time from the arrival of a chat's request to our response (chats allow 3 s)",
    ["surface"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0),
    registry=_registry,
)
_processing_seconds = Histogram(
    "liaison_carry_seconds",
    "Time from the acknowledgement of a message until its whole answer is visible",
    ["surface"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0),
    registry=_registry,
)
_queue_depth = Gauge("liaison_queue_depth", "Accepted messages that are not finished yet", registry=_registry)

_unreadable_rows = Gauge(
    "liaison_unreadable_rows",
    "Rows of the database that cannot be read and are left out; liaison doctor names them",
    ["table"],
    registry=_registry,
)
_refused_deliveries = Counter(
    "liaison_refused_deliveries",
    "What a chat refused to take, by reason; it is sent when that is possible",
    ["surface", "reason"],
    registry=_registry,
)

_last_received = Gauge(
    "liaison_last_received_timestamp_seconds",
    "When the chat last delivered something or answered a probe (Unix time)",
    ["surface"],
    registry=_registry,
)


def count_message(surface: str, result: str) -> None:
    _messages.labels(surface, result).inc()


def count_effect(platform: str, op: str, outcome: str) -> None:
    _effects.labels(platform, op, outcome).inc()


def count_refused_delivery(surface: str, reason: str) -> None:
    _refused_deliveries.labels(surface, reason).inc()


def observe_ack(surface: str, seconds: float) -> None:
    _ack_seconds.labels(surface).observe(seconds)


def observe_processing(surface: str, seconds: float) -> None:
    _processing_seconds.labels(surface).observe(seconds)


def set_queue_depth(messages: int) -> None:
    _queue_depth.set(messages)


def set_unreadable_rows(table: str, rows: int) -> None:
    _unreadable_rows.labels(table).set(rows)


def set_last_received(surface: str, timestamp: float) -> None:
    _last_received.labels(surface).set(timestamp)


def exposition() -> bytes:
    """All metrics in the Prometheus text format."""
    return generate_latest(_registry)
