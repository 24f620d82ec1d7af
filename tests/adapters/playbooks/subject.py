"""Playbooks for the contract suite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.http.client import HttpClients
from adapters.models import Person, Run, RunbookKey
from adapters.playbooks import PLATFORM
from adapters.playbooks.settings import PlaybooksSettings
from adapters.protocol import Adapter
from adapters.writes import Op, StartRun, WriteMarker
from tests.adapters.connecting import resources, table
from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.fake_responses import CURRENT, RECORDED
from tests.contract.subject import RUNBOOK, Errors

PAGE = "/page dba now"  # the slash command of the second task
_JSON = {"content-type": "application/json"}
_TEXT = {"content-type": "text/plain; charset=utf-8"}
_FAULT = '{"error":"An internal error has occurred. Check app server logs for details."}'
_ITEM = r"/runs/[a-z0-9]{26}/checklists/\d+/item/\d+"
_PATHS = {
    Op.START: ("POST", r"/api/v0/runs$"),
    Op.FINISH: ("PUT", rf"{_ITEM}/state$"),
    Op.BEGIN: ("PUT", rf"{_ITEM}/assignee$"),
    Op.REOPEN: ("PUT", rf"{_ITEM}/state$"),
    Op.SKIP: ("POST", r"/api/v4/posts$"),
    Op.ASSIGN: ("PUT", rf"{_ITEM}/assignee$"),
    Op.STATUS: ("POST", r"/runs/[a-z0-9]{26}/status$"),
    Op.END: ("PUT", r"/runs/[a-z0-9]{26}/finish$"),
    Op.COMMENT: ("POST", r"/api/v4/posts$"),
    Op.HOLD: ("POST", r"/api/v4/posts$"),
    Op.ACTION: ("POST", rf"{_ITEM}/run$"),
}

_ERRORS = Errors(
    {
        "credentials": (401, "Not authorized\n", _TEXT),
        "not_found": (403, '{"error":"User doesn\'t have permissions to playbook run."}', _JSON),
        "rejected": (400, '{"error":"message must not be empty"}', _JSON),
        "rate_limited": (429, "limit exceeded", {**_TEXT, "Retry-After": "1", "X-RateLimit-Reset": "1"}),
        "unknown": (500, _FAULT, _JSON),
    }
)


def connect_adapter(fake: PlaybooksFake, http: HttpClients, **settings: Any) -> Adapter:
    return PLATFORM.connect(
        "playbooks", PlaybooksSettings.model_validate(table(fake, **settings)), resources(http)
    )


@dataclass
class PlaybooksSubject:
    adapter: Adapter
    fake: PlaybooksFake
    errors: Errors = _ERRORS
    _started: int = 0

    async def a_run(self) -> Run:
        self._started += 1
        step = StartRun(
            runbook=RunbookKey(platform=self.adapter.name, id=self.fake.playbook),
            title=f"R{self._started} {RUNBOOK}",
            handle=f"R{self._started}",
            by=Person(name="Ana Reis", email="ana@example.com", handle="ana"),
        )
        marker = WriteMarker(code=f"S7A{self._started}", who="Ana via Slack", at=datetime.now(UTC))
        result = await self.adapter.execute(step, marker)
        assert result.run is not None
        self.fake.run(result.run.id)["checklists"][0]["items"][1]["command"] = PAGE
        return await self.adapter.read(result.run.id)

    def effects(self, op: Op) -> int:
        """Counts the last request of each: the comment of a skip, and the assignment of a begin."""
        return self.fake.effects[{Op.SKIP: "skip:note", Op.BEGIN: "take"}.get(op, op.value)]

    def write_paths(self, op: Op) -> tuple[str, str]:
        if op is Op.ADD:
            method = "PUT" if self.fake.routes.generation == RECORDED else "POST"
            return method, r"/runs/[a-z0-9]{26}/checklists/\d+/add$"
        return _PATHS[op]


@asynccontextmanager
async def make(timeout: float = 10.0, generation: str = RECORDED) -> AsyncIterator[PlaybooksSubject]:
    """The adapter has read a run, so it knows the generation of the server."""
    async with PlaybooksFake(generation=generation) as fake:
        assert isinstance(fake, PlaybooksFake)
        fake.core.creates_users = True
        http = HttpClients(timeout=timeout)
        subject = PlaybooksSubject(connect_adapter(fake, http), fake)
        try:
            run = await subject.a_run()
            fake.world.runs.pop(run.key.id)
            fake.world.effects.clear()
            fake.seen.clear()
            yield subject
        finally:
            await http.close()


def make_current(timeout: float = 10.0) -> Any:
    return make(timeout, CURRENT)
