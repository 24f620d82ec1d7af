"""Starting a workflow from its template: one request.

The reference marks subject, service, category, justification and workflow type as required and does not say
whether the template fills them in. So what the template has is sent along; ``--set`` beats it, the settings fill
what it lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from adapters.errors import Rejected
from adapters.models import RunKey
from adapters.writes import Applied, NotApplied, Reconciliation, StartRun, Write, WriteMarker, WriteResult
from adapters.xurrent import mapping, wire
from adapters.xurrent import text as words
from adapters.xurrent.api import Api
from adapters.xurrent.people import People
from adapters.xurrent.reads import Workflows
from adapters.xurrent.settings import Category, Justification, XurrentSettings

NUMBERS = ("service_id", "manager_id")
CHOICES: Mapping[str, Sequence[str]] = {
    "category": get_args(Category),
    "justification": get_args(Justification),
}
OPTIONS = (*CHOICES, "workflow_type", "start_at", *NUMBERS)


def steps(write: StartRun) -> Sequence[Write]:
    """Raises ``Rejected`` for a rehearsal, and for options that a start does not have."""
    platform = write.runbook.platform
    if write.rehearsal:
        raise Rejected(platform, "start", key="xurrent.no_rehearsal")
    for option, value in write.options.items():
        if option not in OPTIONS:
            allowed = ", ".join(OPTIONS)
            raise Rejected(platform, "start", key="xurrent.unknown_option", option=option, allowed=allowed)
        if option in CHOICES and value not in CHOICES[option]:
            allowed = ", ".join(CHOICES[option])
            raise Rejected(
                platform, "start", key="xurrent.bad_option", option=option, value=value, allowed=allowed
            )
        if option in NUMBERS and not value.isdecimal():
            raise Rejected(
                platform, "start", key="xurrent.bad_option", option=option, value=value, allowed="its number"
            )
    return [write]


@dataclass
class Starting:
    api: Api
    workflows: Workflows
    people: People
    settings: XurrentSettings

    async def start(self, step: StartRun, mark: WriteMarker) -> WriteResult:
        template = await self.workflows.template(step.runbook.id, "start")
        owner = await self.people.id_if_shown(step.owner, "start") if step.owner else None
        body = self._body(step, mark, template)
        if owner and "manager_id" not in step.options:
            body["manager_id"] = self.api.number(owner, "start")
        made = await self.api.write("POST", "workflows", "start", body, wire.Workflow)
        told = _told(step, made)
        if step.owner and not owner and "manager_id" not in step.options:
            facts = {"person": step.owner.shown}
            return told.model_copy(update={"message": "xurrent.token_manages", "facts": facts})
        return told

    async def reconcile(self, step: StartRun, mark: WriteMarker) -> Reconciliation:
        found = await self.workflows.started(words.key(mark))
        return Applied(_told(step, found)) if found else NotApplied()

    def _body(self, step: StartRun, mark: WriteMarker, template: wire.Template) -> dict[str, Any]:
        given, options = self.settings, step.options
        service = template.service.id if template.service else given.service_id
        wanted: dict[str, Any] = {
            "template_id": self.api.number(template.id, "start"),
            "subject": step.title[: words.SUBJECT_LETTERS],
            "service_id": options.get("service_id") or service,
            "category": options.get("category") or template.category or given.category,
            "justification": options.get("justification") or template.justification or given.justification,
            "workflow_type": options.get("workflow_type") or template.workflow_type or given.workflow_type,
            "manager_id": options.get("manager_id"),
            "start_at": options.get("start_at"),
            "note": self._note(template, mark),
            "source": words.SOURCE,
            "sourceID": words.key(mark),
        }
        body = {name: value for name, value in wanted.items() if value}
        return {
            name: self.api.number(str(value), "start") if name in NUMBERS else value
            for name, value in body.items()
        }

    def _note(self, template: wire.Template, mark: WriteMarker) -> str:
        """The template's own note, which ours would replace, and who started it."""
        note = words.signed(template.note or "Started from chat", mark)
        return words.signed("Started from chat", mark) if words.too_long(note) else note


def _told(step: StartRun, made: wire.Workflow) -> WriteResult:
    """Until its tasks are there it is being created; the next reading shows them."""
    run = RunKey(platform=step.runbook.platform, id=made.id)
    return WriteResult(run=run, state=mapping.run_state(made))
