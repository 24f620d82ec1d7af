"""How a run changes: pure functions of the stored run, which may be called again within a transaction."""

from collections.abc import Collection

from adapters.models import Run, RunState
from adapters.results import WriteResult
from bot.storage.run_transaction import RunTransaction, StoredRun
from commands.model.overlay_changes import DoneStep, with_overlay
from commands.model.tracked_run import ReservedStart, TrackedRun

MAX_COMMENTS = 5


def apply_result(rows: RunTransaction, handle: str, done: DoneStep, *, renamed: str) -> None:
    """``renamed``: what the card of a run says whose key now belongs to ``handle``.

    A run has one handle. It may have been tracked under another one before its start is finished: a planned run,
    or one that a person named by its id while it was being created.
    """
    stored, result = rows.get(handle), done.result
    if stored is None:
        return
    if result.run is not None and not stored.run.run.key.id:
        other = rows.find(result.run)
        if other is not None and other.handle != handle:
            rows.change(other.handle, lambda run: release_key(run, renamed))
    rows.change(handle, lambda run: with_overlay(merge_result(run, result), done))


def merge_result(tracked: TrackedRun, result: WriteResult) -> TrackedRun:
    run = fill_missing(tracked.run, result.snapshot) if result.snapshot else tracked.run
    changes: dict[str, object] = {}
    started = tracked.started
    if result.run is not None and not tracked.run.key.id:
        changes["key"] = result.run
        started = True
    if result.tasks and result.snapshot is None:
        run = run.merge(result.tasks)
    if result.state is not None:
        changes["state"] = result.state
    if result.health is not None:
        health = result.health
        changes |= {"health": health.health, "health_text": health.text, "health_by": health.by}
        changes |= {"health_at": health.at, "update_due": health.due}
    if result.comment is not None and result.snapshot is None:
        changes["comments"] = (*run.comments, result.comment)[-MAX_COMMENTS:]
    merged = tracked.model_copy(update={"run": run.model_copy(update=changes), "started": started})
    return _without_ended_holds(merged)


def tasks_to_read(run: Run, result: WriteResult) -> Collection[str] | None:
    """The ids of the tasks that a write may have changed without its result showing them. None: the whole run.

    ``run`` is as it is with the result. With its last task it may have ended.
    """
    if result.snapshot is not None:
        return ()
    ended = {task.id for task in result.tasks if task.state.is_over}
    if not result.complete or (ended and all(task.state.is_over for task in run.tasks)):
        return None
    return [
        task.id
        for task in run.tasks
        if task.waits_for and not task.state.is_over and ended.intersection(task.waits_for)
    ]


def with_snapshot(tracked: TrackedRun, read: Run) -> TrackedRun:
    """With what was just read."""
    return _without_ended_holds(tracked.model_copy(update={"run": fill_missing(tracked.run, read)}))


def _without_ended_holds(tracked: TrackedRun) -> TrackedRun:
    """A hold that Liaison stores ends with its task: it is not there again if somebody reopens the task on the
    platform."""
    holds = tracked.overlay.holds
    if not holds:
        return tracked
    over = {task.id for task in tracked.run.tasks if task.state.is_over}
    kept = {id: reason for id, reason in holds.items() if id not in over}
    return tracked.model_copy(update={"overlay": tracked.overlay.model_copy(update={"holds": kept})})


def fill_missing(old: Run, new: Run) -> Run:
    """Keeps the comments and the runbook of the old snapshot where a platform's read does not include them."""
    changes: dict[str, object] = {}
    if not new.comments and old.comments:
        changes["comments"] = old.comments
    if not new.runbook_id:
        changes |= {"runbook_id": old.runbook_id, "runbook": new.runbook or old.runbook}
    return new.model_copy(update=changes)


def release_key(tracked: TrackedRun, renamed: str) -> TrackedRun:
    """A run whose key belongs to another handle now."""
    key = tracked.run.key.model_copy(update={"id": ""})
    run = tracked.run.model_copy(update={"key": key, "state": RunState.CANCELLED})
    overlay = tracked.overlay.model_copy(update={"not_started": renamed})
    return tracked.model_copy(update={"run": run, "overlay": overlay, "started": False})


def with_state(tracked: TrackedRun, state: RunState) -> TrackedRun:
    return tracked.model_copy(update={"run": tracked.run.model_copy(update={"state": state})})


def find_or_track(rows: RunTransaction, run: Run) -> StoredRun:
    """The tracked run with the key of ``run``. A new one gets the next handle.

    A run that a start is creating at this moment already has a handle, which is in its title.
    """
    stored = rows.find(run.key)
    if stored is not None:
        return stored
    for pending in rows.pending_starts(run.key.platform):
        if _is_created_by(pending, run):
            return pending
    return rows.insert(run)


def _is_created_by(pending: StoredRun, run: Run) -> bool:
    """Whether the titles agree."""
    title = pending.run.run.title
    agrees = title.startswith(run.title) or run.title.startswith(title)  # platforms cut long titles
    return run.title.startswith(f"{pending.handle} ") and agrees


def reserve(rows: RunTransaction, start: ReservedStart) -> StoredRun:
    """The run that the message starts.

    The overlay says whose run it is, and is stored from the beginning: others must not see it.
    """
    stored = rows.find_start(start.message)
    if stored is None:
        draft = start.run("")
        stored = rows.insert(draft, start_key=start.message, started=False, overlay=start.overlay)
    if stored.run.started:
        return stored
    titled = start.run(stored.handle)
    return rows.change(stored.handle, lambda run: run.model_copy(update={"run": titled}))
