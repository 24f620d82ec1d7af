"""Optional OpenTelemetry traces: each message has one, from its delivery to the card.

The ids of a message's trace and of its root span follow from the message's key, so whoever continues the message,
also after a restart, adds to the same trace. OpenTelemetry is loaded by ``start`` only; without it, spans cost
nothing. A span has no text and no person in it.
"""

import hashlib
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from commands.model.messages import Message

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")
Method = Callable[Concatenate[S, Message, P], Coroutine[Any, Any, T]]
Attributes = str | int | bool
EXPORT_SECONDS = 3  # then a collector that does not answer holds up neither spans nor a stop
_NOTHING: AbstractContextManager[Any] = nullcontext()
_provider: "TracerProvider | None" = None
_root_ids: ContextVar[tuple[int, int] | None] = ContextVar("root_ids", default=None)


class TracesUnavailable(Exception):
    """OpenTelemetry is not installed."""


def start(endpoint: str) -> None:
    """``endpoint`` is a collector that takes OTLP over HTTP: ``http://localhost:4318``. Raises
    ``TracesUnavailable``.

    OpenTelemetry reads what else it needs from its own variables, such as ``OTEL_EXPORTER_OTLP_HEADERS``.
    """
    global _provider  # it belongs to the process, like the registry of the metrics
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ImportError as error:
        raise TracesUnavailable('needs OpenTelemetry: pip install "liaison[traces]"') from error

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            ids = _root_ids.get()
            return ids[0] if ids else super().generate_trace_id()

        def generate_span_id(self) -> int:
            ids = _root_ids.get()
            return ids[1] if ids else super().generate_span_id()

    _provider = TracerProvider(id_generator=Ids(), resource=Resource.create({"service.name": "liaison"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
    _provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))


def stop() -> None:
    """Sends what has not been sent. Blocks for some seconds if the collector does not answer."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


def of_message(key: str) -> AbstractContextManager[Any]:
    """Spans inside belong to the trace of this message."""
    if _provider is None:
        return _NOTHING
    from opentelemetry import trace

    trace_id, span_id = _ids_of(key)
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    root = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
    return trace.use_span(trace.NonRecordingSpan(root))


def span(name: str, **attributes: Attributes) -> AbstractContextManager[Any]:
    """Only within a trace: what nobody asked for has none."""
    if _provider is None or not _is_in_trace():
        return _NOTHING
    return _tracer(_provider).start_as_current_span(name, attributes=attributes)


def traced(name: str) -> Callable[[Method[S, P, T]], Method[S, P, T]]:
    """For a method whose first parameter is the message: a span in its trace."""

    def decorate(method: Method[S, P, T]) -> Method[S, P, T]:
        async def in_span(self: S, message: Message, *args: P.args, **kwargs: P.kwargs) -> T:
            with of_message(message.key), span(name):
                return await method(self, message, *args, **kwargs)

        @wraps(method)
        def call(self: S, message: Message, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
            run = method if _provider is None else in_span
            return run(self, message, *args, **kwargs)

        return cast(Method[S, P, T], call)

    return decorate


def current() -> "Context | None":
    """For what continues later, in another task: see ``continued``."""
    if _provider is None or not _is_in_trace():
        return None
    from opentelemetry import context

    return context.get_current()


def continued(earlier: "Context | None", name: str, **attributes: Attributes) -> AbstractContextManager[Any]:
    """A span below the one that was ``current``."""
    if _provider is None or earlier is None:
        return _NOTHING
    return _tracer(_provider).start_as_current_span(name, context=earlier, attributes=attributes)


def end_message(key: str, started_at: datetime, **attributes: Attributes) -> None:
    """The root span: everything is visible now."""
    if _provider is None:
        return
    from opentelemetry.context import Context

    token = _root_ids.set(_ids_of(key))
    try:
        started = int(started_at.timestamp() * 1e9)
        _tracer(_provider).start_span("message", Context(), attributes=attributes, start_time=started).end()
    finally:
        _root_ids.reset(token)


def add_request(platform: str, write: bool, seconds: float, status: int | None) -> None:
    """A request to a platform that has just ended. ``status`` is None if there was no answer."""
    if _provider is None or not _is_in_trace():
        return
    attributes: dict[str, Attributes] = {"platform": platform, "write": write}
    if status is not None:
        attributes["http.response.status_code"] = status
    started = time.time_ns() - int(seconds * 1e9)
    _tracer(_provider).start_span("platform request", attributes=attributes, start_time=started).end()


def _tracer(provider: "TracerProvider") -> "Tracer":
    return provider.get_tracer("liaison")


def _is_in_trace() -> bool:
    from opentelemetry import trace

    return trace.get_current_span().get_span_context().is_valid


def _ids_of(key: str) -> tuple[int, int]:
    """Of the trace of a message, and of its root span."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])
