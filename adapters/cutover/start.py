"""Starting a runbook: the options for ``--set``, the steps, and the report of Cutover's pre-start checks.

A template is copied and then the copy is started, which takes two requests. A planned runbook is started as it
is, and runs live once. ``validation_level`` "warning" is the strict level: it blocks on every finding, while
"error" lets warnings pass (Cutover Public API, "Start Runbook"). The first attempt is strict, and the report of
the findings comes with the option that overrides them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.cutover.errors import BLOCKING_START_CHECKS, MESSAGES, START_CHECK_PREFIX, error_codes
from adapters.errors import Rejected
from adapters.models import RunKey, StartOption
from adapters.toolkit.messages import message_text
from adapters.writes import StartRun

TRUE_FALSE = ("true", "false")
LATE_TASKS = {"runbooks.start.late_tasks"}
OPTIONS: Mapping[str, Sequence[str]] = {
    "comms": ("off", "test", "on"),
    "run_type": ("live", "rehearsal"),
    "validation_level": ("warning", "error"),
    "rebaseline": TRUE_FALSE,
    "shift_fixed_times": TRUE_FALSE,
    "disable_task_notify": TRUE_FALSE,
}
# Options that start with an underscore can't be typed: only buttons made by Liaison pass them.
COPIED = "_copied"  # the id of the copy made by an earlier attempt that could not start it
ALERT = "_alert"  # "yes": somebody confirmed that Cutover sends messages to people
START_OPTIONS = (
    StartOption(label="cutover.way_live", values={"run_type": "live", "comms": "off"}),
    StartOption(label="cutover.way_rehearsal", values={"run_type": "rehearsal", "comms": "off"}, rehearsal=True),
    StartOption(label="cutover.way_messages", values={"run_type": "live", "comms": "on"}, confirms={ALERT: "yes"}),
    StartOption(label="cutover.way_test", values={"run_type": "live", "comms": "test"}),
)
CONFIRMED_OPTIONS = (COPIED, ALERT, "validation_level", "rebaseline")  # kept for the next attempt


def check_options(write: StartRun) -> None:
    """Raises ``Rejected`` for an option or a value that Cutover does not have."""
    for option, value in write.options.items():
        if option in (COPIED, ALERT):
            continue
        allowed = OPTIONS.get(option)
        if allowed is None:
            raise _rejected(write, "cutover.unknown_option", option=option, allowed=", ".join(OPTIONS))
        if value not in allowed:
            raise _rejected(write, "cutover.bad_option", option=option, value=value, allowed=", ".join(allowed))


def require_comms_confirmed(write: StartRun) -> None:
    """Raises ``Rejected`` with the confirming option if the start would message people without confirmation."""
    if write.options.get("comms") == "on" and write.options.get(ALERT) != "yes":
        raise _rejected(write, "cutover.comms_on", retry_with=_retry_options(write, f"{ALERT}=yes"))


def start_steps(write: StartRun, is_template: bool | None) -> Sequence[StartRun]:
    """With ``is_template`` None (unknown), the copy step finds out and copies only a template."""
    check_options(write)
    platform = write.runbook.platform
    copied = write.options.get(COPIED)
    if copied:
        run = RunKey(platform=platform, id=copied)
        return [_part(write, "name", run), _part(write, "start", run)]
    if is_template is False:
        return [_part(write, "start", RunKey(platform=platform, id=write.runbook.id))]
    return [_part(write, "copy", write.run), _part(write, "start", write.run)]


def copy_body(write: StartRun, workspace: str) -> dict[str, Any]:
    """All three copy flags are off by default."""
    data: dict[str, Any] = {"type": "runbook", "attributes": {"name": write.title}}
    if workspace:
        data["relationships"] = {"workspace": {"data": {"id": workspace, "type": "workspace"}}}
    copy = {"source_runbook_id": write.runbook.id, "tasks": True, "teams": True, "users": True}
    return {"data": data, "meta": {"copy": copy}}


def start_body(write: StartRun, is_copy: bool) -> dict[str, Any]:
    """A fresh copy is replanned from now; a runbook that people planned keeps its times."""
    options = write.options
    run_type = "rehearsal" if write.rehearsal else options.get("run_type", "live")
    return {
        "meta": {
            "comms": options.get("comms", "off"),
            "run_type": run_type,
            "validation_level": options.get("validation_level", "warning"),
            "disable_task_notify": options.get("disable_task_notify") == "true",
            "rebaseline": _rebaselines(write, is_copy),
            "shift_fixed_times": options.get("shift_fixed_times") == "true",
        }
    }


def start_rejected(error: Rejected, write: StartRun, run: str) -> Rejected:
    """The rejected start with all findings, the option that overrides them, and the copy that now exists.

    The copy's id is the fact ``copied``: the next attempt with the same run passes it as the option ``_copied``.
    """
    codes = error_codes(error)
    checks = {code for code in codes if code.startswith(START_CHECK_PREFIX)}
    is_strict = write.options.get("validation_level", "warning") == "warning"
    overridable = bool(checks) and checks == codes and not checks & BLOCKING_START_CHECKS and is_strict
    facts: dict[str, Any] = {
        name: value for name, value in error.facts.items() if name not in ("platform", "operation")
    }
    reasons = error.reasons
    copied = () if run == write.runbook.id else (f"{COPIED}={run}",)
    if copied:
        facts["copied"] = run
        reasons = (*reasons, message_text(MESSAGES, "cutover.copy_waits", title=write.title))
    override = _retry_options(write, "validation_level=error", *copied)
    choices: Mapping[str, Sequence[str]] = {}
    if overridable and checks == LATE_TASKS and not _rebaselines(write, bool(copied)):
        from_now = _retry_options(write, "rebaseline=true", *copied)
        choices = {"cutover.from_now": from_now, "cutover.anyway": override}
    return Rejected(
        error.platform,
        error.operation,
        key="cutover.start_checks_hard" if checks and not overridable else error.key,
        said="" if checks else error.said,
        reasons=reasons,
        retry_with=override if overridable else (),
        choices=choices,
        **facts,
    )


def _rebaselines(write: StartRun, is_copy: bool) -> bool:
    return write.options.get("rebaseline", "true" if is_copy else "false") == "true"


def _retry_options(write: StartRun, *added: str) -> tuple[str, ...]:
    """``added`` after the options that were confirmed before."""
    names = {option.partition("=")[0] for option in added}
    confirmed = (
        f"{name}={write.options[name]}"
        for name in CONFIRMED_OPTIONS
        if name in write.options and name not in names
    )
    return (*confirmed, *added)


def _part(write: StartRun, part: str, run: RunKey | None) -> StartRun:
    return write.model_copy(update={"part": part, "run": run})


def _rejected(write: StartRun, key: str, retry_with: tuple[str, ...] = (), **facts: Any) -> Rejected:
    return Rejected(write.runbook.platform, "start", key=key, retry_with=retry_with, said="", reasons=(), **facts)
