"""From files and documents to models, and from a file to the document of a new run."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.local.folder import RunbookFile
from adapters.local.inputs import Input, fill, named_values
from adapters.local.procedure import Passage as FilePassage
from adapters.local.wire import Document, StoredTask
from adapters.models import (
    Comment,
    Passage,
    Person,
    Run,
    Runbook,
    RunbookInput,
    RunbookKey,
    RunKey,
    RunNote,
    RunSummary,
    Stage,
    Task,
    TaskState,
)
from adapters.writes import StartRun, Write, WriteMarker

LAST_COMMENTS = 20


def who(write: Write, marker: WriteMarker) -> str:
    """The name to show: the person's own, or else the one in the marker."""
    return write.by.name or write.by.handle or marker.who


def digest(write: Write) -> str:
    """Without ``AssignTask.expected``, which may be another one when a command is run again after a crash."""
    return hashlib.sha256(write.model_dump_json(exclude={"expected"}).encode()).hexdigest()[:16]


def run_id(platform: str, start: StartRun, marker: WriteMarker) -> str:
    """The same every time the same start is sent. Its handle is unique in a store."""
    identity = "\n".join((platform, start.runbook.id, start.title, start.handle, marker.code, marker.who))
    return f"{start.handle or 'run'}-{marker.code}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}".lower()


def runbook(platform: str, file: RunbookFile, *, show_file: bool = False) -> Runbook:
    """``show_file`` adds the file's name to the title, where another file has the same title."""
    procedure = file.procedure
    stages, tasks = _copy(file, {})
    return Runbook(
        key=RunbookKey(platform=platform, id=file.id),
        title=f"{procedure.title} ({file.id})" if show_file else procedure.title,
        description=procedure.description,
        stages=stages,
        tasks=_tasks(tasks),
        task_count=len(tasks),
        rehearsable=True,
        folder=file.id.rpartition("/")[0],
        inputs=tuple(RunbookInput(name=name, **one.model_dump()) for name, one in values_asked(file).items()),
        notice="local.sections_as_tasks" if procedure.from_sections else "",
        passages=tuple(_passage(passage, stages, tasks) for passage in procedure.passages),
    )


def _passage(passage: FilePassage, stages: Sequence[Stage], tasks: Sequence[StoredTask]) -> Passage:
    return Passage(
        text=passage.text,
        stage=None if passage.stage is None else stages[passage.stage].id,
        before=tasks[passage.before].id if passage.before < len(tasks) else None,
    )


def values_asked(file: RunbookFile) -> Mapping[str, Input]:
    """By name: the declared values, or else those that its tasks name."""
    procedure = file.procedure
    texts = (text for task in procedure.tasks for text in (task.title, task.instructions))
    return procedure.inputs or {name: Input() for name in named_values(texts)}


def document(platform: str, file: RunbookFile, start: StartRun, marker: WriteMarker, now: datetime) -> Document:
    stages, tasks = _copy(file, start.options)
    return Document(
        platform=platform,
        id=run_id(platform, start, marker),
        title=start.title,
        runbook=file.procedure.title,
        runbook_id=file.id,
        owner=start.owner or (start.by if start.by != Person() else None),
        rehearsal=start.rehearsal,
        started_at=now,
        started_by=who(start, marker),
        stages=stages,
        tasks=tasks,
        missing=tuple(
            name for name, one in values_asked(file).items() if not (start.options.get(name) or one.default)
        ),
        source=file.source,
        source_text=file.text,
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
        source=document.source,
        notes=_notes(document),
        read_at=now,
    )


def _notes(document: Document) -> tuple[RunNote, ...]:
    if not document.missing:
        return ()
    return (RunNote(key="local.missing_values", facts={"names": ", ".join(document.missing)}),)


def summary(document: Document) -> RunSummary:
    return run(document, document.started_at).summary()


def comments(document: Document, task: str | None) -> tuple[Comment, ...]:
    shown = [comment for comment in document.comments if task is None or comment.task == task]
    return tuple(
        Comment(id=stored.id, text=stored.text, by=stored.by, at=stored.at, task=stored.task)
        for stored in shown[-LAST_COMMENTS:]
    )


def _copy(file: RunbookFile, values: Mapping[str, str]) -> tuple[tuple[Stage, ...], tuple[StoredTask, ...]]:
    """The id of a task is its number in the file."""

    declared = file.procedure.inputs
    known = {name: one.default for name, one in declared.items() if one.default} | dict(values)

    def filled(text: str) -> str:
        return fill(text, known, declared)

    stages = tuple(Stage(id=f"s{n}", title=title) for n, title in enumerate(file.procedure.stages, start=1))
    tasks = tuple(
        StoredTask(
            id=str(number),
            title=filled(task.title),
            stage=None if task.stage is None else stages[task.stage].id,
            instructions=filled(task.instructions),
            assignees=tuple(Person(handle=name) for name in task.assignees),
            after=tuple(str(index + 1) for index in task.after),
        )
        for number, task in enumerate(file.procedure.tasks, start=1)
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
