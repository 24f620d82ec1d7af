"""Maps Cutover's error responses to adapter errors (Cutover Public API, "Error Statuses" and "Error Codes").

Errors are recognized by ``code`` and ``source``, because titles and details are copy that may change. The detail
is still shown: it carries the counts ("3 tasks in this runbook are unassigned"). The reference never lists all
statuses of an endpoint, so every endpoint may answer with any status.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adapters.cutover import wire
from adapters.errors import (
    AdapterError,
    Conflict,
    CredentialsRejected,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreachable,
    Unsupported,
)
from adapters.http.responses import ErrorMapper, Response, excerpt
from adapters.toolkit.messages import load_messages, message_text
from adapters.writes import FIELD

MESSAGES = Path(__file__).with_name("messages.toml")
CONFLICT_CODES = frozenset(
    {
        "already_actioned",
        "task.already_started",
        "task.user_already_started",
        "task.user_already_finished",
        "task.not_startable",
        "task.not_finishable",
    }
)
NOT_FOUND_CODES = frozenset({"not_found", "wrong_task_internal_id"})
START_CHECK_PREFIX = "runbooks.start."
BLOCKING_START_CHECKS = frozenset({"runbooks.start.max_tasks_exceeded"})
OVERRIDABLE_CODES = frozenset({"task.same_must_finish", "task.user_not_assigned"})


def error_mapper(platform: str) -> ErrorMapper:
    """The error mapper of the Cutover named ``platform``."""

    def map_error(response: Response, operation: str, is_write: bool) -> AdapterError | None:
        objects = _error_objects(response)
        said = _details(objects) or excerpt(response)
        error = _error_by_status(platform, operation, response.status, said, is_write)
        if error is not None:
            return error
        if response.status < 400:
            return None  # a redirect: the HTTP client handles it
        return _error_by_code(platform, operation, response.status, objects, said)

    return map_error


def error_codes(error: AdapterError) -> frozenset[str]:
    """Cutover's own codes in an error made by ``error_mapper``."""
    codes = error.facts.get("codes", ())
    return frozenset(codes) if isinstance(codes, tuple) else frozenset()


def reason_line(error: wire.ErrorObject) -> str:
    """One line for one error object: Cutover's detail, or our text for its code if it has none."""
    own_text = _messages().get(f"cutover.{error.code}", "")
    text = error.detail or own_text or error.title or error.code or ""
    line = " ".join(text.replace("{field}", _field_name([error], error.code)).split())
    return line[:300]


def _error_by_status(platform: str, operation: str, status: int, said: str, is_write: bool) -> AdapterError | None:
    if status == 401:
        return CredentialsRejected(platform, operation, key="cutover.token", said=said)
    if status in (405, 501):
        return Unsupported(platform, operation, key="cutover.too_old", said=said, status=status)
    if status == 408 or status >= 500:
        if is_write:
            return OutcomeUnknown(platform, operation, said=said, status=status)
        return Unreachable(platform, operation, key="cutover.busy", said=said, status=status)
    return None


def _error_by_code(
    platform: str, operation: str, status: int, objects: Sequence[wire.ErrorObject], said: str
) -> AdapterError:
    codes = tuple(dict.fromkeys(error.code for error in objects if error.code))
    code = next((code for code in codes if f"cutover.{code}" in _messages()), None)
    facts: dict[str, Any] = {"codes": codes, "status": status, "field": _field_name(objects, code)}
    key = f"cutover.{code}" if code else None
    if status in (404, 410) or code in NOT_FOUND_CODES:
        return NotFound(platform, operation, key=key or "cutover.not_found", said=said, **facts)
    if code in CONFLICT_CODES:
        return Conflict(platform, operation, key=key, said=said, **facts)
    if status == 409:
        return Conflict(platform, operation, key=key or "cutover.already_actioned", said=said, **facts)
    if status == 403:
        return Rejected(platform, operation, key=key or "cutover.unauthorized", said=said, **facts)
    if "missing_custom_field_value" in codes:
        return _missing_fields(platform, operation, objects, said, facts)
    reasons = tuple(reason_line(error) for error in objects)
    if any(code.startswith(START_CHECK_PREFIX) for code in codes):
        return Rejected(platform, operation, key="cutover.start_checks", said=said, reasons=reasons, **facts)
    retry_with = ("override=true",) if codes and set(codes) <= OVERRIDABLE_CODES else ()
    return Rejected(
        platform,
        operation,
        key=key or "cutover.refused",
        said=said,
        reasons=reasons if len(reasons) > 1 else (),
        retry_with=retry_with,
        **facts,
    )


def _missing_fields(
    platform: str, operation: str, objects: Sequence[wire.ErrorObject], said: str, facts: Mapping[str, Any]
) -> Rejected:
    """Custom fields that have to be filled in first. Only the detail names them."""
    names = dict.fromkeys(
        found[1] for error in objects if (found := re.search(r"'([^'\n]{1,100})'", error.detail or ""))
    )
    if not names:
        return Rejected(platform, operation, key="cutover.missing_custom_field_value", said=said, **facts)
    example = " ".join(f'--set "{FIELD}{name}=…"' for name in names)
    return Rejected(
        platform, operation, key="cutover.missing_fields", fields=", ".join(names), example=example, **facts
    )


def _error_objects(response: Response) -> tuple[wire.ErrorObject, ...]:
    try:
        return wire.ErrorResponse.model_validate(response.json()).errors
    except ValidationError:
        return ()


def _details(objects: Sequence[wire.ErrorObject]) -> str:
    return "; ".join(text for error in objects if (text := error.detail or error.title))


def _field_name(objects: Sequence[wire.ErrorObject], code: str | None) -> str:
    """The field an error is about, as people say it: ``/data/attributes/status_message`` is "status message"."""
    for error in objects:
        pointer = error.source.pointer or error.source.parameter
        if pointer and (code is None or error.code == code):
            name = re.split(r"[/.\[\]]+", pointer.rstrip("/]"))[-1].replace("_", " ")
            if name:
                return name
            break
    return message_text(MESSAGES, "cutover.label.a_field")


def _messages() -> Mapping[str, str]:
    return load_messages(MESSAGES)
