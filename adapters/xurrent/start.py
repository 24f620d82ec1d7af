"""Starts a workflow from its template, in one request.

The developer site ("Workflows", Fields) marks subject, service, category, justification and workflow type as
required, and does not say whether the template fills them in. So the template's values are sent along; ``--set``
overrides them, and the settings provide what the template lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from adapters.errors import Rejected
from adapters.models import RunKey
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import StartRun, WriteMarker
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.settings import Category, Justification, XurrentSettings
from adapters.xurrent.text import MAX_SUBJECT_LENGTH, SIGNER, SOURCE, is_too_long, label, source_id

ID_OPTIONS = ("service_id", "manager_id")
CHOICES: Mapping[str, Sequence[str]] = {
    "category": get_args(Category),
    "justification": get_args(Justification),
}
OPTIONS = (*CHOICES, "workflow_type", "start_at", *ID_OPTIONS)


def check_options(write: StartRun) -> None:
    """Raises ``Rejected`` for a rehearsal and for unknown options or values."""
    platform = write.runbook.platform
    if write.rehearsal:
        raise Rejected(platform, "start", key="xurrent.no_rehearsal")
    for option, value in write.options.items():
        if option not in OPTIONS:
            allowed = ", ".join(OPTIONS)
            raise Rejected(platform, "start", key="xurrent.unknown_option", option=option, allowed=allowed)
        if option in CHOICES and value not in CHOICES[option]:
            allowed = ", ".join(CHOICES[option])
        elif option in ID_OPTIONS and not value.isdecimal():
            allowed = label("a_number")
        else:
            continue
        raise Rejected(platform, "start", key="xurrent.bad_option", option=option, value=value, allowed=allowed)


@dataclass
class Starter:
    api: Api
    workflows: WorkflowReads
    people: People
    settings: XurrentSettings

    @step(StartRun, recovery=Recovery.LOOKUP)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        template = await self.workflows.template(step.runbook.id, "start")
        owner = await self.people.find_id_if_readable(step.owner, "start") if step.owner else None
        body = self._body(step, marker, template)
        if owner and "manager_id" not in step.options:
            body["manager_id"] = self.api.body_id(owner, "start")
        created = await self.api.write("POST", "workflows", "start", body, wire.Workflow)
        result = _start_result(step, created)
        if step.owner and not owner and "manager_id" not in step.options:
            facts = {"person": step.owner.shown}
            return result.model_copy(update={"message": "xurrent.token_manages", "facts": facts})
        return result

    @reconciles(StartRun)
    async def find_started(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        workflow = await self.workflows.find_started(source_id(marker))
        return applied_if(workflow is not None, _start_result(step, workflow) if workflow else None)

    def _body(self, step: StartRun, marker: WriteMarker, template: wire.Template) -> dict[str, Any]:
        settings, options = self.settings, step.options
        service = template.service.id if template.service else settings.service_id
        values: dict[str, Any] = {
            "template_id": self.api.body_id(template.id, "start"),
            "subject": step.title[:MAX_SUBJECT_LENGTH],
            "service_id": options.get("service_id") or service,
            "category": options.get("category") or template.category or settings.category,
            "justification": options.get("justification") or template.justification or settings.justification,
            "workflow_type": options.get("workflow_type") or template.workflow_type or settings.workflow_type,
            "manager_id": options.get("manager_id"),
            "start_at": options.get("start_at"),
            "note": self._note(template, marker),
            "source": SOURCE,
            "sourceID": source_id(marker),
        }
        return {
            name: self.api.body_id(str(value), "start") if name in ID_OPTIONS else value
            for name, value in values.items()
            if value
        }

    def _note(self, template: wire.Template, marker: WriteMarker) -> str:
        """The template's own note, which this one replaces, signed by who started the run."""
        note = SIGNER.sign(template.note or "Started from chat", marker)
        return SIGNER.sign("Started from chat", marker) if is_too_long(note) else note


def _start_result(step: StartRun, workflow: wire.Workflow) -> WriteResult:
    """Has no tasks: Xurrent creates them in the background, and a later read shows them."""
    run = RunKey(platform=step.runbook.platform, id=workflow.id)
    return WriteResult(run=run, state=mapping.run_state(workflow))
