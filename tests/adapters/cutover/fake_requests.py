"""Validates requests strictly: only the fields, types and enumerations of the reference's request models."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.adapters.cutover.world import FakeApiError

STATUSES = ("off", "red", "amber", "green")
START_ENUMS: Mapping[str, Sequence[str]] = {
    "comms": ("off", "test", "on"),
    "run_type": ("live", "rehearsal"),
    "validation_level": ("warning", "error"),
}
START_FLAGS = ("disable_task_notify", "rebaseline", "shift_fixed_times")
RUNBOOK_WRITABLE = (
    "name",
    "description",
    "status",
    "status_message",
    "is_template",
    "timezone",
    "custom_field_values",
    "start_planned",
    "start_scheduled",
    "end_scheduled",
)
TASK_WRITABLE = (
    "name",
    "description",
    "duration",
    "level",
    "disable_notify",
    "end_requirements",
    "start_requirements",
    "custom_field_values",
    "start_fixed",
    "end_fixed",
)
NON_TEXT_TYPES: Mapping[str, type] = {
    "is_template": bool,
    "disable_notify": bool,
    "duration": int,
    "custom_field_values": list,
}
LIST_FILTERS = (
    "page[number]",
    "is_template",
    "folder_id",
    "query",
    "run_type",
    "runbook_id",
    "runbook_type_id",
    "template_status",
    "workspace_id",
)
PLACES = ("workspace", "folder", "runbook_type")
VALUES = {
    "is_template": ("true", "false"),
    "run_type": ("live", "rehearsal"),
    "template_status": ("draft", "pending", "approved"),
    "forecast": ("true", "false"),
}


def check_values(params: Mapping[str, str]) -> None:
    for name, value in params.items():
        if value not in VALUES.get(name, (value,)):
            raise FakeApiError(("inclusion", f"{name} is not included in the list", name), status=400)


@dataclass(frozen=True)
class Copy:
    """``folder`` and ``type`` are ids, or None. ``attributes`` without the name."""

    name: str
    source: str
    tasks: bool
    folder: str | None
    type: str | None
    attributes: dict[str, Any]


def runbook_copy(body: Any, workspace: str) -> Copy:
    """``meta.copy`` is required."""
    data = _data(body, "runbook", ("data", "meta"))
    attributes = _attributes(data, RUNBOOK_WRITABLE)
    name = attributes.pop("name", None)
    check_runbook(attributes)
    if not isinstance(name, str) or not name.strip():
        raise FakeApiError(("blank", "Name can't be blank", "/data/attributes/name"))
    folder, type = (_related(data, other, PLACES) for other in ("folder", "runbook_type"))
    related = _related(data, "workspace", PLACES)
    if related not in (None, workspace):
        raise FakeApiError(("required", "Workspace must exist", "/data/relationships/workspace"))
    meta = _object(body.get("meta"), "/meta", ("copy", "shift_fixed_times"))
    copy = _object(meta.get("copy"), "/meta/copy", ("source_runbook_id", "tasks", "teams", "users"))
    source = copy.get("source_runbook_id")
    if not isinstance(source, str):
        raise FakeApiError(("blank", "Source runbook can't be blank", "/meta/copy/source_runbook_id"))
    flags = [_flag(copy, name, "/meta/copy") for name in ("tasks", "teams", "users")]
    return Copy(name, source, flags[0], folder, type, attributes)


def check_runbook(attributes: Mapping[str, Any]) -> None:
    if attributes.get("start_planned") and attributes.get("start_scheduled"):
        raise FakeApiError(("must_be_empty", "must be empty.", "/data/attributes/start_planned"))
    if attributes.get("end_scheduled") and not attributes.get("start_scheduled"):
        raise FakeApiError(("must_be_empty", "must be empty.", "/data/attributes/end_scheduled"))


def field_values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """By name. Values of custom fields are given with a name or with an id."""
    where = "/data/attributes/custom_field_values"
    values: dict[str, Any] = {}
    for given in attributes.get("custom_field_values") or ():
        pair = _object(given, where, ("name", "custom_field_id", "value"))
        if not isinstance(pair.get("name"), str) or not isinstance(pair.get("value"), str | list):
            raise FakeApiError(("invalid", "custom_field_values is invalid", where), status=400)
        values[pair["name"]] = pair["value"]
    return values


def runbook_changes(body: Any, id: str) -> dict[str, Any]:
    data = _data(body, "runbook", ("data", "meta"))
    if data.get("id", id) != id:
        raise FakeApiError(("invalid", "id does not match", "/data/id"), status=400)
    changes = _attributes(data, RUNBOOK_WRITABLE)
    check_runbook(changes)
    if changes.get("status", "off") not in STATUSES:
        raise FakeApiError(("inclusion", "Status is not included in the list", "/data/attributes/status"))
    if len(str(changes.get("status_message", ""))) > 2000:
        raise FakeApiError(
            ("too_long", "is too long (maximum is 2000 characters)", "/data/attributes/status_message")
        )
    return changes


def start_meta(body: Any) -> dict[str, Any]:
    """``comms`` and ``run_type`` are required: the vendor's own client always sends them."""
    meta = _only_meta(body, (*START_ENUMS, *START_FLAGS))
    for name, allowed in START_ENUMS.items():
        if name in meta and meta[name] not in allowed:
            raise FakeApiError(("inclusion", f"{name} is not included in the list", f"/meta/{name}"))
    for name in ("comms", "run_type"):
        if name not in meta:
            raise FakeApiError(("blank", f"{name} can't be blank", f"/meta/{name}"))
    for name in START_FLAGS:
        _flag(meta, name, "/meta")
    return meta


