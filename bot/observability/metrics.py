"""The metrics behind ``GET /metrics``. Labels are few and fixed: never a person's name, id or text.

The registry lives as long as the process, as Prometheus expects of counters.
"""

import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
disable_created_metrics()  # type: ignore[no-untyped-call]
_registry = CollectorRegistry()
ProcessCollector(registry=_registry)  # process_*, on Linux
_build = Info("liaison_build", "The version of Liaison, and of Python", registry=_registry)
_build.info({"version": version("liaison"), "python": platform.python_version()})
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
_queue_oldest = Gauge(
    "liaison_queue_oldest_seconds",
    "How long ago the oldest message that is not finished was sent; 0 if all are finished",
    registry=_registry,
)
_unknown_effects = Gauge(
    "liaison_unknown_effects",
    "Writes that were sent and whose outcome is not known yet",
    ["platform"],
    registry=_registry,
)
_active_runs = Gauge("liaison_active_runs", "Runs that are not over", ["platform"], registry=_registry)
_platform_seconds = Histogram(
    "liaison_platform_request_seconds",
    "Time until a platform answered a request, or until we gave up; without the wait for its rate limit",
    ["platform", "kind"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    registry=_registry,
)
_platform_responses = Counter(
    "liaison_platform_responses",
    "Requests to platforms, by the status of the answer (2xx, 3xx, 4xx, 429, 5xx, none)",
    ["platform", "status"],
    registry=_registry,
)
_outbox_depth = Gauge(
    "liaison_outbox_depth",
    "What a chat has not taken yet: it waits, or was refused",
    ["surface", "state"],
    registry=_registry,
)
_chat_rate_limits = Counter(
    "liaison_chat_rate_limits", "How often a chat answered 429 to a delivery", ["surface"], registry=_registry
)
_sockets = Gauge(
    "liaison_sockets_connected", "Websockets to the chat that are connected", ["surface"], registry=_registry
)
_ready = Gauge(
    "liaison_ready", "Whether the part works (1) or fails (0), as in /readyz", ["part"], registry=_registry
)
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


@lru_cache(maxsize=4096)  # each command asks for several
def _counter(metric: Counter, *labels: str) -> Counter:
    return metric.labels(*labels)


@lru_cache(maxsize=4096)
def _histogram(metric: Histogram, *labels: str) -> Histogram:
    return metric.labels(*labels)


def count_message(surface: str, result: str) -> None:
    _counter(_messages, surface, result).inc()


def count_effect(platform: str, op: str, outcome: str) -> None:
    _counter(_effects, platform, op, outcome).inc()


def count_refused_delivery(surface: str, reason: str) -> None:
    _counter(_refused_deliveries, surface, reason).inc()


def observe_ack(surface: str, seconds: float) -> None:
    _histogram(_ack_seconds, surface).observe(seconds)


def observe_processing(surface: str, seconds: float) -> None:
    _histogram(_processing_seconds, surface).observe(seconds)


def set_queue_depth(messages: int) -> None:
    _queue_depth.set(messages)


def set_unreadable_rows(table: str, rows: int) -> None:
    _unreadable_rows.labels(table).set(rows)


def set_queue_oldest(seconds: float) -> None:
    _queue_oldest.set(seconds)


def set_unknown_effects(count: Mapping[str, int]) -> None:
    """By platform."""
    _replace(_unknown_effects, [([name], value) for name, value in count.items()])


def set_active_runs(count: Mapping[str, int]) -> None:
    """By platform."""
    _replace(_active_runs, [([name], value) for name, value in count.items()])


def observe_platform_request(name: str, write: bool, seconds: float, status: int | None) -> None:
    """``status`` is None if there was no answer."""
    _histogram(_platform_seconds, name, "write" if write else "read").observe(seconds)
    status_class = "none" if status is None else "429" if status == 429 else f"{status // 100}xx"
    _counter(_platform_responses, name, status_class).inc()


def set_outbox_depth(count: Mapping[tuple[str, str], int]) -> None:
    """By chat and state ("waiting" or "refused")."""
    _replace(_outbox_depth, count.items())


def count_chat_rate_limit(surface: str) -> None:
    _counter(_chat_rate_limits, surface).inc()


def set_sockets(surface: str, connected: int) -> None:
    _sockets.labels(surface).set(connected)


def set_ready(parts: Mapping[str, bool]) -> None:
    _replace(_ready, [([part], is_ready) for part, is_ready in parts.items()])


def set_last_received(surface: str, timestamp: float) -> None:
    _last_received.labels(surface).set(timestamp)


def _replace(gauge: Gauge, values: Iterable[tuple[Sequence[str], float]]) -> None:
    gauge.clear()
    for labels, value in values:
        gauge.labels(*labels).set(value)


def exposition() -> bytes:
    """All metrics in the Prometheus text format."""
    return generate_latest(_registry)
