"""Runbooks, runs and comments: cases with the template tag, and cases with the run tag."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.models import Run, Runbook, RunSummary
from adapters.tines import mapping, wire
from adapters.tines.actions import Actions
from adapters.tines.api import Api
from adapters.tines.settings import TinesSettings
from adapters.tines.start import StartWrites
from adapters.tines.writes.case import CaseWrites
from adapters.tines.writes.tasks import TaskViews


@dataclass
class Reads:
    name: str
    settings: TinesSettings
    api: Api
    now: Callable[[], datetime]
    starts: StartWrites
    cases: CaseWrites
    actions: Actions
    views: TaskViews

    async def runbooks(self) -> Sequence[Runbook]:
        """Open and closed templates. Proxies may drop the filter, so the tag is checked again."""
        tag = self.settings.template_tag
        templates = [case for case in await self._cases({"tags": [tag]}, "runbooks") if mapping.has_tag(case, tag)]
        for case in templates:
            self.starts.remember_template(case)
        return [mapping.runbook(self.name, case) for case in templates]

    async def runbook(self, id: str) -> Runbook:
        case, tasks = await self._case_with_tasks(id)
        if mapping.has_tag(case, self.settings.template_tag):
            self.starts.remember_template(case, tasks)
        return mapping.runbook(self.name, case, tasks)

    async def runs(self) -> Sequence[RunSummary]:
        tag = self.settings.run_tag
        cases = await self._cases({"status": "OPEN", "tags": [tag]}, "runs")
        return [
            mapping.run_summary(self.name, case)
            for case in cases
            if mapping.has_tag(case, tag) and mapping.is_open(case)
        ]

    async def run(self, id: str) -> Run:
        (case, tasks), change = await asyncio.gather(self._case_with_tasks(id), self.cases.last_colour_change(id))
        health = mapping.health_of(case, self.cases.colours)
        run = mapping.run(self.name, case, tasks, health, self.now(), change)
        self.views.remember(run)
        return run.model_copy(update={"own_buttons": self.actions.button_names(case.actions)})

    async def changed_since(self, since: datetime) -> Mapping[str, str]:
        """Closed cases are included: they can be edited too."""
        filters = {"tags": [self.settings.run_tag], "updated_at_start_date": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
        result = await self.api.cases(filters, "show", "RECENTLY_EDITED")
        return {case.case_id: hashlib.sha256(case.model_dump_json().encode()).hexdigest() for case in result.items}

    async def _case_with_tasks(self, id: str) -> tuple[wire.Case, Sequence[wire.Task]]:
        """The tasks inside a case may be incomplete, and their assignees may have no names."""
        case, tasks = await asyncio.gather(self.api.case(id, "show"), self.api.tasks(id, "show"))
        self.cases.remember_sub_status(case)
        self.actions.remember_priority(case)
        return case, tasks

    async def _cases(self, filters: Mapping[str, object], operation: str) -> Sequence[wire.Case]:
        result = await self.api.cases(filters, operation)
        for case in result.items:
            self.cases.remember_sub_status(case)
        return result.items
