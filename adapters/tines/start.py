"""A start: one POST makes the case with its first tasks; more tasks, and the buttons, are steps of their own.

Tines takes at most 25 tasks in a batch (L18475); how many a new case may bring along is not stated, so as many.
``steps`` cannot read the template, so it goes by what was read of it before; unknown, it plans for 200 tasks. A
step that turns out to have nothing to write sends nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import Rejected
from adapters.models import RunKey, RunState
from adapters.tines import fields, mapping, wire
from adapters.tines import text as words
from adapters.tines.people import People
from adapters.tines.reads import CASES, Reads
from adapters.tines.settings import TinesSettings
from adapters.writes import (
    Applied,
    Indeterminate,
    NotApplied,
    Reconciliation,
    Recovery,
    StartRun,
    WriteMarker,
    WriteResult,
)

BATCH = 25
BATCHES_IF_UNKNOWN = 8
BUTTONS = "buttons"
_PLANNED = "_batches"  # the option in which the first step is told how many batches follow
_TASKS = re.compile(r"tasks(\d+)")


@dataclass(frozen=True)
class Shape:
    """What is known of a template: enough to plan a start."""

    batches: int
    buttons: bool


@dataclass
class Starting:
    reading: Reads
    people: People
    settings: TinesSettings
    _shapes: dict[str, Shape] = field(default_factory=dict)

    def learn(self, template: wire.Case, tasks: Sequence[wire.Task] | None = None) -> None:
        """Of a list only a short case is known to show all its tasks."""
        count = len(tasks) if tasks is not None else len(template.tasks)
        if tasks is not None or count < mapping.CERTAIN:
            self._shapes[template.case_id] = Shape(_batches(count), bool(template.actions))
        else:
            self._shapes.pop(template.case_id, None)

    def is_template(self, id: str) -> bool:
        return id in self._shapes

    def steps(self, write: StartRun) -> Sequence[StartRun]:
        if write.rehearsal:
            raise Rejected(write.runbook.platform, "start", key="tines.no_rehearsal")
        shape = self._shapes.get(write.runbook.id, Shape(BATCHES_IF_UNKNOWN, buttons=True))
        first = write.model_copy(update={"options": {**write.options, _PLANNED: str(shape.batches)}})
        parts = [f"tasks{number}" for number in range(2, shape.batches + 1)] + [BUTTONS] * shape.buttons
        return [first, *(write.as_part(part) for part in parts)]

    def recovery(self, step: StartRun) -> Recovery:
        return Recovery.IDEMPOTENT if step.part == BUTTONS else Recovery.LOOKUP

    async def execute(self, step: StartRun, mark: WriteMarker) -> WriteResult:
        if step.part == BUTTONS:
            return await self._buttons(step)
        if step.part:
            return await self._more_tasks(step)
        return await self._case(step, mark)

    async def reconcile(self, step: StartRun, mark: WriteMarker) -> Reconciliation:
        if step.part == BUTTONS:
            return await self._settle_buttons(step)
        if step.part:
            return await self._settle_tasks(step)
        return await self._settle_case(step, mark)

    async def _case(self, step: StartRun, mark: WriteMarker) -> WriteResult:
        template, tasks = await self._template(step)
        planned = int(step.options.get(_PLANNED, "1"))
        if _batches(len(tasks)) > planned:
            raise Rejected(self._platform, "start", key="tines.more_tasks", count=len(tasks))
        body = await self._body(step, mark, template, tasks[:BATCH])
        answer = await self.reading.caller.write("POST", CASES, operation="start", json=body)
        made = self.reading.written(wire.Case, answer, "start")
        told = WriteResult(run=RunKey(platform=self._platform, id=made.case_id), state=RunState.ACTIVE)
        if body["assignee_emails"]:
            return told
        person = (step.owner or step.by).shown
        return told.model_copy(update={"message": "tines.owned_by_nobody", "facts": {"person": person}})

    async def _body(
        self, step: StartRun, mark: WriteMarker, template: wire.Case, tasks: Sequence[wire.Task]
    ) -> dict[str, Any]:
        """``assignee_emails`` is always there: without it Tines assigns the key's own user."""
        options = {name: value for name, value in step.options.items() if name != _PLANNED}
        team = self.settings.team_id or template.team.id
        values = fields.of_template(template) | dict(await fields.chosen(template, options, team, self.reading))
        author = await self.people.email(step.by, "start")
        owner = await self.people.assignable(step.owner or step.by, "start")
        template_tag, run_tag = self.settings.template_tag, self.settings.run_tag
        tags = [
            tag for tag in template.tags if tag.casefold() not in (template_tag.casefold(), run_tag.casefold())
        ]
        conditions = [
            {"name": one.name, "formula": one.formula} for one in template.closure_conditions if one.formula
        ]
        body: dict[str, Any] = {
            "team_id": int(team) if team.isdecimal() else team,
            "name": step.title,
            "description": template.description,
            "priority": fields.priority(template, options, self._platform),
            "status": "open",
            "author_email": author,
            "tag_names": [*tags, run_tag],
            "metadata": self._metadata(mark, template),
            "closure_conditions": conditions,
            "field_values": values,
            "tasks": [_clone(task) for task in tasks],
        }
        wanted = {name: value for name, value in body.items() if value not in (None, "", [], {})}
        return wanted | {"assignee_emails": [email for email in (owner,) if email]}

    def _metadata(self, mark: WriteMarker, template: wire.Case) -> dict[str, str]:
        return {
            words.KEY: words.start_key(mark),
            words.RUNBOOK_KEY: template.case_id,
            words.RUNBOOK_NAME: template.name,
            "liaison_started_by": words.signature(mark),
        }

    async def _more_tasks(self, step: StartRun) -> WriteResult:
        _, tasks = await self._template(step)
        batch = _batch(tasks, step)
        if not batch:
            return WriteResult()
        path = f"{self.reading.path(step.run_id, 'start')}/tasks/batch"
        body = {"tasks": [_clone(task) for task in batch]}
        answer = await self.reading.caller.write("POST", path, operation="start", json=body)
        made = self.reading.written(wire.Tasks, answer, "start")
        return WriteResult(tasks=tuple(mapping.task(task) for task in made.tasks))

    async def _buttons(self, step: StartRun) -> WriteResult:
        """Replaces all buttons of the run, which has none yet. Only their own list tells a button's text and
        parameters; a case leaves them out (L9246-9577 beside L11884-11928)."""
        buttons = [
            one.model_dump(exclude={"id"}, exclude_defaults=True)
            for one in await self.reading.actions(step.runbook.id, "start")
            if one.url and one.label
        ]
        if not buttons:
            return WriteResult()
        path = f"{self.reading.path(step.run_id, 'start')}/actions/batch"
        await self.reading.caller.write("PUT", path, operation="start", json={"actions": buttons})
        return WriteResult()

    async def _settle_case(self, step: StartRun, mark: WriteMarker) -> Reconciliation:
        key = words.start_key(mark)
        listing = await self.reading.cases({"metadata": {"key": words.KEY, "value": key}}, "start")
        for found in listing.items:
            if found.metadata.get(words.KEY) == key:
                run = RunKey(platform=self._platform, id=found.case_id)
                return Applied(WriteResult(run=run, state=mapping.run_state(found)))
        return NotApplied() if listing.complete else Indeterminate()

    async def _settle_tasks(self, step: StartRun) -> Reconciliation:
        """All tasks up to this batch are in the run, or those before it: anything else nobody can tell."""
        _, tasks = await self._template(step)
        batch = _batch(tasks, step)
        there = _described(await self.reading.tasks(step.run_id, "start"))
        before = _described(tasks[: BATCH * (_number(step) - 1)])
        if not before <= there:
            return Indeterminate()
        new = _described(batch)
        if new <= there - before:
            return Applied(WriteResult())
        return NotApplied() if not (there - before) & new else Indeterminate()

    async def _settle_buttons(self, step: StartRun) -> Reconciliation:
        template = await self.reading.actions(step.runbook.id, "start")
        run = await self.reading.actions(step.run_id, "start")
        wanted = {(one.label, one.url) for one in template if one.url and one.label}
        return Applied(WriteResult()) if wanted <= {(one.label, one.url) for one in run} else NotApplied()

    async def _template(self, step: StartRun) -> tuple[wire.Case, Sequence[wire.Task]]:
        template = await self.reading.case(step.runbook.id, "start")
        tasks = await self.reading.tasks(step.runbook.id, "start")
        self.learn(template, tasks)
        return template, tasks

    @property
    def _platform(self) -> str:
        return self.reading.caller.platform


def _batches(count: int) -> int:
    return max(1, -(-count // BATCH))


def _number(step: StartRun) -> int:
    found = _TASKS.fullmatch(step.part)
    return int(found[1]) if found else 1


def _batch(tasks: Sequence[wire.Task], step: StartRun) -> Sequence[wire.Task]:
    number = _number(step)
    return tasks[BATCH * (number - 1) : BATCH * number]


def _described(tasks: Sequence[wire.Task]) -> Counter[str]:
    return Counter(task.description for task in tasks)


def _clone(task: wire.Task) -> dict[str, Any]:
    emails = [user.email for user in task.assignees if user.email]
    return {"description": task.description} | ({"assignee_emails": emails} if emails else {})
