"""Cutover's JSON (Cutover Public API, version 2022-02-22).

Every attribute may be missing or null, and unknown fields are ignored. Only a resource's ``id`` and a list's
``data`` are required. Dates stay text here, because the reference does not give their format.
"""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


def _object_or_empty(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _ids(value: object) -> object:
    """Ids are numbers in request bodies and strings in responses."""
    return [str(id) for id in value if isinstance(id, int | str)] if isinstance(value, list) else None


def _objects(value: object) -> object:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> object:
    """A value of a custom field: a text, or a list of texts where several can be chosen."""
    if isinstance(value, list):
        return ", ".join(str(part) for part in value if isinstance(part, str | int | float))
    return str(value) if isinstance(value, str | int | float | bool) else None


class FieldValue(Wire):
    """Of a custom field. ``display_name`` is not in the reference; newer versions may send it."""

    name: str | None = None
    display_name: str | None = None
    custom_field_id: str | None = None
    value: Annotated[str | None, BeforeValidator(_text)] = None


FieldValues = Annotated[tuple[FieldValue, ...], BeforeValidator(_objects)]


class RunbookAttributes(Wire):
    name: str | None = None
    description: str | None = None
    archived: bool | None = None
    is_template: bool | None = None
    template_status: str | None = None
    stage: str | None = None
    status: str | None = None
    status_message: str | None = None
    status_updated_at: str | None = None
    run_type: str | None = None
    run_comms: str | None = None
    custom_field_values: FieldValues = ()
    created_at: str | None = None
    start_actual: str | None = None
    start_scheduled: str | None = None
    end_actual: str | None = None
    end_forecast: str | None = None
    end_planned: str | None = None
    end_scheduled: str | None = None
    updated_at: str | None = None


class TaskAttributes(Wire):
    """``predecessor_ids`` and ``successor_ids`` come only with ``forecast=true``, and not from every version."""

    name: str | None = None
    description: str | None = None
    stage: str | None = None
    completion_type: str | None = None
    custom_field_values: FieldValues = ()
    start_requirements: str | None = None
    end_requirements: str | None = None
    start_actual: str | None = None
    end_actual: str | None = None
    end_fixed: str | None = None
    end_planned: str | None = None
    updated_at: str | None = None
    predecessor_ids: Annotated[tuple[str, ...] | None, BeforeValidator(_ids)] = None
    successor_ids: Annotated[tuple[str, ...] | None, BeforeValidator(_ids)] = None


class StreamAttributes(Wire):
    name: str | None = None
    status: str | None = None
    status_message: str | None = None


class CommentAttributes(Wire):
    content: str | None = None
    created_at: str | None = None  # not in the reference; newer versions may send it


class TaskTypeAttributes(Wire):
    auto_finish: bool | None = None
    auto_start: bool | None = None
    comms: str | None = None
    conditional_progression: bool | None = None


class RunbookTypeAttributes(Wire):
    archived: bool | None = None
    disabled: bool | None = None
    key: str | None = None
    name: str | None = None


class NamedAttributes(Wire):
    """Of a workspace and of a folder."""

    key: str | None = None
    name: str | None = None


class UserAttributes(Wire):
    archived: bool | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    handle: str | None = None


A = TypeVar("A", bound=Wire)


class Resource(Wire, Generic[A]):
    id: str
    attributes: Annotated[A, BeforeValidator(_object_or_empty), Field(default_factory=dict, validate_default=True)]
    relationships: Annotated[dict[str, Any], BeforeValidator(_object_or_empty)] = {}

    def related_id(self, name: str) -> str | None:
        """The id of the resource that the to-one relationship ``name`` points to."""
        relation = self.relationships.get(name)
        data = relation.get("data") if isinstance(relation, dict) else None
        id = data.get("id") if isinstance(data, dict) else None
        return str(id) if isinstance(id, int | str) and id != "" else None

    def related(self, name: str) -> tuple[tuple[str, str], ...] | None:
        """(type, id) of what the to-many relationship ``name`` points to; None without that relationship."""
        relation = self.relationships.get(name)
        data = relation.get("data") if isinstance(relation, dict) else None
        if not isinstance(data, list):
            return None
        found = (item for item in data if isinstance(item, dict) and isinstance(item.get("id"), int | str))
        return tuple((str(item.get("type") or ""), str(item["id"])) for item in found)


R = TypeVar("R", bound=Resource[Any])
Runbook = Resource[RunbookAttributes]
Task = Resource[TaskAttributes]
Stream = Resource[StreamAttributes]
Comment = Resource[CommentAttributes]
TaskType = Resource[TaskTypeAttributes]
RunbookType = Resource[RunbookTypeAttributes]
Workspace = Resource[NamedAttributes]
Folder = Resource[NamedAttributes]
User = Resource[UserAttributes]


def _link(value: object) -> object:
    """JSON:API allows a string, an object with ``href``, or null."""
    link = value.get("href") if isinstance(value, dict) else value
    return link if isinstance(link, str) and link else None


class Links(Wire):
    first: Annotated[str | None, BeforeValidator(_link)] = None
    last: Annotated[str | None, BeforeValidator(_link)] = None
    prev: Annotated[str | None, BeforeValidator(_link)] = None
    next: Annotated[str | None, BeforeValidator(_link)] = None


class SingleResponse(Wire, Generic[R]):
    data: R


RunbookResponse = SingleResponse[Runbook]
TaskResponse = SingleResponse[Task]
CommentResponse = SingleResponse[Comment]
UserResponse = SingleResponse[User]


class ListResponse(Wire, Generic[R]):
    data: tuple[R, ...]
    links: Annotated[Links, BeforeValidator(_object_or_empty)] = Links()
    meta: Annotated[dict[str, Any], BeforeValidator(_object_or_empty)] = {}

    @property
    def total(self) -> int | None:
        """The number of items on all pages. The reference does not say so, so use it only as a confirmation."""
        page = self.meta.get("page")
        total = page.get("total") if isinstance(page, dict) else None
        return total if isinstance(total, int) else None


class ErrorSource(Wire):
    """The reference's example says ``pointer``, its schemas say ``parameter``."""

    pointer: str | None = None
    parameter: str | None = None


class ErrorObject(Wire):
    code: str | None = None
    title: str | None = None
    detail: str | None = None
    source: Annotated[ErrorSource, BeforeValidator(_object_or_empty)] = ErrorSource()


class ErrorResponse(Wire):
    errors: Annotated[tuple[ErrorObject, ...], BeforeValidator(_objects)] = ()
