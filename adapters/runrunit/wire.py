"""What Runrun.it sends: only the fields we use.

Lenient on purpose: ``null`` counts as absent, unknown fields are ignored. Ids of tasks, stages, templates,
comments are numbers, those of users are slugs, those of assignments short hex (contract sheet, section 3); all
are text here, and so are dates. What one object cannot do without is its ``id``.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

WORKING, OPENED = "working_on", "opened"


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data


class WireAssignment(Wire):
    """One person's part of a task. Its id changes when it is made anew: it is read just before it is used."""

    id: str
    assignee_id: str = ""
    assignee_name: str = ""
    start_date: str = ""
    close_date: str = ""
    is_closed: bool = False
    is_working_on: bool = False


class WireTask(Wire):
    """``opened_parent_ids``: open prerequisites. ``child_ids`` is in the field table, and in no sample."""

    id: str
    title: str = ""
    state: str = ""
    is_closed: bool = False
    is_working_on: bool = False
    is_urgent: bool = False
    is_subtask: bool = False
    created_at: str = ""
    start_date: str = ""
    close_date: str = ""
    desired_date_with_time: str = ""
    board_id: str = ""
    board_stage_id: str = ""
    board_stage_name: str = ""
    opened_parent_ids: tuple[str, ...] = ()
    child_ids: tuple[str, ...] = ()
    subtasks_count: int = 0
    subtasks_closed_count: int = 0
    workflow_id: str = ""
    assignments: tuple[WireAssignment, ...] = ()

    @property
    def running(self) -> bool:
        """``is_working_on`` contradicts ``state`` in a sample (sheet, section 4.6): ``state`` is believed."""
        return not self.is_closed and (self.state == WORKING if self.state else self.is_working_on)

    @property
    def open_parts(self) -> tuple[WireAssignment, ...]:
        return tuple(one for one in self.assignments if not one.is_closed)

    def part_of(self, user: str | None) -> WireAssignment | None:
        """This person's assignment; an open one if there are several."""
        mine = [one for one in self.assignments if user and one.assignee_id == user]
        return next((one for one in mine if not one.is_closed), mine[0] if mine else None)

    def with_part(self, part: WireAssignment) -> "WireTask":
        """As it is after this part of it changed."""
        parts = tuple(part if one.id == part.id else one for one in self.assignments)
        working = any(one.is_working_on for one in parts)
        state = WORKING if working else "queued" if self.state == WORKING else self.state
        return self.model_copy(update={"assignments": parts, "is_working_on": working, "state": state})


class WireSubtaskAssignee(Wire):
    assignee_id: str = ""
    assignee_name: str = ""
    team_id: int | None = None


class WireSubtask(Wire):
    """A step of a template. It has no id."""

    title: str = ""
    assignments_data: tuple[WireSubtaskAssignee, ...] = ()


class WireTemplate(Wire):
    id: str
    title: str = ""
    type_id: int | None = None
    subtasks_data: tuple[WireSubtask, ...] = ()
    assignments: tuple[WireSubtaskAssignee, ...] = ()
    follower_ids: tuple[str, ...] = ()


class WireComment(Wire):
    """A system message has no author."""

    id: str
    text: str = ""
    commenter_name: str = ""
    is_system_message: bool = False
    created_at: str = ""
    deleted_at: str = ""


class WireDescription(Wire):
    """Of a task or of a task template. Whether it is HTML is not documented."""

    description: str = ""


class WireStage(Wire):
    """``status_group`` contradicts ``stage_group`` in a sample (sheet, section 4.18): never read."""

    id: str
    name: str = ""
    stage_group: str = ""
    position: int = 0


class WireWorkflow(Wire):
    id: str
    current_workflow_element_id: str = ""
    is_last_element: bool = False


class WireElement(Wire):
    id: str
    order: int = 0
    user_id: str = ""
    is_completed: bool = False


class WireUser(Wire):
    id: str
    name: str = ""
    email: str = ""
