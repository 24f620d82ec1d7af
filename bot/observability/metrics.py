"""What is counted, for ``GET /metrics``. Labels are few and fixed: never a name, an id or a text of a person.

The registry lives as long as the process, as Prometheus expects of counters.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
disable_created_metrics()  # type: ignore[no-untyped-call]
_registry = CollectorRegistry()
_messages = Counter(
    "liaison_messages", "Accepted messages, by how they ended", ["surface", "result"], registry=_registry
)
_effects = Counter(
    "liaison_effects",
    "Writes to platforms, by outcome (done, refused, unknown)",
    ["platform", "op", "outcome"],
    registry=_registry,
)
_ack = Histogram(
    "liaison_ack_seconds",
    "From the arrival of a delivery to its acknowledgement (chats allow 3 s)",
    ["surface"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0),
    registry=_registry,
)
_carried = Histogram(
    "liaison_carry_seconds",
    "From the acknowledgement of a message to its last visible result",
    ["surface"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0),
    registry=_registry,
)
_depth = Gauge("liaison_queue_depth", "Accepted messages that are not carried out yet", registry=_registry)


def message(surface: str, result: str) -> None:
    """``result``: done, failed or question."""
    _messages.labels(surface, result).inc()


def effect(platform: str, op: str, outcome: str) -> None:
    """``outcome``: done, refused or unknown."""
    _effects.labels(platform, op, outcome).inc()


def acknowledged(surface: str, seconds: float) -> None:
    _ack.labels(surface).observe(seconds)


def carried(surface: str, seconds: float) -> None:
    _carried.labels(surface).observe(seconds)


def queue_depth(messages: int) -> None:
    _depth.set(messages)


def text() -> bytes:
    """All of it in Prometheus' text format."""
    return generate_latest(_registry)
