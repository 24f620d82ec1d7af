"""Tasks that go from one person to the next. Finishing such a one asks: this step, or the whole task.

The answer names the step (``step=TASK:ELEMENT``), because a second "complete" would complete the next
person's: when the chain has moved on from that step, it is done.
"""

from dataclasses import dataclass

from adapters.errors import NotFound, Rejected
from adapters.runrunit.api import Api
from adapters.runrunit.people import People
from adapters.runrunit.wire import WireTask, WireWorkflow
from adapters.writes import FinishTask, SkipTask

STEP = "step"


@dataclass
class Workflows:
    api: Api
    people: People

    async def finish(self, write: FinishTask | SkipTask, task: WireTask) -> tuple[WireTask, str] | None:
        """The task with its next person, and who that is. None: its last step is now, so it is delivered.

        Raises ``Rejected`` with the choices when nobody said yet which.
        """
        now = await self._current(task.id, write.op)
        chosen = chosen_step(write)
        if now is None or (now.is_last_element and chosen is None):
            return None
        next_one = await self._next(now, write.op)
        if chosen is None:
            raise Rejected(
                self.api.name,
                write.op,
                key="runrunit.workflow",
                choices={
                    "runrunit.button.step": (f"{STEP}={task.id}:{now.current_workflow_element_id}",),
                    "runrunit.button.whole": ("part=whole",),
                },
                task=task.title,
                person=next_one,
            )
        if chosen != now.current_workflow_element_id:
            return task, next_one
        return await self.api.act(task.id, "complete_workflow_step", write.op), next_one

    async def is_past(self, write: FinishTask, element: str) -> bool:
        now = await self._current(write.task, write.op)
        return now is None or now.current_workflow_element_id != element

    async def _current(self, task: str, op: str) -> WireWorkflow | None:
        try:
            found = await self.api.workflow(task, op)
        except NotFound:
            return None
        return found if found.current_workflow_element_id else None

    async def _next(self, now: WireWorkflow, op: str) -> str:
        listed = await self.api.elements(now.id, op)
        await self.people.learn()  # elements have no names
        chain = sorted(listed, key=lambda one: (one.order, len(one.id), one.id))
        ids = [one.id for one in chain]
        here = ids.index(now.current_workflow_element_id) if now.current_workflow_element_id in ids else -1
        after = [one for one in chain[here + 1 :] if not one.is_completed]
        return self.people.person(after[0].user_id).shown if after else "nobody"


def chosen_step(write: FinishTask | SkipTask) -> str | None:
    """The element that a person chose to complete, if it is one of this very task."""
    task, _, element = write.options.get(STEP, "").partition(":")
    return element if element and task == write.task else None
