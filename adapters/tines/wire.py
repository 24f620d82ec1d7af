"""The JSON of the Tines cases API v2, parsed leniently because its samples are inconsistent.

A user's id is ``user_id`` (text) in a case, ``user_id`` (number) in a comment, and ``id`` in a task or an
activity. An assignee of a task may have no other field. Only ids are required.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _to_text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, str | int | float) else ""


def _to_id(value: object) -> object:
    """An id as text. ``None`` for anything else, which a field of type ``Id`` then refuses."""
    text = _to_text(value)
    return text if _ID.fullmatch(text) else None


def _to_flag(value: object) -> bool:
    return value is True or value == "true"


def _to_object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _to_text_values(value: object) -> dict[str, str]:
    return {str(key): _to_text(item) for key, item in _to_object(value).items()}


def _to_objects(value: object) -> list[object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _with_id(*keys: str) -> Callable[[object], list[object]]:
    """The objects of a list that have an id under any of ``keys`` (the first wins), with it as ``id``."""

    def with_id(value: object) -> list[object]:
        result: list[object] = []
        for item in _to_objects(value):
            fields = _to_object(item)
            id = next((id for key in keys if (id := _to_id(fields.get(key)))), None)
            if id is not None:
                result.append({**fields, "id": id})
        return result

    return with_id


def _optional(*keys: str) -> Callable[[object], object]:
    """One object with an id, or ``None``."""
    with_id = _with_id(*keys)
    return lambda value: next(iter(with_id([value])), None)


def _to_names(value: object) -> list[str]:
    """Tags are objects with a name."""
    return [name for item in _to_objects(value) if (name := _to_text(_to_object(item).get("name")))]


def _to_texts(value: object) -> list[str]:
    return [_to_text(item) for item in value] if isinstance(value, list) else []


def _to_number(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _page_items(key: str) -> Callable[[object], object]:
    """The items of a page that have an id. A value that is no list is left for pydantic to refuse."""

    def page_items(value: object) -> object:
        if not isinstance(value, list):
            return value
        return [item for item in _to_objects(value) if _to_id(_to_object(item).get(key)) is not None]

    return page_items


T = TypeVar("T")
Text = Annotated[str, BeforeValidator(_to_text)]
Id = Annotated[str, BeforeValidator(_to_id)]
Flag = Annotated[bool, BeforeValidator(_to_flag)]
Count = Annotated[int | None, BeforeValidator(_to_number)]
Many = Annotated[tuple[T, ...], BeforeValidator(_with_id("id"))]
Items = Annotated[tuple[T, ...], BeforeValidator(_page_items("id"))]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class User(Wire):
    id: Id
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    is_service_account: Flag = False


Users = Annotated[tuple[User, ...], BeforeValidator(_with_id("user_id", "id"))]


class Task(Wire):
    id: Id
    description: Text = ""
    completed: Flag = False
    assignees: Users = ()
    created_at: Text = ""
    updated_at: Text = ""


class SubStatus(Wire):
    id: Id
    name: Text = ""


class ValidationOptions(Wire):
    options: Annotated[tuple[str, ...], BeforeValidator(_to_texts)] = ()


class CaseInput(Wire):
    id: Id
    key: Text = ""
    name: Text = ""
    validation_type: Text = ""
    validation_options: Annotated[ValidationOptions, BeforeValidator(_to_object)] = ValidationOptions()


class FieldValue(Wire):
    id: Text = ""
    value: Text = ""
    case_input: Annotated[CaseInput | None, BeforeValidator(_optional("id"))] = None


class ClosureCondition(Wire):
    name: Text = ""
    formula: Text = ""


class EmbeddedAction(Wire):
    """An action inside a case, where its text and parameters are missing. ``action_type``: ``webhook`` or
    ``page``.
    """

    label: Text = ""
    url: Text = ""
    action_type: Text = ""
    action_text: Text = ""
    query_params: Annotated[dict[str, Any], BeforeValidator(_to_object)] = {}


class CaseAction(EmbeddedAction):
    """An action as the list of a case's actions returns it."""

    id: Id


class Meta(Wire):
    next_page_number: Count = None
    pages: Count = None


class File(Wire):
    filename: Text = ""
    url: Text = ""


class Activity(Wire):
    """``file`` is filled for attached files only."""

    id: Id
    activity_type: Text = ""
    value: Text = ""
    created_at: Text = ""
    user: Annotated[User | None, BeforeValidator(_optional("user_id", "id"))] = None
    file: Annotated[File, BeforeValidator(_to_object)] = File()


