"""Runrun.it's JSON (API v1.0): only the fields that Liaison uses.

``null`` counts as absent, and unknown fields are ignored. Ids of tasks, stages, templates and comments are
numbers, those of users are slugs, those of assignments short hex strings; all are strings here, and so are
dates. Only an object's ``id`` is required.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

WORKING_ON, QUEUED = "working_on", "queued"  # a task's ``state``
OPENED = "opened"  # a stage's ``stage_group``


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data


class WireAssignment(Wire):
    """One person's part of a task. Its id changes when the task is reassigned, so read it just before using it."""

    id: str
    assignee_id: str = ""
    assignee_name: str = ""
    start_date: str = ""
    close_date: str = ""
    is_closed: bool = False
    is_working_on: bool = False


class WireTask(Wire):
    """``parent_ids`` are its prerequisites, ``opened_parent_ids`` the open ones, ``child_ids`` what waits for it.

    ``parent_ids`` and ``child_ids`` are in the field table, but in no sample.
    """

    id: str
    title: str = ""
    project_id: str = ""
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
    parent_ids: tuple[str, ...] = ()
    child_ids: tuple[str, ...] = ()
    parent_task_id: str = ""
    subtask_ids: tuple[str, ...] = ()
    subtasks_count: int = 0
    subtasks_closed_count: int = 0
    workflow_id: str = ""
    checklist_id: str = ""
    assignments: tuple[WireAssignment, ...] = ()

    @property
    def running(self) -> bool:
        """``state`` decides: ``is_working_on`` contradicts it in the sample of "Change task status"."""
        return not self.is_closed and (self.state == WORKING_ON if self.state else self.is_working_on)

    @property
    def open_assignments(self) -> tuple[WireAssignment, ...]:
        return tuple(assignment for assignment in self.assignments if not assignment.is_closed)

    @property
    def prerequisite_ids(self) -> frozenset[str]:
        return frozenset(self.parent_ids).union(self.opened_parent_ids)

    def assignment_of(self, user: str | None) -> WireAssignment | None:
        """The user's assignment; an open one if there are several."""
        own = [assignment for assignment in self.assignments if user and assignment.assignee_id == user]
        return next((assignment for assignment in own if not assignment.is_closed), own[0] if own else None)

    def with_assignment(self, changed: WireAssignment) -> "WireTask":
        """The task after this assignment of it changed."""
        assignments = tuple(changed if item.id == changed.id else item for item in self.assignments)
        is_working = any(assignment.is_working_on for assignment in assignments)
        state = WORKING_ON if is_working else QUEUED if self.state == WORKING_ON else self.state
        return self.model_copy(update={"assignments": assignments, "is_working_on": is_working, "state": state})


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
    created_at: str = ""
    workflow_id: str = ""


class WireProjectTemplate(Wire):
    id: str = ""
    name: str = ""


class WireDocument(Wire):
    file_name: str = ""


class WireComment(Wire):
    """A system message has no author."""

    id: str
    text: str = ""
    user_id: str = ""
    commenter_name: str = ""
    quoted_comment_text: str = ""
    quoted_comment_user_name: str = ""
    quoted_comment_guest_name: str = ""
    documents: tuple[WireDocument, ...] = ()
    is_system_message: bool = False
    created_at: str = ""
    deleted_at: str = ""


class WireDashboard(Wire):
    id: str
    user_id: str = ""


class WireDescription(Wire):
    """Of a task or a task template. The API documentation does not say whether it is HTML."""

    description: str = ""


class WireChecklistItem(Wire):
    id: str
    description: str = ""
    position: int | None = None
    checked: bool = False


class WireStage(Wire):
    """``status_group`` is never read: it contradicts ``stage_group`` in the sample of "List board stages"."""

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
