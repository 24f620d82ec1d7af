"""The JSON of Tines' cases API v2, read as leniently as its samples are loose.

A user's id is ``user_id`` (text) in a case, ``user_id`` (number) in a comment and ``id`` in a task or an
activity; an assignee of a task may have nothing else (sheet 4.1 and 4.12). Only an id is demanded of anything.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, str | int | float) else ""


def _id(value: object) -> object:
    """An id as text; ``None``, which no id field takes, for what cannot be one."""
    text = _text(value)
    return text if _ID.fullmatch(text) else None


def _flag(value: object) -> bool:
    return value is True or value == "true"


def _object(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> dict[str, str]:
    """Key-value pairs of any kind, as text."""
    return {str(key): _text(one) for key, one in value.items()} if isinstance(value, dict) else {}


def _objects(value: object) -> list[object]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _known(*keys: str) -> Callable[[object], list[object]]:
    """Those objects of a list that have an id, under whichever of these keys comes first."""

    def known(value: object) -> list[object]:
        found: list[object] = []
        for one in _objects(value):
            id = next((id for key in keys if (id := _id(_object_of(one).get(key)))), None)
            if id is not None:
                found.append({**_object_of(one), "id": id})
        return found

    return known


def _object_of(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _one(*keys: str) -> Callable[[object], object]:
    def one(value: object) -> object:
        return next(iter(_known(*keys)([value])), None)

    return one


def _names(value: object) -> list[str]:
    """Tags are objects with a name."""
    return [name for one in _objects(value) if (name := _text(_object_of(one).get("name")))]


def _strings(value: object) -> list[str]:
    return [_text(one) for one in value] if isinstance(value, list) else []


def _number(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


T = TypeVar("T")
Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[str, BeforeValidator(_id)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Count = Annotated[int | None, BeforeValidator(_number)]
Many = Annotated[tuple[T, ...], BeforeValidator(_known("id"))]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class User(Wire):
    id: Id
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""


Users = Annotated[tuple[User, ...], BeforeValidator(_known("user_id", "id"))]


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
    options: Annotated[tuple[str, ...], BeforeValidator(_strings)] = ()


class CaseInput(Wire):
    id: Id
    key: Text = ""
    name: Text = ""
    validation_type: Text = ""
    validation_options: Annotated[ValidationOptions, BeforeValidator(_object)] = ValidationOptions()


class FieldValue(Wire):
    id: Text = ""
    value: Text = ""
    case_input: Annotated[CaseInput | None, BeforeValidator(_one("id"))] = None


class Condition(Wire):
    name: Text = ""
    formula: Text = ""


class Action(Wire):
    """A button of a case. ``action_type`` is ``webhook`` or ``page``."""

    label: Text = ""
    url: Text = ""
    action_type: Text = ""
    action_text: Text = ""
    query_params: Annotated[dict[str, Any], BeforeValidator(_object)] = {}


class Button(Action):
    """An action as the list of them tells it."""

    id: Id


class Sla(Wire):
    sla_type: Text = ""
    remaining_time_seconds: Count = None
    exceeded: Flag = False


class Team(Wire):
    id: Text = ""
    name: Text = ""


class Case(Wire):
    case_id: Id
    name: Text = ""
    description: Text = ""
    status: Text = ""
    sub_status: Annotated[SubStatus | None, BeforeValidator(_one("id"))] = None
    priority: Text = ""
    url: Text = ""
    metadata: Annotated[dict[str, str], BeforeValidator(_texts)] = {}
    assignees: Users = ()
    tags: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    fields: Annotated[tuple[FieldValue, ...], BeforeValidator(_objects)] = ()
    closure_conditions: Annotated[tuple[Condition, ...], BeforeValidator(_objects)] = ()
    actions: Annotated[tuple[Action, ...], BeforeValidator(_objects)] = ()
    tasks: Many[Task] = ()
    slas: Annotated[tuple[Sla, ...], BeforeValidator(_objects)] = ()
    team: Annotated[Team, BeforeValidator(_object)] = Team()
    created_at: Text = ""

    @property
    def id(self) -> str:
        return self.case_id


class Comment(Wire):
    """``user`` is the key's own where the author was not taken."""

    id: Id
    value: Text = ""
    created_at: Text = ""
    user: Annotated[User | None, BeforeValidator(_one("user_id", "id"))] = None


class Activity(Wire):
    id: Id
    activity_type: Text = ""
    created_at: Text = ""
    user: Annotated[User | None, BeforeValidator(_one("user_id", "id"))] = None


class OneTask(Wire):
    task: Task


class Metadata(Wire):
    metadata: Annotated[dict[str, str], BeforeValidator(_texts)] = {}


class Meta(Wire):
    next_page_number: Count = None


class Page(Wire):
    meta: Annotated[Meta, BeforeValidator(_object)] = Meta()


class Subscriber(Wire):
    id: Id
    email: Text = ""


class Story(Wire):
    """The counts are there where live activity was asked for, and are about the story as a whole."""

    id: Id
    name: Text = ""
    disabled: Flag = False
    pending_action_runs_count: Count = None
    concurrent_runs_count: Count = None
    not_working_actions_count: Count = None


class Cases(Page):
    cases: Annotated[tuple[Case, ...], BeforeValidator(lambda value: _listed(value, "case_id"))]


class Tasks(Page):
    tasks: Annotated[tuple[Task, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class Comments(Page):
    comments: Annotated[tuple[Comment, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class Actions(Page):
    actions: Annotated[tuple[Button, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class Activities(Page):
    activities: Annotated[tuple[Activity, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class Members(Page):
    members: Annotated[tuple[User, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class Subscribers(Page):
    subscribers: Annotated[tuple[Subscriber, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class Stories(Page):
    stories: Annotated[tuple[Story, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class SubStatuses(Page):
    case_sub_statuses: Annotated[tuple[SubStatus, ...], BeforeValidator(lambda value: _listed(value, "id"))]


class CaseInputs(Page):
    case_inputs: Annotated[tuple[CaseInput, ...], BeforeValidator(lambda value: _listed(value, "id"))]


def _listed(value: object, key: str) -> object:
    """A list's things that have an id. What is no list at all stays as it is, to be complained about."""
    if not isinstance(value, list):
        return value
    return [one for one in _objects(value) if _id(_object_of(one).get(key)) is not None]
