"""What Cutover's error answers mean (reference, "Error Statuses" and "Error Codes").

Errors are told by ``code`` and ``source``: titles and details are copy that may change. A detail is still shown,
as it carries the counts ("3 tasks in this runbook are unassigned"). The statuses listed for an endpoint are
never complete, so every status is expected everywhere.
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
from adapters.toolkit.messages import load_messages

SENTENCES = Path(__file__).with_name("messages.toml")
MOVED_ON = frozenset(
    {
        "already_actioned",
        "task.already_started",
        "task.user_already_started",
        "task.user_already_finished",
        "task.not_startable",
        "task.not_finishable",
    }
)
MISSING = frozenset({"not_found", "wrong_task_internal_id"})
START_CHECK = "runbooks.start."
HARD_CHECKS = frozenset({"runbooks.start.max_tasks_exceeded"})
OVERRIDABLE = frozenset({"task.same_must_finish", "task.user_not_assigned"})


def explaining(platform: str) -> ErrorMapper:
    """The ``explain`` of ``adapters/http.py`` for the Cutover named ``platform``."""

    def explain(reply: Response, operation: str, write: bool) -> AdapterError | None:
        refusals = _refusals(reply)
        said = _said(refusals) or excerpt(reply)
        error = _by_status(platform, operation, reply.status, said, write)
        if error is not None:
            return error
        if reply.status < 400:
            return None  # a redirect: the general rule knows
        return _by_code(platform, operation, reply.status, refusals, said)

    return explain


def codes(error: AdapterError) -> frozenset[str]:
    """Cutover's own codes in an error that came from here."""
    found = error.facts.get("codes", ())
    return frozenset(found) if isinstance(found, tuple) else frozenset()


def _by_status(platform: str, operation: str, status: int, said: str, write: bool) -> AdapterError | None:
    if status == 401:
        return CredentialsRejected(platform, operation, key="cutover.token", said=said)
    if status in (405, 501):
        return Unsupported(platform, operation, key="cutover.too_old", said=said, status=status)
    if status == 408 or status >= 500:
        if write:
            return OutcomeUnknown(platform, operation, said=said, status=status)
        return Unreachable(platform, operation, key="cutover.busy", said=said, status=status)
    return None


def _by_code(
    platform: str, operation: str, status: int, refusals: Sequence[wire.Refusal], said: str
) -> AdapterError:
    found = tuple(dict.fromkeys(refusal.code for refusal in refusals if refusal.code))
    known = next((code for code in found if f"cutover.{code}" in _sentences()), None)
    facts: dict[str, Any] = {"codes": found, "status": status, "field": _field(refusals, known)}
    key = f"cutover.{known}" if known else None
    if status in (404, 410) or known in MISSING:
        return NotFound(platform, operation, key=key or "cutover.not_found", said=said, **facts)
    if known in MOVED_ON:
        return Conflict(platform, operation, key=key, said=said, **facts)
    if status == 409:
        return Conflict(platform, operation, key=key or "cutover.already_actioned", said=said, **facts)
    if status == 403:
        return Rejected(platform, operation, key=key or "cutover.unauthorized", said=said, **facts)
    reasons = tuple(reason(refusal) for refusal in refusals)
    if any(code.startswith(START_CHECK) for code in found):
        return Rejected(platform, operation, key="cutover.start_checks", said=said, reasons=reasons, **facts)
    several = reasons if len(reasons) > 1 else ()
    again = ("override=true",) if found and set(found) <= OVERRIDABLE else ()
    key = key or "cutover.refused"
    return Rejected(platform, operation, key=key, said=said, reasons=several, retry_with=again, **facts)


def sentence(key: str, **facts: str) -> str:
    return _sentences()[key].format(**facts)


def reason(refusal: wire.Refusal) -> str:
    """One refusal in one line: Cutover's detail, as it has the counts, else our words for its code."""
    words = (
        refusal.detail or _sentences().get(f"cutover.{refusal.code}", "") or refusal.title or refusal.code or ""
    )
    line = " ".join(words.replace("{field}", _field([refusal], refusal.code)).split())
    return line[:300]


def _refusals(reply: Response) -> tuple[wire.Refusal, ...]:
    try:
        return wire.Refusals.model_validate(reply.json()).errors
    except ValidationError:
        return ()


def _said(refusals: Sequence[wire.Refusal]) -> str:
    return "; ".join(words for refusal in refusals if (words := refusal.detail or refusal.title))


def _field(refusals: Sequence[wire.Refusal], code: str | None) -> str:
    """The field that a refusal is about, in words: ``/data/attributes/status_message`` is "status message"."""
    for refusal in refusals:
        place = refusal.source.pointer or refusal.source.parameter
        if place and (code is None or refusal.code == code):
            return re.split(r"[/.\[\]]+", place.rstrip("/]"))[-1].replace("_", " ") or "a field"
    return "a field"


def _sentences() -> Mapping[str, str]:
    """Here they only tell which codes have words, and what they are."""
    return load_messages(SENTENCES)
