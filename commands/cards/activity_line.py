"""The line of a write in the thread of its run's card, and a write as a noun ("finishing T3").

A line's slot is made of the message's key and the write, so that whoever learns the outcome later can correct that
line. Lines are in the channel's language, and stay in the language in which they were written.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from adapters.errors import Rejected
from adapters.models import TaskState
from adapters.results import NotApplied, WriteResult
from adapters.toolkit.messages import in_language
from adapters.writes import NOTE, AddTask, Op, ReopenTask, SetStatus, Write
from commands.lookup.earlier_message import plain_name
from commands.model.card import ActivityLine, Button, Text
from commands.model.intents import DecideOutcome
from commands.model.messages import Message
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import LazyText, own_messages, plain_text, translate
from commands.text.error_text import adapter_error_text, platform_messages, platform_title
from commands.text.phrases import (
    LABEL_LENGTH,
    button,
    by_and_at,
    clock,
    first_line,
    health_name,
    run_name,
    shorten,
    task_name,
)

_OF_NOTES = {
    "unknown.trace": "unknown.trace_note",
    "unknown.private": "unknown.private_note",
    "unknown.decide": "unknown.decide_note",
    "unknown.decide_unread": "unknown.decide_note_unread",
}
_WITH_NOTE = (Op.FINISH, Op.SKIP, Op.APPROVE, Op.END)  # the text is optional there

_TOO_LATE = {  # in the receipt, and in the activity line
    TaskState.DONE: ("receipt.too_late_done", "trace.too_late_done"),
    TaskState.SKIPPED: ("receipt.too_late_skipped", "trace.too_late_skipped"),
    TaskState.FAILED: ("receipt.too_late_failed", "trace.too_late_failed"),
}


def is_health_unset(write: Write) -> bool:
    """Whether it is a status update of text alone, which has messages of its own."""
    return isinstance(write, SetStatus) and not write.health


def written_verb(write: Write) -> str:
    """What the write is called in ``receipt.*``, ``trace.*``, ``doing.*`` and ``short.*``."""
    return "resume" if isinstance(write, ReopenTask) and write.held else write.op.value


def message_facts(tracked: TrackedRun, write: Write, result: WriteResult | None = None) -> dict[str, object]:
    """The facts of ``receipt.*`` and ``trace.*``."""
    task = tracked.run.task(write.target) if write.target else None
    person = getattr(write, "person", None)
    return {
        "task": task_name(tracked, task) if task else (tracked.task_handle(write.target) or write.target),
        "run": run_name(tracked),
        "about": task_name(tracked, task) if task else run_name(tracked),
        "person": person.shown if person else "",
        "title": _added_title(tracked, write, result) if isinstance(write, AddTask) else "",
        "health": health_name(write.health) if isinstance(write, SetStatus) and write.health else "",
        "offer": getattr(write, "label", ""),
        "text": first_line(write.words),
    }


def _added_title(tracked: TrackedRun, write: AddTask, result: WriteResult | None) -> str:
    """With the new task's handle in front, if the result says which task it is."""
    ids = [result.id, *(task.id for task in result.tasks)] if result else []
    handle = next((handle for id in ids if (handle := tracked.task_handle(id))), "")
    return f"{handle} {write.title}".strip()


def write_summary(tracked: TrackedRun, write: Write) -> str:
    """The write as a noun: "finishing T3"."""
    task = tracked.task_handle(write.target) if write.target else ""
    return plain_text(
        translate(
            f"doing.{written_verb(write)}",
            task=task or tracked.handle,
            run=tracked.handle,
            offer=getattr(write, "label", ""),
        )
    )


def step_summary(tracked: TrackedRun, step: Write) -> str:
    """One request of a write as a noun: "the note on T3". The write itself where it has no name of its own."""
    key = f"doing_part.{step.part.rstrip('0123456789')}"
    if key not in own_messages():
        return write_summary(tracked, step)
    task = tracked.task_handle(step.target) if step.target else ""
    return plain_text(translate(key, task=task or tracked.handle, run=tracked.handle))


def unknown_facts(tracked: TrackedRun, outcome: Unknown, services: Services) -> dict[str, object]:
    """The facts of ``unknown.*``: which request it is, that of a note also what is done, and what is missing."""
    platform = tracked.run.key.platform
    facts: dict[str, object] = {
        "what": step_summary(tracked, outcome.step),
        "done": write_summary(tracked, outcome.step),
        "platform": platform_title(platform, services),
        "at": clock(outcome.sent_at, services.zone, services.now()),
    }
    if missing := missing_text(tracked, outcome, services):
        facts["missing"] = missing
    return facts


