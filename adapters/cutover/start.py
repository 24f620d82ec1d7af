"""Starting a runbook: the steps, and the report of Cutover's pre-start checks.

A template is copied and then the copy is started, which takes two requests. A planned runbook is started as it
is, and runs live once. ``validation_level`` "warning" is the strict level: it blocks on every finding, while
"error" lets warnings pass (Cutover Public API, "Start Runbook"). The first attempt is strict, and the report of
the findings comes with the option that overrides them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.errors import BLOCKING_START_CHECKS, MESSAGES, START_CHECK_PREFIX, error_codes
from adapters.cutover.options import (
    ALERT,
    COPIED,
    FOLDER,
    PLACES,
    RUNBOOK_TYPE,
    check_options,
    details,
    has_details,
    rejected,
    shows_details,
)
from adapters.errors import Conflict, Rejected
from adapters.models import Listing, RunKey, RunState
from adapters.results import Applied, Baseline, Indeterminate, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.messages import message_text
from adapters.toolkit.reconciliation import applied_if, read_or_raise
from adapters.toolkit.steps import reconciles, step
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import StartRun, WriteMarker

LATE_TASKS = {"runbooks.start.late_tasks"}
CONFIRMED_OPTIONS = (COPIED, ALERT, "validation_level", "rebaseline")  # kept for the next attempt
LONG_AGO = datetime.min.replace(tzinfo=UTC)
MAX_CLOCK_SKEW = timedelta(minutes=5)  # between Cutover's clock and ours


@dataclass
class Starts:
    """``source`` returns None for a runbook that has not been read yet."""

    api: CutoverApi
    workspace: str
    filters: Mapping[str, str]
    source: Callable[[str], wire.Runbook | None]

    @step(StartRun, part="copy", recovery=Recovery.LOOKUP)
    async def copy(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        """Copies a template into a runbook in planning. A planned runbook is the run itself: nothing is sent."""
        require_comms_confirmed(step)
        platform, id = step.runbook.platform, step.runbook.id
        source = self.source(id) or await self.api.runbook(id, "start")
        if not mapping.is_template(source):
            _refuse_places(step)
            return WriteResult(run=RunKey(platform=platform, id=id))
        body = copy_body(step, await self._places(step, source))
        copy = await self.api.write("POST", "core/runbooks", "start", body, wire.RunbookResponse)
        return WriteResult(run=RunKey(platform=platform, id=copy.id), state=RunState.STARTING)

    @reconciles(StartRun, part="copy")
    async def find_copy(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """By its name, which contains the run's handle. Another Liaison database may have used the same name."""
        filters, since = {**self.filters, "is_template": "false"}, baseline.sent_at - MAX_CLOCK_SKEW
        found = _newest_copy(
            await self.api.all_runbooks("start", {**filters, "query": step.title}), step.title, since
        )
        if found is None:  # the search is fuzzy: only the whole list proves that the copy does not exist
            listing = await self.api.all_runbooks("start", filters)
            found = _newest_copy(listing, step.title, since)
            if found is None:
                return NotApplied() if listing.complete else Indeterminate()
        run = RunKey(platform=step.runbook.platform, id=found.id)
        return Applied(WriteResult(run=run, state=RunState.STARTING))

    @step(StartRun, part="name", recovery=Recovery.IDEMPOTENT)
    async def rename(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        await self.api.update_runbook(step.run_id, {"name": step.title}, "start")
        return WriteResult(run=step.run)

    @reconciles(StartRun, part="name")
    async def find_name(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        runbook = await self.api.runbook(step.run_id, "start")
        return applied_if(mapping.title(runbook) == step.title, WriteResult(run=step.run))

    @step(StartRun, part="details", recovery=Recovery.IDEMPOTENT)
    async def set_details(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        """Those of a planned runbook; a copy gets them when it is created."""
        await self.api.update_runbook(step.run_id, details(step), "start")
        return WriteResult(run=step.run)

    @reconciles(StartRun, part="details")
    async def find_details(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        runbook = await self.api.runbook(step.run_id, "start")
        return applied_if(shows_details(runbook, step), WriteResult(run=step.run))

    @step(StartRun, part="start", recovery=Recovery.IDEMPOTENT)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        require_comms_confirmed(step)
        path = self.api.path("start", "runbooks", step.run_id, "start")
        body = start_body(step, is_copy=step.run_id != step.runbook.id)
        try:
            started = await self.api.write("PATCH", path, "start", body, wire.RunbookResponse)
        except (Rejected, Conflict) as error:
            if isinstance(error, Rejected) and error.key.startswith("cutover.start_checks"):
                raise start_rejected(error, step) from error
            return await self._resolve_failed_start(error, step)
        return WriteResult(run=step.run, state=mapping.run_state(started))

    @reconciles(StartRun, part="start")
    async def find_start(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """A runbook that was cancelled in planning was never started."""
        runbook = await self.api.runbook(step.run_id, "start")
        state = mapping.run_state(runbook)
        was_started = state in (RunState.ACTIVE, RunState.PAUSED) or bool(runbook.attributes.start_actual)
        return applied_if(was_started, WriteResult(run=step.run, state=state))

    async def _places(self, step: StartRun, source: wire.Runbook) -> dict[str, tuple[str, str]]:
        """(type, id) by relationship. Without a type, a copy would be a "Normal runbook" whatever its template is,
        and might not allow tasks to be added during the run."""
        workspace = self.workspace or source.related_id("workspace") or ""
        places = {"workspace": ("workspace", self.workspace)} if self.workspace else {}
        if wanted := step.options.get(FOLDER):
            folders = await self.api.folders(workspace, "start")
            places[FOLDER] = (FOLDER, _find(step, FOLDER, wanted, folders))
        if wanted := step.options.get(RUNBOOK_TYPE):
            types = await self.api.runbook_types("start")
            usable = [type for type in types if not type.attributes.archived and not type.attributes.disabled]
            places[RUNBOOK_TYPE] = (RUNBOOK_TYPE, _find(step, RUNBOOK_TYPE, wanted, usable))
        elif own := source.related_id(RUNBOOK_TYPE):
            places[RUNBOOK_TYPE] = (RUNBOOK_TYPE, own)
        return places

    async def _resolve_failed_start(self, error: Rejected | Conflict, step: StartRun) -> WriteResult:
        """A second start is rejected without a code of its own, so the runbook's state decides."""
        state = mapping.run_state(await read_or_raise(self.api.runbook(step.run_id, "start"), error))
        if state in (RunState.ACTIVE, RunState.PAUSED):
            return WriteResult(run=step.run, state=state, already=True)
        if state.is_over:
            raise Conflict(
                self.api.platform, "start", key="cutover.run_is_over", for_good=True, said=error.said
            ) from error
        if isinstance(error, Rejected):
            raise start_rejected(error, step) from error
        raise error


def _newest_copy(listing: Listing[wire.Runbook], title: str, since: datetime) -> wire.Runbook | None:
    """The newest runbook of that name that is still in planning, or was made since and started by hand."""

    def created_at(item: wire.Runbook) -> datetime:
        return parse_timestamp(item.attributes.created_at) or LONG_AGO

    def is_candidate(item: wire.Runbook) -> bool:
        state = mapping.run_state(item)
        return state is RunState.PLANNED or (not state.is_over and created_at(item) >= since)

    named = [item for item in listing.items if mapping.title(item) == title and not item.attributes.archived]
    return max(filter(is_candidate, named), key=created_at, default=None)


def _find(step: StartRun, option: str, wanted: str, known: Sequence[wire.Folder | wire.RunbookType]) -> str:
    """The id of a folder or runbook type that was named by its name, key or id. Raises ``Rejected``."""
    word = wanted.strip().casefold()
    for item in known:
        if word in (item.id, (item.attributes.name or "").casefold(), (item.attributes.key or "").casefold()):
            return item.id
    allowed = ", ".join(item.attributes.name or item.id for item in known)
    raise rejected(step, "cutover.bad_option", option=option, value=wanted, allowed=allowed)


def _refuse_places(step: StartRun) -> None:
    """Raises ``Rejected`` for an option that only a new runbook can be given."""
    for option in PLACES:
        if option in step.options:
            raise rejected(step, "cutover.only_for_copies", option=option)


def require_comms_confirmed(write: StartRun) -> None:
    """Raises ``Rejected`` with the confirming option if the start would message people without confirmation."""
    if write.options.get("comms") == "on" and write.options.get(ALERT) != "yes":
        raise rejected(write, "cutover.comms_on", retry_with=_retry_options(write, f"{ALERT}=yes"))


def plan_start(write: StartRun, is_template: bool | None) -> Sequence[StartRun]:
    """With ``is_template`` None (unknown), the copy step finds out and copies only a template."""
    check_options(write)
    platform, run = write.runbook.platform, write.run
    steps = ["start"]
    if copied := write.options.get(COPIED):
        run, steps = RunKey(platform=platform, id=copied), ["name", *steps]
    elif is_template is False:
        _refuse_places(write)
        run = RunKey(platform=platform, id=write.runbook.id)
    else:
        steps = ["copy", *steps]
    if has_details(write) and not is_template:
        steps.insert(-1, "details")
    return [_part(write, part, run) for part in steps]


def copy_body(write: StartRun, places: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """All three copy flags are off by default."""
    data: dict[str, Any] = {"type": "runbook", "attributes": {"name": write.title, **details(write)}}
    if places:
        data["relationships"] = {name: {"data": {"id": id, "type": type}} for name, (type, id) in places.items()}
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


def start_rejected(error: Rejected, write: StartRun) -> Rejected:
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
    copied = () if write.run_id == write.runbook.id else (f"{COPIED}={write.run_id}",)
    if copied:
        facts["copied"] = write.run_id
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
    """A schedule that was given is kept."""
    from_now = is_copy and "start_scheduled" not in write.options
    return write.options.get("rebaseline", "true" if from_now else "false") == "true"


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