class Sla(Wire):
    sla_type: Text = ""
    remaining_time_seconds: Count = None
    exceeded: Flag = False


class Team(Wire):
    id: Text = ""
    name: Text = ""


class LinkedCase(Wire):
    case_id: Id
    name: Text = ""

    @property
    def id(self) -> str:
        return self.case_id


class Case(Wire):
    case_id: Id
    name: Text = ""
    description: Text = ""
    status: Text = ""
    sub_status: Annotated[SubStatus | None, BeforeValidator(_optional("id"))] = None
    priority: Text = ""
    url: Text = ""
    metadata: Annotated[dict[str, str], BeforeValidator(_to_text_values)] = {}
    assignees: Users = ()
    tags: Annotated[tuple[str, ...], BeforeValidator(_to_names)] = ()
    fields: Annotated[tuple[FieldValue, ...], BeforeValidator(_to_objects)] = ()
    closure_conditions: Annotated[tuple[ClosureCondition, ...], BeforeValidator(_to_objects)] = ()
    actions: Annotated[tuple[EmbeddedAction, ...], BeforeValidator(_to_objects)] = ()
    tasks: Many[Task] = ()
    activities: Many[Activity] = ()
    activities_meta: Annotated[Meta, BeforeValidator(_to_object)] = Meta()
    linked_cases: Annotated[tuple[LinkedCase, ...], BeforeValidator(_with_id("case_id"))] = ()
    slas: Annotated[tuple[Sla, ...], BeforeValidator(_to_objects)] = ()
    team: Annotated[Team, BeforeValidator(_to_object)] = Team()
    created_at: Text = ""
    updated_at: Text = ""

    @property
    def id(self) -> str:
        return self.case_id


class Comment(Wire):
    """``user`` is the service account of the key if Tines did not accept ``author_email``."""

    id: Id
    value: Text = ""
    created_at: Text = ""
    user: Annotated[User | None, BeforeValidator(_optional("user_id", "id"))] = None


class CaseTemplate(Wire):
    id: Id
    name: Text = ""
    team: Annotated[Team, BeforeValidator(_to_object)] = Team()
    created_at: Text = ""


class NewTask(Wire):
    description: Text = ""


class TemplatePreview(Wire):
    """What a case of a template would be like. Its form is not documented here: as a case."""

    description: Text = ""
    tags: Annotated[tuple[str, ...], BeforeValidator(_to_names)] = ()
    tasks: Annotated[tuple[NewTask, ...], BeforeValidator(_to_objects)] = ()


class TaskResponse(Wire):
    task: Task


class Metadata(Wire):
    metadata: Annotated[dict[str, str], BeforeValidator(_to_text_values)] = {}


class Page(Wire, Generic[T]):
    meta: Annotated[Meta, BeforeValidator(_to_object)] = Meta()
    items: tuple[T, ...]


class Subscriber(Wire):
    id: Id
    email: Text = ""


class Story(Wire):
    """The counts exist if live activity was requested. They cover the whole story."""

    id: Id
    name: Text = ""
    disabled: Flag = False
    pending_action_runs_count: Count = None
    concurrent_runs_count: Count = None
    not_working_actions_count: Count = None


class Cases(Page[Case]):
    items: Annotated[tuple[Case, ...], BeforeValidator(_page_items("case_id"))] = Field(alias="cases")


class LinkedCases(Page[LinkedCase]):
    items: Annotated[tuple[LinkedCase, ...], BeforeValidator(_page_items("case_id"))] = Field(alias="linked_cases")


class Files(Page[Activity]):
    items: Items[Activity] = Field(alias="files")


class CaseTemplates(Page[CaseTemplate]):
    items: Items[CaseTemplate] = Field(alias="case_templates")


class Tasks(Page[Task]):
    items: Items[Task] = Field(alias="tasks")


class Comments(Page[Comment]):
    items: Items[Comment] = Field(alias="comments")


class CaseActions(Page[CaseAction]):
    items: Items[CaseAction] = Field(alias="actions")


class Activities(Page[Activity]):
    items: Items[Activity] = Field(alias="activities")


class Members(Page[User]):
    items: Items[User] = Field(alias="members")


class Subscribers(Page[Subscriber]):
    items: Items[Subscriber] = Field(alias="subscribers")


class Stories(Page[Story]):
    items: Items[Story] = Field(alias="stories")


class SubStatuses(Page[SubStatus]):
    items: Items[SubStatus] = Field(alias="case_sub_statuses")


class CaseInputs(Page[CaseInput]):
    items: Items[CaseInput] = Field(alias="case_inputs")