def unknown_key(key: str, step: Write) -> str:
    """The variant of a message about an unknown outcome: if it is a note, all but the note is done."""
    return _OF_NOTES[key] if is_last_note(step) else key


def is_last_note(step: Write) -> bool:
    """Whether it is a note that follows its change. Some platforms write that of an ending first."""
    return step.part == NOTE and step.op is not Op.END


def short_name(tracked: TrackedRun, step: Write) -> str:
    """ "T3 note": short enough to stand before the label of a button."""
    word = "note" if step.part == NOTE else written_verb(step)
    task = tracked.task_handle(step.target) if step.target else ""
    return plain_text(translate(f"short.{word}", name=task or tracked.handle))


def distinct_buttons(lines: Sequence[ActivityLine]) -> tuple[Button, ...]:
    """Those of all lines. Where several have the same label, each names its write, and a number if need be."""
    pairs = [(line, press) for line in lines for press in line.buttons]
    labels = Counter(press.label for _, press in pairs)
    names = [f"{line.name}: {press.label}" if line.name else press.label for line, press in pairs]
    same = Counter(names)
    numbers: Counter[str] = Counter()
    found: list[Button] = []
    for (line, press), name in zip(pairs, names, strict=True):
        if labels[press.label] == 1:
            found.append(press)
            continue
        numbers[name] += 1
        named = f"{line.name} {numbers[name]}: {press.label}" if same[name] > 1 else name
        found.append(replace(press, label=shorten(named.strip(), LABEL_LENGTH)))
    return tuple(found)


def slot(message_key: str, step: Write) -> str:
    """The steps of one write share a line."""
    return ":".join(part for part in (message_key, step.op.value, step.target, step.each) if part)


def activity_line(
    message: Message,
    tracked: TrackedRun,
    outcome: Outcome,
    services: Services,
    *,
    partly: bool = False,
    language: str | None = None,
) -> ActivityLine:
    """What is known about a write now. A later line of the same write replaces it.

    ``partly``: an earlier step went through, so that "Nothing changed." would not be true. ``language`` defaults
    to the channel's.
    """
    with in_language(language or services.language):
        text = _outcome_text(message, tracked, outcome, services, partly)
        buttons = complete_buttons(message, tracked, outcome) if isinstance(outcome, Refused) else ()
        name = short_name(tracked, outcome.step) if buttons else ""
    is_plain = isinstance(outcome, Done) and not outcome.result.too_late
    can_wait = is_plain and outcome.step.op is not Op.END and not tracked.run.state.is_over
    key = slot(message.key, outcome.step)
    return ActivityLine(tracked.handle, key, text, buttons, can_wait=can_wait, name=name)


def complete_buttons(message: Message, tracked: TrackedRun, outcome: Refused) -> tuple[Button, ...]:
    """[Try again] for what a start lacks: the start itself would make a second run."""
    error = outcome.error
    has_choices = isinstance(error, Rejected) and (error.choices or error.retry_with)
    if not outcome.step.continues_start or has_choices:
        return ()
    intent = DecideOutcome(run=tracked.handle, key=message.key, step=outcome.step.step_key, applied=False)
    return (button("button.again", intent),)


def missing_text(tracked: TrackedRun, outcome: Refused | Unknown, services: Services) -> Text:
    """ "25 of 58 tasks are missing"; empty if the platform shows nothing of the kind."""
    finding, platform = outcome.finding, tracked.run.key.platform
    if finding is None or not finding.missing:
        return ()
    return translate(finding.missing, platform_messages(platform, services), **finding.facts)


def _outcome_text(
    message: Message, tracked: TrackedRun, outcome: Outcome, services: Services, partly: bool
) -> Text:
    step = outcome.step
    platform = platform_title(tracked.run.key.platform, services)
    result = outcome.result if isinstance(outcome, Done) else None
    facts = {
        **message_facts(tracked, step, result),
        "who": plain_name(message.actor),
        "platform": platform,
        "what": write_summary(tracked, step),
    }
    match outcome:
        case Done(result=result) if result.too_late:
            return translate(_TOO_LATE[_state_now(tracked, step)][1], deed=_deed(tracked, step, services), **facts)
        case Done(result=result, marker=marker):
            return translate(_done_key(step, result), code=marker.code, **facts)
        case Unknown():
            facts |= unknown_facts(tracked, outcome, services)
            return translate(unknown_key("unknown.trace", step), **facts)
        case Refused():
            partly = partly or is_last_note(step)
            why = refusal_reason(outcome, platform, services, partly=partly)
            missing = step_summary(tracked, step)
            if not_there := missing_text(tracked, outcome, services):
                return translate("trace.partly_missing", why=why, missing=not_there, **facts)
            if not partly:
                return translate("trace.refused", why=why, **facts)
            key = "trace.partly" if missing == facts["what"] else "trace.partly_without"
            return translate(key, why=why, missing=missing, **facts)


