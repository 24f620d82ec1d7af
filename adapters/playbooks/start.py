"""Starts a run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.errors import Rejected
from adapters.models import RunKey, is_same_site
from adapters.playbooks import links
from adapters.playbooks import text as texts
from adapters.playbooks.api import Api
from adapters.playbooks.people import People
from adapters.playbooks.reads import Reads
from adapters.playbooks.teams import Teams
from adapters.playbooks.wire import WirePlaybook, to_datetime
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.steps import reconciles, step
from adapters.writes import StartRun, WriteMarker

MAX_CLOCK_SKEW = timedelta(minutes=2)
_PAGES_TO_SEARCH = 2


@dataclass
class StartWrites:
    api: Api
    people: People
    teams: Teams
    reads: Reads

    @step(StartRun, recovery=Recovery.LOOKUP)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        """Reads the playbook first: POST /runs with an unknown one is a 500, which leaves the outcome unknown.

        Tasks come from a read of the run: their ids are empty in the response that creates it.
        """
        self._check_options(step)
        playbook = await self.teams.playbook(step.runbook.id, step.op)
        if playbook.delete_at > 0:
            link = links.playbook_link(self.reads.site, playbook.id)
            key = "playbooks.archived"
            raise Rejected(self.api.name, step.op, key=key, runbook=playbook.title, link=link)
        person = step.owner or step.by
        owner = await self.people.user_id(person)
        run = await self.api.start(await self._body(step, marker, playbook, owner))
        result = await self._result(step, run)
        if owner is None:
            return result.model_copy(update={"message": "playbooks.bot_owns", "facts": {"person": person.shown}})
        return self._with_omissions(result, step, owner)

    def _with_omissions(self, result: WriteResult, step: StartRun, owner: str) -> WriteResult:
        """Says so where the playbook or the version of the plugin decided otherwise."""
        run = result.snapshot
        if run is None:
            return result
        if step.owner and run.owner and run.owner.id != owner:
            facts = {"person": step.owner.shown, "owner": run.owner.shown}
            return result.model_copy(update={"message": "playbooks.other_owner", "facts": facts})
        if step.options.get("channel") == "here" and run.home and run.home.channel != step.channel:
            return result.model_copy(update={"message": "playbooks.own_channel"})
        return result

    @reconciles(StartRun)
    async def reconcile(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """Searches the newest runs, also finished ones: by the code in the summary, or by the name.

        Playbooks 2 keeps the summary but may change the name (``channel_name_template`` of the playbook).
        Playbooks 1 keeps the name but not the description.
        """
        name, since = texts.run_name(step.title, step.handle), baseline.sent_at - MAX_CLOCK_SKEW
        for team in await self.teams.ids():
            for run in await self.api.runs(team, ("InProgress", "Finished"), _PAGES_TO_SEARCH):
                created_at = to_datetime(run.create_at)
                is_ours = marker.is_in(f"{run.summary} {run.description}") or run.name.strip() == name
                is_same_playbook = run.playbook_id in ("", step.runbook.id)
                if is_ours and is_same_playbook and created_at is not None and created_at >= since:
                    return Applied(await self._result(step, run.id))
        return NotApplied()

    def _check_options(self, step: StartRun) -> None:
        if step.rehearsal:
            raise Rejected(self.api.name, step.op, key="playbooks.no_rehearsal")
        for option, value in step.options.items():
            facts: dict[str, Any] = {"option": option, "value": value}
            if option != "channel":
                raise Rejected(self.api.name, step.op, key="playbooks.unknown_option", **facts)
            if value not in ("here", "new"):
                raise Rejected(self.api.name, step.op, key="playbooks.bad_option", **facts)
            if value == "here" and not (step.channel and is_same_site(step.site or "", self.reads.site)):
                raise Rejected(self.api.name, step.op, key="playbooks.not_here", site=self.reads.site)

    async def _result(self, step: StartRun, run: str) -> WriteResult:
        key = RunKey(platform=self.api.name, id=run)
        return WriteResult(run=key, snapshot=await self.reads.run_after_write(run, step.op))

    async def _body(
        self, step: StartRun, marker: WriteMarker, playbook: WirePlaybook, owner: str | None
    ) -> dict[str, str]:
        """``summary`` is the newer name of ``description``.

        Playbooks creates a channel for the run, unless the playbook or ``--set channel=here`` names one.
        """
        started_by = f"Started by {texts.SIGNER.signature(marker)}"
        body = {
            "name": texts.run_name(step.title, step.handle),
            "description": started_by,
            "summary": started_by,
            "owner_user_id": owner or (await self.people.me()).id,
            "team_id": playbook.team_id or (await self.teams.ids())[0],
            "playbook_id": playbook.id,
        }
        channel = playbook.shared_channel if "channel" not in step.options else ""
        if step.options.get("channel") == "here":
            channel = step.channel or ""
        if channel:
            body["channel_id"] = self.api.checked_id(channel, step.op)
        return body
