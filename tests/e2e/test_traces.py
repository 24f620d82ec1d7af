"""``[bot] traces``: a collector gets one tree of spans for each command, from its delivery to the card."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.e2e.conftest import Environments, Scene, on_one_chat
from tests.e2e.process import until


class Collector:
    def __init__(self) -> None:
        self.spans: list[Span] = []

    async def receive(self, request: web.Request) -> web.Response:
        export = ExportTraceServiceRequest.FromString(await request.read())
        self.spans += [
            span for resource in export.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]
        return web.Response()

    def traces(self) -> Sequence[Sequence[Span]]:
        """Whose root has come."""
        ids = [span.trace_id for span in self.spans if span.name == "message"]
        return [[span for span in self.spans if span.trace_id == id] for id in ids]


@pytest_asyncio.fixture(loop_scope="session")
async def collector() -> AsyncIterator[tuple[Collector, str]]:
    collector, app = Collector(), web.Application()
    app.router.add_post("/v1/traces", collector.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await (site := web.TCPSite(runner, "127.0.0.1", 0)).start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield collector, f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, collector: tuple[Collector, str]
) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        environments = Environments(stack, tmp_path_factory.mktemp, bot={"traces": collector[1]})
        environment = await environments.get(request.param)
        yield Scene(environment, environment.chat.create_room())


@on_one_chat
async def test_a_command_is_one_tree_from_its_delivery_to_the_card(
    scene: Scene, collector: tuple[Collector, str]
) -> None:
    await scene.start_run()
    await scene.room.command("begin T1")
    await scene.wait_for_effects("begin")
    await scene.room.command("comment T1: restarted by hand")
    await scene.wait_for_effects("comment")
    await until(lambda: len(collector[0].traces()) >= 3)

    def whole() -> Sequence[Span]:
        spans = collector[0].traces()[1]
        return spans if {"record", "send card", "platform request"} <= {span.name for span in spans} else ()

    spans = await until(whole)
    ids, root = {span.span_id for span in spans}, next(span for span in spans if span.name == "message")
    assert not root.parent_span_id
    assert all(span.parent_span_id in ids for span in spans if span is not root)
    assert {"record", "route", "execute", "deliver", "send lines"} <= {span.name for span in spans}
    written = [attribute.value.string_value for span in spans for attribute in span.attributes]
    assert not any("restarted" in value or "ana" in value for value in written)
