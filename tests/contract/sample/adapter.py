"""The Example adapter: what it reads. Its writes are in ``writes``."""

from collections.abc import Sequence

from adapters.errors import AdapterError, Rejected
from adapters.http.responses import parse_model
from adapters.models import Comment, Listing, Run, Runbook, RunSummary
from adapters.protocol import CheckResult, Resources
from adapters.testing.skeleton import PLATFORM
from adapters.testing.skeleton.capabilities import CAPABILITIES
from adapters.testing.skeleton.settings import ExampleSettings
from adapters.toolkit.base import PlatformAdapter
from adapters.toolkit.health import check_result
from adapters.writes import EndRun, FinishTask, Op, StartRun, Write
from tests.contract.sample.wire import WireComments, WireRun, WireRunbook, WireRunbooks, WireRuns
from tests.contract.sample.writes import Comments, Writes


class ExampleAdapter(PlatformAdapter):
    def __init__(self, name: str, settings: ExampleSettings, resources: Resources) -> None:
        token = settings.token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._client = resources.http.client(name, settings.url, credential=token, headers=headers)
        self._now = resources.now
        comments, writes = self.handlers()
        super().__init__(name, CAPABILITIES, comments, writes, http=self._client)

    def handlers(self) -> tuple[Comments, Writes]:
        return Comments(self._client), Writes(self._client)

    async def runbooks(self, query: str) -> Listing[Runbook]:
        body = await self._client.read("runbooks", operation=Op.RUNBOOKS)
        found = parse_model(WireRunbooks, body, self.name, Op.RUNBOOKS)
        return Listing([runbook.mapped(self.name) for runbook in found.items])

    async def runbook(self, id: str) -> Runbook:
        body = await self._client.read(f"runbooks/{id}", operation=Op.SHOW)
        return parse_model(WireRunbook, body, self.name, Op.SHOW).mapped(self.name)

    async def runs(self, query: str) -> Listing[RunSummary]:
        body = await self._client.read("runs", operation=Op.RUNS)
        found = parse_model(WireRuns, body, self.name, Op.RUNS)
        return Listing([run.mapped(self.name).summary() for run in found.items])

    async def read(self, id: str) -> Run:
        body = await self._client.read(f"runs/{id}", operation=Op.SHOW)
        return parse_model(WireRun, body, self.name, Op.SHOW).mapped(self.name, self._now())

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        params = {"task": task} if task else {}
        body = await self._client.read(f"runs/{id}/comments", operation=Op.COMMENTS, params=params)
        found = parse_model(WireComments, body, self.name, Op.COMMENTS)
        return [comment.mapped() for comment in found.items[-20:]]

    async def check(self) -> Sequence[CheckResult]:
        try:
            runbooks = await self.runbooks("")
        except AdapterError as error:
            reason = error.said or error.key
            return [check_result(PLATFORM.messages, "example.health_check.failed", name=self.name, error=reason)]
        return [check_result(PLATFORM.messages, "example.health_check.answers", runbooks=len(runbooks))]

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """A note is a step of its own."""
        match write:
            case StartRun(rehearsal=True):
                raise Rejected(self.name, write.op, said="there are no rehearsals")
            case StartRun(options=options) if options:
                raise Rejected(self.name, write.op, said="a start takes no values")
            case FinishTask(note=text) | EndRun(text=text) if text.strip():
                return [write, write.as_part("note")]
        return [write]
