"""Changes to a whole run: start, status, end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from adapters.errors import AdapterError, NotFound, OutcomeUnknown, Rejected
from adapters.models import Health, Run, RunHealth, RunKey, RunState
from adapters.playbooks import mapping
from adapters.playbooks import text as words
from adapters.playbooks.api import Api
from adapters.playbooks.people import People
from adapters.playbooks.posts import Posts
from adapters.playbooks.teams import Teams
from adapters.playbooks.wire import WirePlaybook, WireRun, when
from adapters.writes import (
    Applied,
    Baseline,
    EndRun,
    Indeterminate,
    NotApplied,
    Reconciliation,
    SetStatus,
    StartRun,
    WriteMarker,
    WriteResult,
)

DEFAULT_REMINDER = 3600  # seconds; a server since 2021-10 refuses a status without one
LEAST_REMINDER = 60
_NEWEST_PAGES = 2
_CLOCKS_DIFFER = timedelta(minutes=2)


@dataclass
class Runs:
    api: Api
    people: People
    teams: Teams
    posts: Posts
    site: str
    show: Callable[[WireRun], Awaitable[Run]]
    now: Callable[[], datetime]

    async def start(self, step: StartRun, mark: WriteMarker) -> WriteResult:
        """The playbook is read first: an unknown one is a 500 on POST /runs, which would leave us in doubt.

        Tasks come from a read of the run: in the answer that creates it their ids are empty.
        """
        playbook = await self.teams.playbook(step.runbook.id, step.op)
        if playbook.delete_at > 0:
            link = mapping.playbook_link(self.site, playbook.id)
            raise Rejected(self.api.name, step.op, key="playbooks.archived", runbook=playbook.title, link=link)
        wanted = step.owner or step.by
        owner = await self.people.user_id(wanted)
        body = await self._start_body(step, mark, playbook, owner)
        key = RunKey(platform=self.api.name, id=await self.api.start(body))
        told = WriteResult(run=key, snapshot=await self._shown(key.id, step.op))
        if owner is None:
            told = told.model_copy(update={"message": "playbooks.bot_owns", "facts": {"person": wanted.shown}})
        return told

    async def settle_start(self, step: StartRun, mark: WriteMarker, known: Baseline) -> Reconciliation:
        """Among the newest runs, whether over or not: by the code in its summary, or by its name with the handle.

        Playbooks 2 keeps the summary, but may make the name itself (a playbook's ``channel_name_template``);
        before that it was the other way round.
        """
        name, since = words.run_name(step.title, step.handle), known.sent_at - _CLOCKS_DIFFER
        for team in await self.teams.ids():
            for run in await self.api.runs(team, ("InProgress", "Finished"), _NEWEST_PAGES):
                made = when(run.create_at)
                same = mark.is_in(f"{run.summary} {run.description}") or run.name.strip() == name
                if same and run.playbook_id in ("", step.runbook.id) and made is not None and made >= since:
                    key = RunKey(platform=self.api.name, id=run.id)
                    return Applied(WriteResult(run=key, snapshot=await self._shown(run.id, step.op)))
        return NotApplied()

    async def _start_body(
        self, step: StartRun, mark: WriteMarker, playbook: WirePlaybook, owner: str | None
    ) -> dict[str, str]:
        """``summary`` is the newer name of ``description``.

        Playbooks makes the run's channel, unless its playbook says or ``--set channel=here`` asks for another.
        """
        about = f"Started by {words.signature(mark)}"
        body = {
            "name": words.run_name(step.title, step.handle),
            "description": about,
            "summary": about,
            "owner_user_id": owner or (await self.people.me()).id,
            "team_id": playbook.team_id or (await self.teams.ids())[0],
            "playbook_id": playbook.id,
        }
        channel = playbook.home if "channel" not in step.options else ""
        if step.options.get("channel") == "here" and (step.site or "").rstrip("/") == self.site:
            channel = step.channel or ""
        if channel:
            body["channel_id"] = self.api.checked(channel, step.op)
        return body

    async def status(self, step: SetStatus, mark: WriteMarker) -> WriteResult:
        run = await self.api.run(step.run_id, step.op)
        reminder = self._reminder(run, step.next_at)
        message = words.signed(f"{step.health_word}{step.text}", mark)
        if len(message) > words.LIMIT:
            raise Rejected(self.api.name, step.op, key="playbooks.too_long", limit=words.LIMIT)
        await self.api.status(run.id, {"message": message, "description": "", "reminder": reminder})
        at = self.now()
        note = RunHealth(
            health=step.health or Health.UNSET,
            text=step.text,
            by=mark.who,
            at=at,
            due=at + timedelta(seconds=reminder),
        )
        return WriteResult(health=note, snapshot=await self._shown(run.id, step.op))

    async def settle_status(self, step: SetStatus, mark: WriteMarker, known: Baseline) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        try:
            post = await self.posts.find(run, mark, known, step.op)
        except NotFound:
            return Indeterminate()
        if post is None:
            return NotApplied()
        shown = await self.show(run)
        note = RunHealth(
            health=step.health or Health.UNSET,
            text=step.text,
            by=mark.who,
            at=when(post.create_at),
            due=step.next_at or shown.update_due,
        )
        return Applied(WriteResult(health=note, snapshot=shown))

    async def end(self, step: EndRun) -> WriteResult:
        before = await self.api.run(step.run_id, step.op)
        if before.over:
            return WriteResult(already=True, state=RunState.FINISHED, snapshot=await self.show(before))
        await self.api.finish(before.id)
        after = await self._shown(before.id, step.op)
        if after is not None and not after.state.is_over:
            raise OutcomeUnknown(self.api.name, step.op)
        told = WriteResult(state=RunState.FINISHED, snapshot=after)
        if not before.retrospective_enabled:
            return told
        link = mapping.retrospective_link(self.site, before.id)
        return told.model_copy(update={"message": "playbooks.retrospective", "facts": {"link": link}})

    async def settle_end(self, step: EndRun) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        return (
            Applied(WriteResult(state=RunState.FINISHED, snapshot=await self.show(run)))
            if run.over
            else NotApplied()
        )

    async def _shown(self, id: str, operation: str) -> Run | None:
        """The run after a write that was answered: that it cannot be read now does not undo the write."""
        try:
            return await self.show(await self.api.run(id, operation))
        except AdapterError:
            return None

    def _reminder(self, run: WireRun, next_at: datetime | None) -> int:
        """Seconds, more than 0: the promised time, else what the run had before, else what its playbook says."""
        if next_at is not None:
            return max(LEAST_REMINDER, ceil((next_at - self.now()).total_seconds()))
        before = run.previous_reminder // 1_000_000_000
        return next((s for s in (before, run.reminder_timer_default_seconds) if s > 0), DEFAULT_REMINDER)
