"""Starting a runbook: its options (``--set``), its steps, and what the checks before the start said.

A template is copied and the copy is started, two requests. A planned runbook is started where it is, and lives
once. ``validation_level`` "warning" is the strict one: it blocks on every finding, "error" lets warnings pass
(reference 3.5). So the first try is strict, and the report comes back with the option that overrides it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.cutover.errors import HARD_CHECKS, START_CHECK, codes, sentence
from adapters.errors import Rejected
from adapters.models import RunKey, StartOption
from adapters.writes import StartRun

ON_OFF = ("true", "false")
LATE = {"runbooks.start.late_tasks"}
OPTIONS: Mapping[str, Sequence[str]] = {
    "comms": ("off", "test", "on"),
    "run_type": ("live", "rehearsal"),
    "validation_level": ("warning", "error"),
    "rebaseline": ON_OFF,
    "shift_fixed_times": ON_OFF,
    "disable_task_notify": ON_OFF,
}
# Never typed: a name with an underscore in front is only said by a button that we made.
COPIED = "_copied"  # the id of the copy that an earlier try made and could not start, to go on with that one
ALERT = "_alert"  # "yes": somebody confirmed that Cutover sends messages to people
WAYS = (
    StartOption(label="cutover.way_live", values={"run_type": "live", "comms": "off"}),
    StartOption(label="cutover.way_rehearsal", values={"run_type": "rehearsal", "comms": "off"}, rehearsal=True),
    StartOption(label="cutover.way_messages", values={"run_type": "live", "comms": "on"}, confirms={ALERT: "yes"}),
    StartOption(label="cutover.way_test", values={"run_type": "live", "comms": "test"}),
)
CONFIRMED = (COPIED, ALERT, "validation_level", "rebaseline")  # what a second try has beside what people typed


def check_options(write: StartRun) -> None:
    """Raises ``Rejected`` for an option that Cutover does not have."""
    for option, value in write.options.items():
        if option in (COPIED, ALERT):
            continue
        allowed = OPTIONS.get(option)
        if allowed is None:
            names = ", ".join(OPTIONS)
            raise _rejected(write, "cutover.unknown_option", option=option, allowed=names)
        if value not in allowed:
            words = ", ".join(allowed)
            raise _rejected(write, "cutover.bad_option", option=option, value=value, allowed=words)


def check_messages(write: StartRun) -> None:
    """Raises ``Rejected``, with the option that confirms it, where people would get messages unasked."""
    if write.options.get("comms") == "on" and write.options.get(ALERT) != "yes":
        raise _rejected(write, "cutover.comms_on", retry_with=_again(write, f"{ALERT}=yes"))


def steps(write: StartRun, template: bool | None) -> Sequence[StartRun]:
    """``template`` None: not known here; then the copying step finds out, and copies only a template."""
    check_options(write)
    name = write.runbook.platform
    copied = write.options.get(COPIED)
    if copied:
        run = RunKey(platform=name, id=copied)
        return [_part(write, "name", run), _part(write, "start", run)]
    if template is False:
        return [_part(write, "start", RunKey(platform=name, id=write.runbook.id))]
    return [_part(write, "copy", write.run), _part(write, "start", write.run)]


def copy_body(write: StartRun, workspace: str) -> dict[str, Any]:
    """The copy flags are all off by default, hence all three."""
    data: dict[str, Any] = {"type": "runbook", "attributes": {"name": write.title}}
    if workspace:
        data["relationships"] = {"workspace": {"data": {"id": workspace, "type": "workspace"}}}
    copy = {"source_runbook_id": write.runbook.id, "tasks": True, "teams": True, "users": True}
    return {"data": data, "meta": {"copy": copy}}


def start_body(write: StartRun, copied: bool) -> dict[str, Any]:
    """A fresh copy is planned anew from now; a runbook that people planned keeps its times."""
    options = write.options
    run_type = "rehearsal" if write.rehearsal else options.get("run_type", "live")
    return {
        "meta": {
            "comms": options.get("comms", "off"),
            "run_type": run_type,
            "validation_level": options.get("validation_level", "warning"),
            "disable_task_notify": options.get("disable_task_notify") == "true",
            "rebaseline": _from_now(write, copied),
            "shift_fixed_times": options.get("shift_fixed_times") == "true",
        }
    }


def not_started(error: Rejected, write: StartRun, run: str) -> Rejected:
    """The refusal of a start: every finding, the option that overrides them, and the copy that is there now.

    The copy's id is the fact ``copied``: whoever goes on with the same run passes it as that option.
    """
    found = codes(error)
    checks = {code for code in found if code.startswith(START_CHECK)}
    strict = write.options.get("validation_level", "warning") == "warning"
    forgivable = bool(checks) and checks == found and not checks & HARD_CHECKS and strict
    facts: dict[str, Any] = {
        name: value for name, value in error.facts.items() if name not in ("platform", "operation")
    }
    reasons = error.reasons
    copied = () if run == write.runbook.id else (f"{COPIED}={run}",)
    if copied:
        facts["copied"] = run
        reasons = (*reasons, sentence("cutover.copy_waits", title=write.title))
    anyway = _again(write, "validation_level=error", *copied)
    choices: Mapping[str, Sequence[str]] = {}
    if forgivable and checks == LATE and not _from_now(write, bool(copied)):
        choices = {"cutover.from_now": _again(write, "rebaseline=true", *copied), "cutover.anyway": anyway}
    return Rejected(
        error.platform,
        error.operation,
        key="cutover.start_checks_hard" if checks and not forgivable else error.key,
        said="" if checks else error.said,
        reasons=reasons,
        retry_with=anyway if forgivable else (),
        choices=choices,
        **facts,
    )


def _from_now(write: StartRun, copied: bool) -> bool:
    return write.options.get("rebaseline", "true" if copied else "false") == "true"


def _again(write: StartRun, *more: str) -> tuple[str, ...]:
    """What was confirmed before stays confirmed."""
    names = {option.partition("=")[0] for option in more}
    kept = (f"{name}={write.options[name]}" for name in CONFIRMED if name in write.options and name not in names)
    return (*kept, *more)


def _part(write: StartRun, part: str, run: RunKey | None) -> StartRun:
    return write.model_copy(update={"part": part, "run": run})


def _rejected(write: StartRun, key: str, retry_with: tuple[str, ...] = (), **facts: Any) -> Rejected:
    return Rejected(write.runbook.platform, "start", key=key, retry_with=retry_with, said="", reasons=(), **facts)
