"""The JSON of the skeleton's example API, and what it is mapped to."""

from datetime import datetime

from pydantic import BaseModel

from adapters.models import Comment, Person, Run, Runbook, RunbookKey, RunKey, RunState, Stage, Task, TaskState
from adapters.testing.skeleton.text import SIGNER


class WireTask(BaseModel):
    id: str = ""
    title: str
    stage: str
    state: str = "open"
    assignee: str = ""
    description: str = ""

    def mapped(self, number: int = 0) -> Task:
        """``number`` is the id of a runbook's task, which has none of its own."""
        return Task(
            id=self.id or str(number),
            title=self.title,
            stage=self.stage or None,
            state=TaskState.DONE if self.state == "done" else TaskState.READY,
            assignees=(Person(name=self.assignee),) if self.assignee else (),
        )


class WireRunbook(BaseModel):
    id: str
    title: str
    tasks: list[WireTask]

    def mapped(self, platform: str) -> Runbook:
        tasks = tuple(task.mapped(number) for number, task in enumerate(self.tasks, start=1))
        return Runbook(key=RunbookKey(platform=platform, id=self.id), title=self.title, tasks=tasks)


class WireRun(BaseModel):
    id: str
    title: str
    description: str
    state: str
    tasks: list[WireTask]

    def task(self, id: str) -> WireTask | None:
        return next((task for task in self.tasks if task.id == id), None)

    def mapped(self, platform: str, read_at: datetime | None = None) -> Run:
        stages = dict.fromkeys(task.stage for task in self.tasks if task.stage)
        return Run(
            key=RunKey(platform=platform, id=self.id),
            title=self.title,
            state=RunState.ACTIVE if self.state == "open" else RunState.FINISHED,
            stages=tuple(Stage(id=stage, title=stage) for stage in stages),
            tasks=tuple(task.mapped() for task in self.tasks),
            read_at=read_at,
        )


class WireComment(BaseModel):
    id: str
    text: str
    task: str

    def mapped(self) -> Comment:
        signed = SIGNER.read(self.text)
        return Comment(id=self.id, text=signed.text, by=signed.by, task=self.task or None)


class WireRunbooks(BaseModel):
    items: list[WireRunbook]


class WireRuns(BaseModel):
    items: list[WireRun]


class WireComments(BaseModel):
    items: list[WireComment]
