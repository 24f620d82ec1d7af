"""Files and documents -> models, and a file -> the document of a new run."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from adapters.local.folder import RunbookFile
from adapters.local.wire import Document, StoredTask
from adapters.models import Comment, Person, Run, Runbook, RunbookKey, RunKey, RunSummary, Stage, Task, TaskState
from adapters.writes import StartRun, Write, WriteMarker

LAST_COMMENTS = 20
_VALUE = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")


def who(write: Write, mark: WriteMarker) -> str:
    """Who did it, as shown: the person where a name is known."""
    return write.by.name or write.by.handle or mark.who


def digest(write: Write) -> str:
    return hashlib.sha256(write.model_dump_json().encode()).hexdigest()[:16]


def run_id(platform: str, start: StartRun, mark: WriteMarker) -> str:
    """The same for every repeat of the same start; the handle in it is unique within a store."""
    said = "\n".join((platform, start.runbook.id, start.title, start.handle, mark.code, mark.who))
    return f"{start.handle or 'run'}-{mark.code}-{hashlib.sha256(said.encode()).hexdigest()[:8]}".lower()


def runbook(platform: str, file: RunbookFile, *, twin: bool = False) -> Runbook:
    """``twin``: another file has the same title, so this one's is followed by its file."""
    said = file.procedure
    stages, tasks = _copied(file, {})
    return Runbook(
        key=RunbookKey(platform=platform, id=file.id),
        title=f"{said.title} ({file.id})" if twin else said.title,
        description=said.description,
        stages=stages,
        tasks=_tasks(tasks),
        task_count=len(tasks),
        rehearsable=True,
    )


def values_asked(file: RunbookFile) -> list[str]:
    """The names of ``{{name}}`` in its tasks, which ``--set name=value`` fills."""
    texts = [text for step in file.procedure.steps for text in (step.title, step.instructions, step.command)]
    return sorted({name for text in texts for name in _VALUE.findall(text)})


def document(platform: str, file: RunbookFile, start: StartRun, mark: WriteMarker, now: datetime) -> Document:
    stages, tasks = _copied(file, start.options)
    return Document(
        platform=platform,
        id=run_id(platform, start, mark),
        title=start.title,
        runbook=file.procedure.title,
        runbook_id=file.id,
        owner=start.owner or (start.by if start.by != Person() else None),
        rehearsal=start.rehearsal,
        started_at=now,
        started_by=who(start, mark),
        stages=stages,
        tasks=tasks,
    )


def run(document: Document, now: datetime) -> Run:
    return Run(
        key=RunKey(platform=document.platform, id=document.id),
        title=document.title,
        runbook=document.runbook,
        runbook_id=document.runbook_id,
        state=document.state,
        health=document.health,
        health_text=document.health_text,
        health_by=document.health_by,
        health_at=document.health_at,
        update_due=document.update_due,
        owner=document.owner,
        stages=document.stages,
        tasks=_tasks(document.tasks),
        comments=comments(document, None),
        rehearsal=document.rehearsal,
        read_at=now,
    )


def head(document: Document) -> RunSummary:
    return run(document, document.started_at).summary()


def comments(document: Document, task: str | None) -> tuple[Comment, ...]:
    kept = [comment for comment in document.comments if task is None or comment.task == task]
    return tuple(
        Comment(id=said.id, text=said.text, by=said.by, at=said.at, task=said.task)
        for said in kept[-LAST_COMMENTS:]
    )


def _copied(file: RunbookFile, values: Mapping[str, str]) -> tuple[tuple[Stage, ...], tuple[StoredTask, ...]]:
    """A task's id is its number in the file."""

    def filled(text: str) -> str:
        return _VALUE.sub(lambda found: values.get(found[1], found[0]), text)

    stages = tuple(Stage(id=f"s{n}", title=title) for n, title in enumerate(file.procedure.stages, start=1))
    tasks = tuple(
        StoredTask(
            id=str(number),
            title=filled(step.title),
            stage=None if step.stage is None else stages[step.stage].id,
            instructions=filled(step.instructions),
            command=filled(step.command),
            assignees=tuple(Person(handle=name) for name in step.assignees),
            after=tuple(str(place + 1) for place in step.after),
        )
        for number, step in enumerate(file.procedure.steps, start=1)
    )
    return stages, tasks


def _tasks(stored: tuple[StoredTask, ...]) -> tuple[Task, ...]:
    unfinished = frozenset(task.id for task in stored if not task.state.is_over)
    return tuple(_task(task, unfinished) for task in stored)


def _task(task: StoredTask, unfinished: frozenset[str]) -> Task:
    waits = () if task.state.is_over else tuple(id for id in task.after if id in unfinished)
    state = TaskState.WAITING if waits and task.state is TaskState.READY else task.state
    return Task(
        id=task.id,
        title=task.title,
        state=state,
        stage=task.stage,
        instructions=task.instructions,
        command=task.command,
        assignees=task.assignees,
        waits_for=waits,
        started_at=task.started_at,
        started_by=task.started_by,
        finished_at=task.finished_at,
        finished_by=task.finished_by,
        reason=task.reason,
    )