def too_late_text(tracked: TrackedRun, write: Write, services: Services) -> Text:
    """For the person whose write came a moment too late, with who was faster if the platform says so."""
    facts = message_facts(tracked, write)
    return translate(_TOO_LATE[_state_now(tracked, write)][0], deed=_deed(tracked, write, services), **facts)


def _state_now(tracked: TrackedRun, write: Write) -> TaskState:
    task = tracked.run.task(write.target)
    return task.state if task and task.state.is_over else TaskState.DONE


def _deed(tracked: TrackedRun, write: Write, services: Services) -> LazyText | str:
    task = tracked.run.task(write.target)
    return by_and_at(task.finished_by or "", task.finished_at, services.zone, services.now()) if task else ""


def refusal_reason(outcome: Refused, platform: str, services: Services, *, partly: bool) -> Text:
    if outcome.why == "stopped":
        return translate("trace.stopped_then" if partly else "trace.stopped")
    if outcome.why in ("late", "down"):
        return not_sent_reason(outcome, services)
    if outcome.error is not None:
        return adapter_error_text(outcome.error, services, nothing_changed=False if partly else None)
    return translate("refused.timed_out" if partly else "refused.no_answer", platform=platform)


def not_sent_reason(outcome: Refused, services: Services) -> Text:
    """Why it was too late to send it, where that is not the platform's fault."""
    if outcome.downtime is None:
        return translate("refused.why_late")
    since, until = (
        clock(at, services.zone, services.now()) for at in (outcome.downtime.since, outcome.downtime.until)
    )
    return translate("refused.why_down", since=since, until=until)


def _done_key(step: Write, result: WriteResult) -> str:
    if result.partial:
        return "trace.partial"
    if step.op in _WITH_NOTE and step.words.strip():
        return f"trace.{step.op}_note"
    return "trace.status_text" if is_health_unset(step) else f"trace.{written_verb(step)}"


def released_line(message: Message, tracked: TrackedRun, write: Write, services: Services) -> ActivityLine:
    """For a hold that only Liaison kept: nothing was written, so there is no receipt."""
    with in_language(services.language):
        text = translate("trace.let_go", who=plain_name(message.actor), **message_facts(tracked, write))
    return ActivityLine(tracked.handle, slot(message.key, write), text, can_wait=True)


def decision_line(message: Message, tracked: TrackedRun, outcome: Unknown, services: Services) -> ActivityLine:
    """Asks a person what happened to a write that must not be sent twice.

    It was not found, or the platform can't be asked: then nobody may read that it isn't there.
    """
    decisions = (("button.there", True), ("button.write_again", False))
    step = outcome.step
    with in_language(services.language):
        facts = unknown_facts(tracked, outcome, services)
        key = "unknown.decide" if isinstance(outcome.finding, NotApplied) else "unknown.decide_unread"
        key = "unknown.decide_missing" if "missing" in facts else unknown_key(key, step)
        text = translate(key, who=plain_name(message.actor), **facts)
        buttons = tuple(
            button(key, DecideOutcome(run=tracked.handle, key=message.key, step=step.step_key, applied=there))
            for key, there in decisions
        )
        name = short_name(tracked, step)
    return ActivityLine(tracked.handle, slot(message.key, step), text, buttons, name=name)


def halted_line(tracked: TrackedRun, services: Services) -> ActivityLine:
    """For a run that was halted on its platform. A line of its own: an edited card notifies nobody."""
    run = tracked.run
    with in_language(services.language):
        text = translate(
            "trace.halted",
            run=run_name(tracked),
            platform=platform_title(run.key.platform, services),
            why=f" {run.health_text}" if run.health_text else "",
        )
    at = run.read_at.isoformat() if run.read_at else ""
    return ActivityLine(tracked.handle, f"{run.state}:{tracked.handle}:{at}", text)
