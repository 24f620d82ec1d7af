"""Changes to one task. Each reads it just before: ids of assignments change, and refusals come without words.

``play`` and ``pause`` are a person's real working time. So they are only ever sent for whoever asked, and for
nobody who has no user there. "Deliver" is their word for finishing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.runrunit import mapping
from adapters.runrunit.api import Api
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.wire import WireTask
from adapters.runrunit.workflows import Workflows
from adapters.writes import (
    AssignTask,
    BeginTask,
    FinishTask,
    HoldTask,
    ReopenTask,
    SkipTask,
    TaskWrite,
    WriteResult,
)

PART, MINE, WHOLE = "part", "mine", "whole"  # the option that says how much of a task is finished
DESCENDANTS = "descendants"  # the option that lets a reopening pause or reopen what came after


@dataclass
class Tasks:
    api: Api
    people: People
    links: Links
    workflows: Workflows
    _timers_told: set[tuple[str, str]] = field(default_factory=set)  # (run, user)

    async def finish(self, step: FinishTask | SkipTask) -> WriteResult:
        """Several people, or a chain of them: asks how much of it is finished. A skip is always the whole."""
        before = await self.api.task(step.task, step.op)
        if before.is_closed:
            return self.told(before, already=True)
        await self._must_be_free(before, step.op)
        part = step.options.get(PART) if isinstance(step, FinishTask) else WHOLE
        if part == MINE:
            return await self._deliver_part(step, before)
        if part != WHOLE and before.workflow_id:
            handed_on = await self.workflows.finish(step, before)
            if handed_on is not None:
                after, next_one = handed_on
                facts = {"person": next_one}
                return self.told(after, partial=True, says="runrunit.handed_on", facts=facts)
        elif part != WHOLE and len(before.open_parts) > 1:
            await self._ask_which(step, before)
        try:
            after = await self.api.act(step.task, "deliver", step.op)
        except (Rejected, Conflict) as refused:
            return await self._unless_so(refused, step, lambda now: now.is_closed)
        if not after.is_closed:
            return self.told(after, partial=True, says="runrunit.still_open")
        return self.told(after, says="runrunit.counts_as_delivered" if isinstance(step, SkipTask) else "")

    async def take(self, step: BeginTask) -> WriteResult:
        """The first half of a begin: a part of the task for this person, unless there is one.

        For a person without a user it only looks whether anybody can begin it.
        """
        user = await self.people.user_of(step.by)
        before = await self._open_task(step)
        await self._must_be_free(before, step.op)
        if user is None or before.part_of(user) is not None:
            return self.told(before)
        others = mapping.names(before.open_parts, self.people) if before.open_parts else ""
        after = await self._assign(step, user)
        return self.told(after, says="runrunit.joined" if others else "", facts={"person": others})

    async def play(self, step: BeginTask, user: str) -> WriteResult:
        """The second half: starts this person's timer, which pauses whatever else they were on."""
        before = await self._open_task(step)
        part = before.part_of(user)
        if part is None:
            raise Conflict(self.api.name, step.op, key="runrunit.no_part", person=step.by.shown)
        if part.is_closed:
            raise Conflict(self.api.name, step.op, key="runrunit.part_is_over", person=step.by.shown)
        if part.is_working_on:
            return self.told(before, already=True)
        await self._must_be_free(before, step.op)
        try:
            playing = await self.api.act_for(step.task, part, "play", step.op)
        except (Rejected, Conflict) as refused:
            return await self._unless_so(refused, step, lambda now: plays(now, user))
        return self.plays_now(step, user, before.with_part(playing))

    def plays_now(self, step: BeginTask, user: str, task: WireTask) -> WriteResult:
        """Says once a run and person what playing means."""
        once = (step.run_id, user)
        says = "" if once in self._timers_told else "runrunit.timer"
        self._timers_told.add(once)
        return self.told(task, says=says)

    async def pause(self, step: HoldTask) -> WriteResult:
        """Only the timer of whoever says that it cannot go on."""
        user = await self.people.user_of(step.by)
        before = await self._open_task(step)
        part = before.part_of(user)
        if part is None or not part.is_working_on:
            others = [one for one in before.assignments if one.is_working_on]
            if not others:
                return self.told(before)
            facts = {"person": mapping.names(others, self.people)}
            return self.told(before).model_copy(update={"message": "runrunit.others_run", "facts": facts})
        try:
            paused = await self.api.act_for(step.task, part, "pause", step.op)
        except (Rejected, Conflict) as refused:
            return await self._unless_so(refused, step, lambda now: not plays(now, user))
        return self.told(before.with_part(paused), says="runrunit.paused")

    async def reopen(self, step: ReopenTask) -> WriteResult:
        """A task that running or closed ones waited for is only reopened with them: asked first."""
        before = await self.api.task(step.task, step.op)
        if not before.is_closed:
            return self.told(before, already=True)
        with_others = step.options.get(DESCENDANTS) == "true"
        body = {"reopen_or_pause_descendant_tasks": True} if with_others else None
        try:
            return self.told(await self.api.act(step.task, "reopen", step.op, body))
        except (Rejected, Conflict) as refused:
            error: AdapterError = refused
            if isinstance(refused, Rejected) and not with_others and refused.key != "runrunit.forbidden":
                again, key = (f"{DESCENDANTS}=true",), "runrunit.reopen_refused"
                error = Rejected(self.api.name, step.op, key=key, said=refused.said, retry_with=again)
            return await self._unless_so(error, step, lambda now: not now.is_closed)

    async def assign(self, step: AssignTask) -> WriteResult:
        """Adds: nobody loses a task, and with it worked time, because somebody else gets it."""
        user = await self.people.named(step.person)
        if user is None:
            raise Rejected(self.api.name, step.op, key="runrunit.unknown_person", person=step.person.shown)
        before = await self._open_task(step)
        part = before.part_of(user)
        if part is not None and not part.is_closed:
            return self.told(before, already=True)
        after = await self._assign(step, user)
        if not before.open_parts:
            return self.told(after)
        facts = {"person": mapping.names(before.open_parts, self.people)}
        return self.told(after, says="runrunit.still_with", facts=facts)

    def told(self, wire: WireTask, **more: Any) -> WriteResult:
        """``more``: other fields of ``WriteResult``."""
        return WriteResult(tasks=(mapping.task(wire, self.people, self.links),), **more)

    async def open_before(self, task: WireTask, op: str) -> str:
        """What a task waits for, by title: of what cannot be read, the number."""
        try:
            found = {one.id: one.title for one in await self.api.prerequisites(task.id, op)}
        except AdapterError:
            found = {}
        return ", ".join(found.get(id) or f"#{id}" for id in task.opened_parent_ids)

    async def _deliver_part(self, step: FinishTask | SkipTask, before: WireTask) -> WriteResult:
        user = await self.people.user_of(step.by)
        part = before.part_of(user)
        if part is None:
            raise Rejected(self.api.name, step.op, key="runrunit.no_part", person=step.by.shown)
        if part.is_closed:
            return self.told(before, already=True)
        try:
            delivered = await self.api.act_for(step.task, part, "deliver", step.op)
        except (Rejected, Conflict) as refused:
            return await self._unless_so(refused, step, lambda now: delivered_by(now, user))
        try:
            after = await self.api.task(step.task, step.op)  # an account's setting may have closed it with this
        except AdapterError:
            after = before.with_part(delivered)
        if after.is_closed:
            return self.told(after)
        return self.told(after, partial=True, says="runrunit.my_part")

    async def _ask_which(self, step: TaskWrite, before: WireTask) -> NoReturn:
        part = before.part_of(await self.people.user_of(step.by))
        mine = {"runrunit.button.my_part": (f"{PART}={MINE}",)} if part and not part.is_closed else {}
        raise Rejected(
            self.api.name,
            step.op,
            key="runrunit.several",
            choices={**mine, "runrunit.button.whole": (f"{PART}={WHOLE}",)},
            task=before.title,
            people=mapping.names(before.open_parts, self.people),
        )

    async def _assign(self, step: TaskWrite, user: str) -> WireTask:
        body = {"assignments": [{"assignee_id": user}]}
        try:
            return await self.api.act(step.task, "create_assignments", step.op, body)
        except Rejected as refused:
            if refused.key == "runrunit.forbidden":
                raise
            person = self.people.person(user).shown
            key = "runrunit.assign_refused"
            raise Rejected(self.api.name, step.op, key=key, said=refused.said, person=person) from refused

    async def _open_task(self, step: TaskWrite) -> WireTask:
        found = await self.api.task(step.task, step.op)
        if found.is_closed:
            raise Conflict(self.api.name, step.op, key="runrunit.task_is_over", task=found.title)
        return found

    async def _must_be_free(self, task: WireTask, op: str) -> None:
        """Runrun.it refuses to play and to deliver what waits for others, without saying so."""
        if task.opened_parent_ids:
            others = await self.open_before(task, op)
            raise Conflict(self.api.name, op, key="runrunit.waits", task=task.title, others=others)

    async def _unless_so(
        self, refused: AdapterError, step: TaskWrite, is_so: Callable[[WireTask], bool]
    ) -> WriteResult:
        """Refused, perhaps because somebody was faster: what the task is now decides."""
        try:
            now = await self.api.task(step.task, step.op)
        except AdapterError:
            raise refused from None
        if is_so(now):
            return self.told(now, already=True)
        raise refused


def plays(task: WireTask, user: str | None) -> bool:
    part = task.part_of(user)
    return part is not None and part.is_working_on


def delivered_by(task: WireTask, user: str | None) -> bool:
    part = task.part_of(user)
    return task.is_closed or (part is not None and part.is_closed)
