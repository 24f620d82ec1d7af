"""Example in Liaison's contract suite."""

from adapters.models import Run
from adapters.testing.harness import ForeignChange, Harness
from adapters.testing.skeleton import PLATFORM
from adapters.testing.skeleton.fake import ExampleFake
from adapters.writes import Op

_COMMENT = ("POST", r"/comments$")
_TASK = ("PATCH", r"/tasks/\d+$")
_REQUESTS = {
    Op.START: ("POST", r"/runs$"),
    Op.FINISH: _TASK,
    Op.REOPEN: _TASK,
    Op.ASSIGN: _TASK,
    Op.ADD: ("POST", r"/tasks$"),
    Op.END: ("PATCH", r"/runs/\d+$"),
}


class PlatformHarness(Harness):
    platform = PLATFORM
    fake: ExampleFake
    shows_finishers = False  # Example names nobody; delete this if your platform tells who finished a task

    @classmethod
    def new_fake(cls) -> ExampleFake:
        return ExampleFake()

    async def new_run(self) -> Run:
        account = self.fake.account
        run = account.new_run(f"R{len(account.runs) + 1} Primary down")
        return await self.adapter.read(run["id"])

    def effects(self, op: Op) -> int:
        """Whatever is a comment there is counted as one."""
        if op in (Op.BEGIN, Op.HOLD, Op.STATUS, Op.COMMENT):
            return len(self.fake.account.comments)
        return self.fake.account.effects[op.value]

    def write_request(self, op: Op) -> tuple[str, str]:
        return _REQUESTS.get(op, _COMMENT)

    def insert_task(self, run: str) -> None:
        account = self.fake.account
        account.runs[run]["tasks"].insert(0, account.new_task("Somebody else's", "Triage"))

    def change_there(self, run: str, task: str, change: ForeignChange) -> bool:
        """TODO 22: make your fake do each of these that your platform has, as if somebody else had."""
        found = self.fake.account.runs[run]
        tasks = found["tasks"]
        item = next((item for item in tasks if item["id"] == task), tasks[0])
        match change:
            case ForeignChange.FINISHED:
                item["state"] = "done"
            case ForeignChange.DELETED:
                tasks.remove(item)
            case ForeignChange.ASSIGNED:
                item["assignee"] = "Cleo"
            case ForeignChange.RUN_ENDED:
                found["state"] = "closed"
            case _:
                return False
        return True
