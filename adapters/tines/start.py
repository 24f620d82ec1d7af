"""Starts a run: clones a template case, or creates a case from a case template.

A clone is one POST, which creates the case with its first tasks; further tasks and the template's buttons are
parts of their own. A batch holds at most 25 tasks (Tines API, Case tasks, Batch create). The limit for a new case
is not stated, so the same is assumed. A plan cannot read the template. It uses what earlier reads showed, and
plans for 200 tasks otherwise: a step that has nothing to write sends nothing.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import Rejected
from adapters.models import RunKey, RunState
from adapters.results import Applied, Baseline, Indeterminate, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.tines import mapping, wire
from adapters.tines import text as texts
from adapters.tines.api import CASES, Api
from adapters.tines.case_templates import CaseTemplates, template_id
from adapters.tines.inputs import CaseInputs
from adapters.tines.people import People
from adapters.tines.settings import TinesSettings
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import StartRun, WriteMarker

BATCH_SIZE = 25
DEFAULT_BATCHES = 8
BUTTONS = "buttons"
PRIORITY = "priority"
_BATCHES_OPTION = "_batches"  # tells the first step how many batches were planned
_BATCH_PART = re.compile(r"tasks(\d+)")


@dataclass(frozen=True)
class TemplateShape:
    """What the plan of a start depends on."""

    batches: int
    has_buttons: bool


@dataclass
class StartWrites:
    api: Api
    people: People
    settings: TinesSettings
    inputs: CaseInputs
    templates: CaseTemplates
    _shapes: dict[str, TemplateShape] = field(default_factory=dict)

    def remember_template(self, template: wire.Case, tasks: Sequence[wire.Task] | None = None) -> None:
        """Without ``tasks``, only a short case is known to contain all its tasks."""
        count = len(tasks) if tasks is not None else len(template.tasks)
        if tasks is not None or count < mapping.COMPLETE_BELOW:
            self._shapes[template.case_id] = TemplateShape(_batch_count(count), bool(template.actions))
        else:
            self._shapes.pop(template.case_id, None)

    def is_template(self, id: str) -> bool:
        return id in self._shapes

    def plan(self, write: StartRun) -> Sequence[StartRun]:
        if write.rehearsal:
            raise Rejected(write.runbook.platform, "start", key="tines.no_rehearsal")
        if template_id(write.runbook.id) is not None:
            return [write]  # Tines creates its tasks and buttons
        shape = self._shapes.get(write.runbook.id, TemplateShape(DEFAULT_BATCHES, has_buttons=True))
        first = write.model_copy(update={"options": {**write.options, _BATCHES_OPTION: str(shape.batches)}})
        parts = [f"tasks{number}" for number in range(2, shape.batches + 1)] + [BUTTONS] * shape.has_buttons
        return [first, *(write.as_part(part) for part in parts)]

    # The case with its first tasks

    @step(StartRun, recovery=Recovery.LOOKUP)
    async def create_case(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        template = template_id(step.runbook.id)
        if template is None:
            return await self._create(step, await self._clone_body(step, marker))
        return await self._create(step, await self._template_body(step, marker, template))

    async def _clone_body(self, step: StartRun, marker: WriteMarker) -> dict[str, Any]:
        template, tasks = await self._read_template(step)
        planned = int(step.options.get(_BATCHES_OPTION, "1"))
        if _batch_count(len(tasks)) > planned:
            raise Rejected(self.api.platform, "start", key="tines.more_tasks", count=len(tasks))
        return await self._case_body(step, marker, template, tasks[:BATCH_SIZE])

    async def _template_body(self, step: StartRun, marker: WriteMarker, id: str) -> dict[str, Any]:
        """Only what the template does not say: other values would replace its own."""
        team = self.settings.team_id
        tag, template_tag = self.settings.run_tag, self.settings.template_tag
        name, from_template = await self.templates.body(id, tag, template_tag, "start")
        chosen = {key: value for key, value in step.options.items() if key != PRIORITY}
        values = await self.inputs.values(chosen, (), team, "start") if chosen else {}
        priority = self.inputs.priority(step.options[PRIORITY], "start") if PRIORITY in step.options else ""
        owner = await self.people.assignable_email(step.owner or step.by, "start")
        body = {
            "team_id": int(team) if team.isdecimal() else team,
            "name": step.title,
            "status": "open",
            "author_email": await self.people.email(step.by, "start"),
            "metadata": _metadata(marker, step.runbook.id, name),
            "field_values": dict(values),
            "priority": priority,
            **from_template,
        }
        filled = {key: value for key, value in body.items() if value not in ("", {})}
        return filled | {"assignee_emails": [email for email in (owner,) if email]}

    async def _create(self, step: StartRun, body: Mapping[str, Any]) -> WriteResult:
        case = await self.api.write("POST", CASES, body, wire.Case, "start")
        return self._started(step, case, RunState.ACTIVE, is_owned=bool(body["assignee_emails"]))

    @reconciles(StartRun)
    async def reconcile_case(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        key = texts.start_key(marker)
        result = await self.api.cases({"metadata": {"key": texts.START_KEY, "value": key}}, "start")
        for case in result.items:
            if case.metadata.get(texts.START_KEY) == key:
                return Applied(self._started(step, case, mapping.run_state(case), is_owned=bool(case.assignees)))
        return NotApplied() if result.complete else Indeterminate()

    def _started(self, step: StartRun, case: wire.Case, state: RunState, *, is_owned: bool) -> WriteResult:
        result = WriteResult(run=self._run_key(case), state=state)
        if is_owned:
            return result
        person = (step.owner or step.by).shown
        return result.model_copy(update={"message": "tines.owned_by_nobody", "facts": {"person": person}})

    async def _case_body(
        self, step: StartRun, marker: WriteMarker, template: wire.Case, tasks: Sequence[wire.Task]
    ) -> dict[str, Any]:
        """``assignee_emails`` is always sent: without it Tines assigns the key's own user."""
        options = {name: value for name, value in step.options.items() if name != _BATCHES_OPTION}
        team = self.settings.team_id or template.team.id
        field_values = _template_values(template) | dict(await self._field_values(template, options, team))
        author = await self.people.email(step.by, "start")
        owner = await self.people.assignable_email(step.owner or step.by, "start")
        template_tag, run_tag = self.settings.template_tag, self.settings.run_tag
        own_tags = (template_tag.casefold(), run_tag.casefold())
        conditions = [
            {"name": condition.name, "formula": condition.formula}
            for condition in template.closure_conditions
            if condition.formula
        ]
        body: dict[str, Any] = {
            "team_id": int(team) if team.isdecimal() else team,
            "name": step.title,
            "description": template.description,
            "priority": self._priority(template, options),
            "status": "open",
            "author_email": author,
            "tag_names": [*(tag for tag in template.tags if tag.casefold() not in own_tags), run_tag],
            "metadata": _metadata(marker, template.case_id, template.name),
            "closure_conditions": conditions,
            "field_values": field_values,
            "tasks": [_new_task(task) for task in tasks],
        }
        filled = {name: value for name, value in body.items() if value not in (None, "", [], {})}
        return filled | {"assignee_emails": [email for email in (owner,) if email]}

    def _priority(self, template: wire.Case, options: Mapping[str, str]) -> str | None:
        chosen = options.get(PRIORITY)
        if chosen is not None:
            return self.inputs.priority(chosen, "start")
        return template.priority.lower() if template.priority.lower() in mapping.PRIORITIES else None

    async def _field_values(self, template: wire.Case, options: Mapping[str, str], team: str) -> Mapping[str, str]:
        chosen = {name: value for name, value in options.items() if name != PRIORITY}
        known = [value.case_input for value in template.fields if value.case_input]
        return await self.inputs.values(chosen, known, team, "start") if chosen else {}

    # Further tasks

    @step(StartRun, part="tasks*", recovery=Recovery.LOOKUP)
    async def add_batch(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        _, tasks = await self._read_template(step)
        batch = _batch(tasks, step)
        if not batch:
            return WriteResult()
        path = f"{self.api.case_path(step.run_id, 'start')}/tasks/batch"
        body = {"tasks": [_new_task(task) for task in batch]}
        created = await self.api.write("POST", path, body, wire.Tasks, "start")
        return WriteResult(tasks=tuple(mapping.task(task) for task in created.items))

    @reconciles(StartRun, part="tasks*")
    async def reconcile_batch(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """Applied if the run has all tasks up to this batch, not applied if it has only those before it.

        How many tasks are missing is named. A batch that is there in part cannot be sent again.
        """
        _, tasks = await self._read_template(step)
        present = _descriptions(await self.api.tasks(step.run_id, "start"))
        earlier = _descriptions(tasks[: BATCH_SIZE * (_batch_number(step) - 1)])
        if not earlier <= present:
            return Indeterminate()
        batch = _descriptions(_batch(tasks, step))
        missing = batch - (present - earlier)
        if not missing:
            return Applied(WriteResult())
        all_missing = _descriptions(tasks) - present  # of the later batches too: nothing sends them any more
        facts = {"missing": str(all_missing.total()), "total": str(len(tasks))}
        outcome = NotApplied if missing == batch else Indeterminate
        return outcome("tines.tasks_missing", facts)

    # Buttons

    @step(StartRun, part=BUTTONS, recovery=Recovery.IDEMPOTENT)
    async def copy_buttons(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        """Replaces all buttons of the run, which has none yet.

        Only the list of a case's actions contains their text and parameters (samples of Tines API, Case actions,
        List, and Cases v2, Get).
        """
        buttons = [
            action.model_dump(exclude={"id"}, exclude_defaults=True)
            for action in await self.api.actions(step.runbook.id, "start")
            if action.url and action.label
        ]
        if buttons:
            path = f"{self.api.case_path(step.run_id, 'start')}/actions/batch"
            await self.api.http.write("PUT", path, operation="start", json={"actions": buttons})
        return WriteResult()

    @reconciles(StartRun, part=BUTTONS)
    async def reconcile_buttons(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        template = await self.api.actions(step.runbook.id, "start")
        run = await self.api.actions(step.run_id, "start")
        buttons = {(action.label, action.url) for action in template if action.url and action.label}
        return applied_if(buttons <= {(action.label, action.url) for action in run})

    async def _read_template(self, step: StartRun) -> tuple[wire.Case, Sequence[wire.Task]]:
        template = await self.api.case(step.runbook.id, "start")
        tasks = await self.api.tasks(step.runbook.id, "start")
        self.remember_template(template, tasks)
        return template, tasks

    def _run_key(self, case: wire.Case) -> RunKey:
        return RunKey(platform=self.api.platform, id=case.case_id)


def _metadata(marker: WriteMarker, runbook: str, name: str) -> dict[str, str]:
    return {
        texts.START_KEY: texts.start_key(marker),
        texts.RUNBOOK_ID_KEY: runbook,
        texts.RUNBOOK_NAME_KEY: name,
        texts.STARTED_BY_KEY: texts.SIGNER.signature(marker),
    }


def _template_values(template: wire.Case) -> dict[str, str]:
    return {item.case_input.id: item.value for item in template.fields if item.case_input and item.value}


def _batch_count(task_count: int) -> int:
    return max(1, -(-task_count // BATCH_SIZE))


def _batch_number(step: StartRun) -> int:
    match = _BATCH_PART.fullmatch(step.part)
    return int(match[1]) if match else 1


def _batch(tasks: Sequence[wire.Task], step: StartRun) -> Sequence[wire.Task]:
    number = _batch_number(step)
    return tasks[BATCH_SIZE * (number - 1) : BATCH_SIZE * number]


def _descriptions(tasks: Sequence[wire.Task]) -> Counter[str]:
    return Counter(task.description for task in tasks)


def _new_task(task: wire.Task) -> dict[str, Any]:
    emails = [user.email for user in task.assignees if user.email]
    return {"description": task.description} | ({"assignee_emails": emails} if emails else {})
