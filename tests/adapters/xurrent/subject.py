"""Xurrent in the contract suite, on the new API. The old one is tested in ``test_itrp.py``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from adapters.http.client import HttpClients
from adapters.models import Run
from adapters.writes import Op
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.settings import XurrentSettings
from tests.adapters.connections import platform_settings, resources, running
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.helpers import add_approval
from tests.contract.subject import Errors, Subject

_TASK = ("PATCH", r"/v1/tasks/\d+$")
_APPROVAL = ("PATCH", r"/v1/tasks/\d+/approvals/\d+$")
_NOTE = ("POST", r"/v1/(workflows|tasks)/\d+/notes$")
PATHS = {
    Op.START: ("POST", r"/v1/workflows$"),
    Op.FINISH: _TASK,
    Op.BEGIN: _TASK,
    Op.SKIP: _TASK,
    Op.HOLD: _TASK,
    Op.ASSIGN: _TASK,
    Op.APPROVE: _APPROVAL,
    Op.REJECT: _APPROVAL,
    Op.ACTION: _TASK,
    Op.ADD: ("POST", r"/v1/(workflows|changes)/\d+/tasks$"),
    Op.STATUS: _NOTE,
    Op.COMMENT: _NOTE,
}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_ERRORS = Errors(
    {
        "credentials": (401, '{"message":"Unauthorized"}', _JSON),
        "not_found": (404, '{"message":"Not Found"}', _JSON),
        "rejected": (
            422,
            '{"message":"Validation Failed","errors":[["subject","Subject can\'t be blank"]]}',
            _JSON,
        ),
        "rate_limited": (429, '{"message":"Too Many Requests"}', {**_JSON, "Retry-After": "1"}),
        "unknown": (500, '{"message":"Internal Server Error"}', _JSON),
    }
)


@dataclass
class XurrentSubject:
    adapter: XurrentAdapter
    fake: XurrentFake
    errors: Errors = _ERRORS

    async def a_run(self) -> Run:
        account = self.fake.account
        run = account.start(self.fake.template, f"R{len(account.runs) + 1} Primary down")
        account.create(run)
        return await self.adapter.read(str(run.id))

    async def a_run_to_approve(self) -> Run:
        run = await self.a_run()
        add_approval(self.fake, self.fake.account.runs[int(run.key.id)], 58, 61, required=2)
        return await self.adapter.read(run.key.id)

    def effects(self, op: Op) -> int:
        name = {Op.STATUS: "comment", Op.ACTION: "accepted"}.get(op, op.value)
        return sum(effect == name for effect, _ in self.fake.account.effects)

    def write_paths(self, op: Op) -> tuple[str, str]:
        return PATHS[op]

    def page_forever(self, next_url: str | None = None) -> None:
        self.fake.endless_lists, self.fake.next_url = True, next_url


@asynccontextmanager
async def make(timeout: float = 10.0) -> AsyncIterator[Subject]:
    fake = XurrentFake()
    fake.personal_tokens = {"anas-own": 58}
    async with running(fake, timeout) as http:
        yield XurrentSubject(connected(fake, http, tokens={"U0ANA": "anas-own"}), fake)


def connected(fake: XurrentFake, http: HttpClients, **settings: Any) -> XurrentAdapter:
    """An adapter connected to the fake, with its settings and these."""
    return XurrentAdapter(
        "xurrent", XurrentSettings.model_validate(platform_settings(fake, **settings)), resources(http)
    )
