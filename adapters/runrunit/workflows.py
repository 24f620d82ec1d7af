"""Task workflows: tasks that pass from one person to the next. Finishing one asks: this step, or the whole task.

The answer names the step (``step=TASK:ELEMENT``), because completing a second time would complete the next
person's step. A step counts as complete once the workflow has moved past it.
"""

from dataclasses import dataclass

from adapters.errors import NotFound, Rejected
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.errors import MESSAGES
from adapters.runrunit.people import People
from adapters.runrunit.text import plain_title
from adapters.runrunit.wire import WireTask, WireWorkflow
from adapters.toolkit.messages import message_text
from adapters.writes import EndRun, FinishTask, SkipTask

STEP = "step"
StepWrite = FinishTask | SkipTask | EndRun


@dataclass
class Workflows:
    api: RunrunitApi
    people: People

    async def finish(self, write: StepWrite, task: WireTask) -> tuple[WireTask, str] | None:
        """Completes the chosen step. Returns the task and the name of the next person.

        Returns None on the last step, where the task has to be delivered instead. Raises ``Rejected`` with the
        choices if nobody has chosen yet.
        """
        workflow = await self._current(task.id, write.op)
        chosen = chosen_step(write)
        if workflow is None or (workflow.is_last_element and chosen is None):
            return None
        next_person = await self._next_person(workflow, write.op)
        if chosen is None:
            raise Rejected(
                self.api.name,
                write.op,
                key="runrunit.workflow",
                choices={
                    "runrunit.button.step": (f"{STEP}={task.id}:{workflow.current_workflow_element_id}",),
                    "runrunit.button.whole": ("part=whole",),
                },
                task=plain_title(task.title),
                person=next_person,
            )
        if chosen != workflow.current_workflow_element_id:
            return task, next_person
        return await self.api.act(task.id, "complete_workflow_step", write.op), next_person

    async def is_past(self, write: StepWrite, element: str) -> bool:
        workflow = await self._current(write.target or write.run_id, write.op)
        return workflow is None or workflow.current_workflow_element_id != element

    async def _current(self, task: str, operation: str) -> WireWorkflow | None:
        try:
            workflow = await self.api.workflow(task, operation)
        except NotFound:
            return None
        return workflow if workflow.current_workflow_element_id else None

    async def _next_person(self, workflow: WireWorkflow, operation: str) -> str:
        elements = await self.api.workflow_elements(workflow.id, operation)
        await self.people.refresh()  # elements have no names
        ordered = sorted(elements, key=lambda element: (element.order, len(element.id), element.id))
        ids = [element.id for element in ordered]
        current = workflow.current_workflow_element_id
        position = ids.index(current) if current in ids else -1
        remaining = [element for element in ordered[position + 1 :] if not element.is_completed]
        if not remaining:
            return message_text(MESSAGES, "runrunit.label.nobody")
        return self.people.person(remaining[0].user_id).shown


def chosen_step(write: StepWrite) -> str | None:
    """The id of the element that a person chose to complete, if it belongs to this task."""
    task, _, element = write.options.get(STEP, "").partition(":")
    return element if element and task == (write.target or write.run_id) else None