def check_action(body: Any) -> tuple[bool, list[str] | None]:
    """Returns (override, chosen successor ids) of a task's start or finish."""
    meta = _only_meta(body, ("override", "selected_successor_ids"))
    chosen = meta.get("selected_successor_ids")
    if chosen is not None and not (isinstance(chosen, list) and all(type(id) is int for id in chosen)):
        raise FakeApiError(("not_a_number", "is not a number", "/meta/selected_successor_ids"))
    return _flag(meta, "override", "/meta"), None if chosen is None else [str(id) for id in chosen]


def extra_meta(body: Any, allowed: Mapping[str, type]) -> dict[str, Any]:
    meta = _only_meta(body, tuple(allowed))
    for name, value in meta.items():
        if not isinstance(value, allowed[name]):
            raise FakeApiError(("invalid", f"{name} is invalid", f"/meta/{name}"), status=400)
    return meta


def comment_body(body: Any) -> tuple[str, str | None]:
    data = _data(body, "comment", ("data",))
    content = _attributes(data, ("content",)).get("content")
    if not isinstance(content, str) or not content.strip():
        raise FakeApiError(("blank", "Content can't be blank", "/data/attributes/content"))
    return content, _related(data, "task", ("task",))


def task_changes(body: Any, id: str) -> dict[str, Any]:
    data = _data(body, "task", ("data",))
    if data.get("id", id) != id:
        raise FakeApiError(("invalid", "id does not match", "/data/id"), status=400)
    return _attributes(data, TASK_WRITABLE)


def task_body(body: Any) -> tuple[dict[str, Any], str | None]:
    data = _data(body, "task", ("data",))
    attributes = _attributes(data, TASK_WRITABLE)
    if not isinstance(attributes.get("name"), str) or not attributes["name"].strip():
        raise FakeApiError(("blank", "Name can't be blank", "/data/attributes/name"))
    return attributes, _related(data, "stream", ("stream", "task_type"))


def _only_meta(body: Any, allowed: Collection[str]) -> dict[str, Any]:
    """Actions have ``meta`` but no ``data``."""
    return _object(_object(body, "/", ("meta",)).get("meta", {}), "/meta", allowed)


def _data(body: Any, type: str, top: Collection[str]) -> dict[str, Any]:
    data = _object(_object(body, "/", top).get("data"), "/data", ("id", "type", "attributes", "relationships"))
    if data.get("type") != type:
        raise FakeApiError(("inclusion", "Type is not included in the list", "/data/type"), status=400)
    return data


def _attributes(data: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    attributes = _object(data.get("attributes", {}), "/data/attributes", allowed)
    for name, value in attributes.items():
        if value is not None and type(value) is not NON_TEXT_TYPES.get(name, str):
            raise FakeApiError(("invalid", f"{name} is invalid", f"/data/attributes/{name}"), status=400)
    return attributes


def _related(data: Mapping[str, Any], name: str, allowed: Collection[str]) -> str | None:
    relations = _object(data.get("relationships", {}), "/data/relationships", allowed)
    if name not in relations:
        return None
    where = f"/data/relationships/{name}"
    other = _object(_object(relations[name], where, ("data",)).get("data"), where, ("id", "type"))
    if other.get("type") != name or not isinstance(other.get("id"), str):
        raise FakeApiError(("invalid", f"{name} is invalid", where), status=400)
    return str(other["id"])


def _flag(values: Mapping[str, Any], name: str, where: str) -> bool:
    value = values.get(name, False)
    if not isinstance(value, bool):
        raise FakeApiError(("invalid", f"{name} must be true or false", f"{where}/{name}"), status=400)
    return value


def _object(value: Any, where: str, allowed: Collection[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FakeApiError(("invalid", f"{where} must be an object", where), status=400)
    for name in value:
        if name not in allowed:
            raise FakeApiError(("invalid", f"{name} cannot be given", f"{where}/{name}"), status=400)
    return value
