"""The people of a case and of its tasks: who follows it, who is taken off, and who gets it instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.models import PlatformAction, Run
from adapters.results import Recovery, WriteResult
from adapters.tines import mapping, wire
from adapters.tines.case_actions.kinds import CaseAction
from adapters.tines.writes.tasks import TaskWrites
from adapters.writes import PerformAction, WriteMarker


class Follow(CaseAction):
    name = "follow"
    recovery = Recovery.LOOKUP

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        return [PlatformAction(id="follow", label="tines.offer_follow", warning="tines.offer_follow_does")]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        """The response for somebody who follows already is not documented, so a refusal is checked."""
        email = await self._required_email(step)
        path = f"{self.api.case_path(step.run_id, 'do')}/subscribers"
        try:
            await self.api.http.write("POST", path, operation="do", json={"user_email": email})
        except (Rejected, Conflict):
            if not await self._follows_surely(step, email):
                raise
            return WriteResult(already=True, message="tines.already")
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        return await self._follows(step, await self._required_email(step))

    async def _follows_surely(self, step: PerformAction, email: str) -> bool:
        try:
            return await self._follows(step, email)
        except AdapterError:
            return False

    async def _follows(self, step: PerformAction, email: str) -> bool:
        subscribers = await self.api.subscribers(step.run_id, "do")
        return email.casefold() in (subscriber.email.casefold() for subscriber in subscribers)

    async def _required_email(self, step: PerformAction) -> str:
        email = await self.people.email(step.by, "do")
        if not email:
            raise Rejected(self.api.platform, "do", key="tines.cannot_follow", person=step.by.shown)
        return email


class TakeOffCase(CaseAction):
    name = "off"

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        return [
            PlatformAction(
                id=f"off:{user.id}", label="tines.offer_off_case", facts={"person": mapping.person(user).shown}
            )
            for user in case.assignees
        ]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        case = await self.api.case(step.run_id, "do")
        gone = [user for user in case.assignees if user.id == self.target(step)]
        if not gone:
            return WriteResult(already=True, message="tines.already")
        await self.update(step, remove_assignee_emails=await self.people.required_emails(gone, "do"))
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        case = await self.api.case(step.run_id, "do")
        return self.target(step) not in [user.id for user in case.assignees]


class HandOverCase(CaseAction):
    """``do hand over the case --set to=ben``: to one person, instead of those who have it."""

    name = "handover"

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        return [
            PlatformAction(
                id="handover", label="tines.offer_hand_over", warning="tines.offer_hand_over_does", inputs=("to",)
            )
        ]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        email = await self.people.typed_email(self.only_option(step, "to"), step.by, "do")
        case = await self.api.case(step.run_id, "do")
        present = await self.people.required_emails(case.assignees, "do")
        gone = [address for address in present if address.casefold() != email.casefold()]
        changes = {"add_assignee_emails": [email], "remove_assignee_emails": gone}
        case = await self.update(step, **{name: emails for name, emails in changes.items() if emails})
        if case.assignees and email.casefold() not in [user.email.casefold() for user in case.assignees]:
            return WriteResult(message="tines.owned_by_nobody", facts={"person": step.options["to"]})
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        email = await self.people.typed_email(self.only_option(step, "to"), step.by, "do")
        case = await self.api.case(step.run_id, "do")
        return [user.email.casefold() for user in case.assignees] == [email.casefold()]


@dataclass
class TaskMembers(CaseAction):
    """Of a task: ``do T3 take Ana off``, and ``do T3 hand over --set to=ben``."""

    tasks: TaskWrites
    name = "task"

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        found: list[PlatformAction] = []
        for task in run.tasks:
            if task.state.is_over or not task.assignees:
                continue
            found += [
                PlatformAction(
                    id=f"task:{task.id}:off:{person.id}",
                    label="tines.offer_off",
                    facts={"person": person.shown},
                    task=task.id,
                )
                for person in task.assignees
                if person.id
            ]
            found.append(
                PlatformAction(
                    id=f"task:{task.id}:handover",
                    label="tines.offer_hand_over_task",
                    warning="tines.offer_hand_over_task_does",
                    task=task.id,
                    inputs=("to",),
                )
            )
        return found

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        task_id, what, person = self._parts(step)
        task = await self.api.task(step.run_id, task_id, "do")
        if what == "handover":
            emails = [await self.people.typed_email(self.only_option(step, "to"), step.by, "do")]
        else:
            kept = [user for user in task.assignees if user.id != person]
            emails = list(await self.people.required_emails(kept, "do"))
        changed = await self.tasks.set_assignees(step, task_id, emails)
        if what == "handover" and not changed.assignees:
            return WriteResult(message="tines.nobody_assigned", facts={"person": step.options["to"]})
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        task_id, what, person = self._parts(step)
        task = await self.api.task(step.run_id, task_id, "do")
        if what != "handover":
            return person not in [user.id for user in task.assignees]
        email = await self.people.typed_email(self.only_option(step, "to"), step.by, "do")
        return [user.email.casefold() for user in task.assignees] == [email.casefold()]

    def _parts(self, step: PerformAction) -> tuple[str, str, str]:
        """(task, "off" or "handover", the user to take off)."""
        task, _, rest = self.target(step).partition(":")
        what, _, person = rest.partition(":")
        return task, what, person
