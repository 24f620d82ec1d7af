"""The Example adapter: what it reads. Its writes are in ``writes``."""

from collections.abc import Sequence

from adapters.models import Comment, Listing, Run, Runbook, RunSummary
from adapters.protocol import CheckResult, Resources
from adapters.testing.skeleton.capabilities import CAPABILITIES
from adapters.testing.skeleton.settings import ExampleSettings
from adapters.testing.skeleton.writes import Comments, Writes
from adapters.toolkit.base import PlatformAdapter
from adapters.writes import EndRun, FinishTask, Write


class ExampleAdapter(PlatformAdapter):
    def __init__(self, name: str, settings: ExampleSettings, resources: Resources) -> None:
        token = settings.token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._client = resources.http.client(name, settings.url, credential=token, headers=headers)
        self._now = resources.now
        writes = Writes(self._client)
        comments = Comments(self._client, writes)
        super().__init__(name, CAPABILITIES, comments, writes, http=self._client)

    async def runbooks(self, query: str) -> Listing[Runbook]:
        raise NotImplementedError("TODO 3: list the runbooks that can be started")

    async def runbook(self, id: str) -> Runbook:
        raise NotImplementedError("TODO 4: read one runbook with its tasks")

    async def runs(self, query: str) -> Listing[RunSummary]:
        raise NotImplementedError("TODO 5: list the runs that are not over, newest first")

    async def read(self, id: str) -> Run:
        raise NotImplementedError("TODO 6: read one run with its tasks, and set read_at")

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        raise NotImplementedError("TODO 7: read the last comments, and take their signatures off")

    async def check(self) -> Sequence[CheckResult]:
        raise NotImplementedError("TODO 8: do the cheapest read, and explain its errors")

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """A note is a step of its own. TODO 9: change this if your platform takes other requests."""
        match write:
            case FinishTask(note=text) | EndRun(text=text) if text.strip():
                return [write, write.as_part("note")]
        return [write]
