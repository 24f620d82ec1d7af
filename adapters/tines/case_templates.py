"""Case templates, which newer tenants have beside template cases (Tines API, Case templates).

A run of one is created with ``template_id``: Tines fills in what the request leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.errors import OPTIONAL_READ_ERRORS, NotFound, Unsupported
from adapters.models import Listing, Runbook, RunbookKey
from adapters.tines import mapping, wire
from adapters.tines.api import Api
from adapters.toolkit.timestamps import parse_timestamp

_PREFIX = "template-"  # of the ids of runbooks; those of cases are numbers


def template_id(runbook: str) -> str | None:
    """None for a runbook that is a case."""
    return runbook.removeprefix(_PREFIX) if runbook.startswith(_PREFIX) else None


@dataclass
class CaseTemplates:
    api: Api
    _has_list: bool = True  # until the tenant answers that it has none

    async def all(self) -> Listing[Runbook]:
        """A tenant without them is asked once. The list needs a team."""
        if not (self._has_list and self.api.team):
            return Listing([])
        try:
            listed = await self.api.case_templates(self.api.team, "runbooks")
        except (NotFound, Unsupported):
            self._has_list = False
            return Listing([])
        return Listing([self._runbook(template) for template in listed], listed.complete)

    async def read(self, id: str) -> Runbook:
        """With its tasks, where the tenant shows what a case of it would be like."""
        template, preview = await self.api.case_template(id, "runbooks"), await self.preview(id, "runbooks")
        tasks = tuple(
            mapping.task(wire.Task(id=str(number), description=task.description))
            for number, task in enumerate(preview.tasks, 1)
        )
        filled = {"tasks": tasks, "task_count": len(tasks) or None, "description": preview.description}
        return self._runbook(template).model_copy(update=filled)

    async def preview(self, id: str, operation: str) -> wire.TemplatePreview:
        try:
            return await self.api.template_preview(id, operation)
        except OPTIONAL_READ_ERRORS:
            return wire.TemplatePreview()

    async def body(self, id: str, tag: str, template_tag: str, operation: str) -> tuple[str, Mapping[str, Any]]:
        """The template's name, and what a new case needs to be made from it.

        Tags in a request replace the template's own, so those are sent too, as far as they are known.
        """
        template, preview = await self.api.case_template(id, operation), await self.preview(id, operation)
        kept = [name for name in preview.tags if name.casefold() not in (tag.casefold(), template_tag.casefold())]
        return template.name, {"template_id": int(id) if id.isdecimal() else id, "tag_names": [*kept, tag]}

    def _runbook(self, template: wire.CaseTemplate) -> Runbook:
        return Runbook(
            key=RunbookKey(platform=self.api.platform, id=f"{_PREFIX}{template.id}"),
            title=template.name,
            folder=template.team.name,
            created_at=parse_timestamp(template.created_at),
        )
