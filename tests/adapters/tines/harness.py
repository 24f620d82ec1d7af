"""Tines for the contract suite."""

from datetime import UTC, datetime
from typing import Any

from adapters.http.client import HttpClients
from adapters.models import Run
from adapters.testing.harness import RUNBOOK, ForeignChange, Harness
from adapters.tines import PLATFORM
from adapters.tines import text as texts
from adapters.tines.adapter import Tines
from adapters.tines.settings import TinesSettings
from adapters.writes import Op, WriteMarker
from tests.adapters.connections import platform_settings, resources
from tests.adapters.tines.fake import TinesFake

EFFECTS = {
    Op.START: "case",
    Op.FINISH: "complete",
    Op.SKIP: "skip",
    Op.REOPEN: "incomplete",
    Op.BEGIN: "metadata",
    Op.ASSIGN: "assign",
    Op.ADD: "task",
    Op.END: "close",
    Op.ACTION: "press",
}
PATHS = {
    Op.START: ("POST", r"/api/v2/cases/?$"),
    Op.FINISH: ("PUT", r"/tasks/\d+$"),
    Op.SKIP: ("PUT", r"/tasks/\d+$"),
    Op.REOPEN: ("PUT", r"/tasks/\d+$"),
    Op.BEGIN: ("PUT", r"/metadata$"),
    Op.ASSIGN: ("PUT", r"/tasks/\d+$"),
    Op.ADD: ("POST", r"/tasks$"),
    Op.END: ("PUT", r"/api/v2/cases/\d+$"),
    Op.ACTION: ("POST", r"^/webhook/"),
}
CLEO = WriteMarker(code="7K2F", who="Cleo via Slack", at=datetime(2026, 7, 18, 14, 2, tzinfo=UTC))
COMMENT_PATH = ("POST", r"/comments$")


class PlatformHarness(Harness):
    platform = PLATFORM
    fake: TinesFake

    @classmethod
    def new_fake(cls) -> TinesFake:
        return TinesFake()

    async def new_run(self) -> Run:
        case = add_case_from_template(self.fake)
        self.fake.world.cases[case].actions = [make_button(self.fake)]
        return await self.adapter.read(str(case))

    def effects(self, op: Op) -> int:
        effect = EFFECTS.get(op, "comment")
        return sum(name == effect for name, _ in self.fake.world.effects)

    def write_request(self, op: Op) -> tuple[str, str]:
        return PATHS.get(op, COMMENT_PATH)

    def insert_task(self, run: str) -> None:
        world = self.fake.world
        world.add_task(world.cases[int(run)], "Somebody else's")

    def copy_comment(self, run: str) -> bool:
        world, case = self.fake.world, self.fake.world.cases[int(run)]
        world.comment(case, case.comments[-1].value, world.users[1].email)
        return True

    def change_there(self, run: str, task: str, change: ForeignChange) -> bool:
        world, case = self.fake.world, self.fake.world.cases[int(run)]
        item = case.tasks[int(task)] if task else next(iter(case.tasks.values()))
        match change:
            case ForeignChange.FINISHED:
                world.complete(case, item, True, world.users[2])
            case ForeignChange.SKIPPED:
                world.complete(case, item, True, world.users[2])
                item.description = f"[SKIPPED: not needed] {item.description}"
            case ForeignChange.DELETED:
                del case.tasks[item.id]
            case ForeignChange.BEGUN:
                item.completed = False
                case.metadata[texts.running_key(str(item.id))] = texts.format_running(CLEO)
                world.log(case, "METADATA_UPDATED")
            case ForeignChange.ASSIGNED:
                item.assignees = [world.users[2]]
            case ForeignChange.RUN_ENDED:
                case.status, case.resolved_at = "CLOSED", world.now()
            case _:
                return False
        if change is not ForeignChange.FINISHED:  # which is dated as in the history
            item.updated_at = world.now()
        return True


def add_case_from_template(fake: TinesFake) -> int:
    """The id of an open case with the template's tasks, as if somebody had created it in Tines."""
    world = fake.world
    case = world.add_case(f"R{len(world.cases)} {RUNBOOK}", tags=["runbook-run"])
    for task in list(fake.template.tasks.values()):
        world.add_task(case, task.description)
    return case.id


def make_button(fake: TinesFake, label: str = "Claim case") -> dict[str, Any]:
    """A case action that calls a webhook of this tenant."""
    url = f"{fake.url}/webhook/claim-case/s3cr3t"
    return {"url": url, "label": label, "action_type": "webhook", "query_params": {"assignee": "john@doe.com"}}


def connect_adapter(fake: TinesFake, http: HttpClients, **settings: Any) -> Tines:
    """The adapter as the application connects it, with the fake's settings."""
    return Tines("tines", TinesSettings.model_validate(platform_settings(fake, **settings)), resources(http))
