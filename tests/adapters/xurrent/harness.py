"""Xurrent in the contract suite, on the new API and on the old one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.http.client import HttpClients
from adapters.models import Comment, Run
from adapters.testing.harness import ForeignChange, Harness
from adapters.writes import Op
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.capabilities import capabilities
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.text import SIGNER
from tests.adapters.connections import platform_settings, resources
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import BOT, FakeTask
from tests.adapters.xurrent.helpers import add_approval

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
ITRP_PATHS = {**PATHS, **dict.fromkeys((Op.APPROVE, Op.REJECT, Op.STATUS, Op.COMMENT), _TASK)}


class PlatformHarness(Harness):
    shows_finishers = False  # a task has no history in the API, and its times have no fractions
    platform = PLATFORM
    paths = PATHS
    fake: XurrentFake

    @classmethod
    def new_fake(cls) -> XurrentFake:
        fake = XurrentFake()
        fake.personal_tokens = {"anas-own": 58}
        return fake

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "tokens": {"U0ANA": "anas-own"}}

    async def new_run(self) -> Run:
        account = self.fake.account
        run = account.start(self.fake.template, f"R{len(account.runs) + 1} Primary down")
        account.create(run)
        return await self.adapter.read(str(run.id))

    async def new_run_with_approval(self) -> Run:
        run = await self.new_run()
        add_approval(self.fake, self.fake.account.runs[int(run.key.id)], 58, 61, required=2)
        return await self.adapter.read(run.key.id)

    def effects(self, op: Op) -> int:
        name = {Op.STATUS: "comment", Op.ACTION: "accepted"}.get(op, op.value)
        return sum(effect == name for effect, _ in self.fake.account.effects)

    def write_request(self, op: Op) -> tuple[str, str]:
        if op is Op.END:  # the first task is cancelled last
            run = next(reversed(self.fake.account.runs.values()))
            return "PATCH", rf"/v1/tasks/{self.fake.account.tasks_of(run)[0].id}$"
        return self.paths[op]

    def insert_task(self, run: str) -> None:
        account = self.fake.account
        task = FakeTask(account.id(), int(run), "Somebody else's", "implementation", "assigned")
        account.tasks = {task.id: task, **account.tasks}

    def copy_comment(self, run: str) -> bool:
        account, notes = self.fake.account, self.fake.account.runs[int(run)].notes
        notes.append(replace(notes[-1], id=account.id(), person=60))
        return self.fake.flavour != "itrp"

    def change_there(self, run: str, task: str, change: ForeignChange) -> bool:
        account, workflow = self.fake.account, self.fake.account.runs[int(run)]
        item = account.tasks[int(task)] if task else account.tasks_of(workflow)[0]
        match change:
            case ForeignChange.FINISHED | ForeignChange.SKIPPED | ForeignChange.FAILED:
                statuses = {ForeignChange.FINISHED: "completed", ForeignChange.SKIPPED: "canceled"}
                account.set_status(item, statuses.get(change, "failed"), "Done in Xurrent")
            case ForeignChange.DELETED:
                del account.tasks[item.id]
                for other in account.tasks_of(workflow):
                    other.predecessors = [id for id in other.predecessors if id != item.id]
            case ForeignChange.HELD:
                account.set_status(item, "waiting_for", None)
            case ForeignChange.BEGUN:
                account.set_status(item, "in_progress", None)
            case ForeignChange.ASSIGNED:
                item.member = 61
            case ForeignChange.RUN_ENDED:
                for other in account.tasks_of(workflow):
                    other.status, other.finished_at = "canceled", account.now()
                workflow.status, workflow.completion_reason = "completed", "withdrawn"
        return True

    def page_forever(self, next_url: str | None = None) -> None:
        self.fake.endless_lists, self.fake.next_url = True, next_url


class ItrpHarness(PlatformHarness):
    """People are known by their full names here."""

    platform = replace(PLATFORM, kind="itrp", capabilities=capabilities("itrp"))
    paths = ITRP_PATHS
    shows_order = False

    @classmethod
    def new_fake(cls) -> XurrentFake:
        fake = XurrentFake(flavour="itrp")
        fake.personal_tokens = {"anas-own": 58}
        fake.account.lists_own_decisions = False
        for id, name in ((58, "Ana"), (60, "Ben"), (61, "Cleo")):
            fake.account.people[id].name = name
        return fake

    async def new_run(self) -> Run:
        """After one whose tasks name everybody: a person is known once a task was theirs."""
        account = self.fake.account
        if not account.runs:
            earlier = account.start(self.fake.template, "R1 Earlier")
            account.create(earlier)
            for task, person in zip(account.tasks_of(earlier), (58, 60, 61, BOT), strict=True):
                task.member, task.status = person, "completed"
            earlier.status = "completed"
        return await super().new_run()

    def unreadable_comments(self, run: str) -> Sequence[Comment]:
        notes = self.fake.account.runs[int(run)].notes
        return [Comment(id=str(note.id), text=SIGNER.read(note.text).text, task=str(note.task)) for note in notes]


HARNESSES = (PlatformHarness, ItrpHarness)


def connect_adapter(fake: XurrentFake, http: HttpClients, **settings: Any) -> XurrentAdapter:
    """An adapter connect_adapter to the fake, with its settings and these."""
    return XurrentAdapter(
        "xurrent", XurrentSettings.model_validate(platform_settings(fake, **settings)), resources(http)
    )
