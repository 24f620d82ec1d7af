"""The line of a write under its run's card, and a write as a thing ("finishing T3").

A line's slot is made of the message's key and the write, so whoever settles an unknown step later (the effect log)
can correct the very line with ``activity_line``.
"""

from collections.abc import Mapping
from datetime import datetime

from adapters.writes import AddTask, Op, SetStatus, StartRun, Write, WriteResult
from commands.lookup.earlier_message import plain_name
from commands.model.card import ActivityLine
from commands.model.intents import DecideOutcome
from commands.model.messages import Message
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import adapter_error_text, platform_title, strip_nothing_changed
from commands.text.phrases import button, clock, first_line, health_name, run_name, task_name

ACTIVITY_KEYS: Mapping[Op, str] = {
    Op.START: "trace.start",
    Op.FINISH: "trace.finish",
    Op.BEGIN: "trace.begin",
    Op.SKIP: "trace.skip",
    Op.HOLD: "trace.hold",
    Op.REOPEN: "trace.reopen",
    Op.ASSIGN: "trace.assign",
    Op.ADD: "trace.add",
    Op.STATUS: "trace.status",
    Op.COMMENT: "trace.comment",
    Op.END: "trace.end",
    Op.ACTION: "trace.do",
    Op.APPROVE: "trace.approve",
    Op.REJECT: "trace.reject",
}
PROGRESS_KEYS: Mapping[Op, str] = {
    Op.START: "doing.start",
    Op.FINISH: "doing.finish",
    Op.BEGIN: "doing.begin",
    Op.SKIP: "doing.skip",
    Op.HOLD: "doing.hold",
    Op.REOPEN: "doing.reopen",
    Op.ASSIGN: "doing.assign",
    Op.ADD: "doing.add",
    Op.STATUS: "doing.status",
    Op.COMMENT: "doing.comment",
    Op.END: "doing.end",
    Op.ACTION: "doing.do",
    Op.APPROVE: "doing.approve",
    Op.REJECT: "doing.reject",
}


def typed_text(wanted: Write) -> str:
    """What people typed to be kept, if anything."""
    for name in ("text", "note", "reason", "title"):
        words = getattr(wanted, name, "")
        if isinstance(words, str) and words and not isinstance(wanted, AddTask | StartRun):
            return words
    return ""


def message_facts(known: TrackedRun, wanted: Write, told: WriteResult | None = None) -> dict[str, object]:
    task = known.run.task(wanted.target) if wanted.target else None
    person = getattr(wanted, "person", None)
    health = health_name(wanted.health).lower() if isinstance(wanted, SetStatus) and wanted.health else ""
    return {
        "task": task_name(known, task) if task else (known.task_handle(wanted.target) or wanted.target),
        "run": run_name(known),
        "about": task_name(known, task) if task else run_name(known),
        "person": person.shown if person else "",
        "title": _added(known, wanted, told) if isinstance(wanted, AddTask) else "",
        "health": health or plain_text(translate("status.text_only")),
        "offer": getattr(wanted, "label", ""),
        "text": first_line(typed_text(wanted)),
    }


def _added(known: TrackedRun, wanted: AddTask, told: WriteResult | None) -> str:
    """The new task's handle, as far as the answer told which one it is."""
    ids = [told.id, *(task.id for task in told.tasks)] if told else []
    handle = next((handle for id in ids if (handle := known.task_handle(id))), "")
    return f"{handle} {wanted.title}".strip()


def write_summary(known: TrackedRun, wanted: Write) -> str:
    """The write as a thing: "finishing T3"."""
    task = known.task_handle(wanted.target) if wanted.target else ""
    return plain_text(
        translate(
            PROGRESS_KEYS[wanted.op],
            task=task or known.handle,
            run=known.handle,
            offer=getattr(wanted, "label", ""),
        )
    )


def slot(message_key: str, step: Write) -> str:
    """One line a write: its steps share it."""
    return ":".join(word for word in (message_key, step.op.value, step.target) if word)


def activity_line(
    message: Message, known: TrackedRun, outcome: Outcome, world: Services, *, partly: bool = False
) -> ActivityLine:
    """The truth about a write as known now. Said again for the same step, it replaces the line before.

    ``partly``: steps before this one were done, so its "Nothing changed" would not be true.
    """
    step = outcome.step
    platform = platform_title(known.run.key.platform, world)
    told = outcome.result if isinstance(outcome, Done) else None
    facts = {
        **message_facts(known, step, told),
        "who": plain_name(message.actor),
        "platform": platform,
        "what": write_summary(known, step),
    }
    match outcome:
        case Done(marker=mark):
            key = "trace.partial" if told and told.partial else ACTIVITY_KEYS[step.op]
            words = translate(key, code=mark.code, **facts)
        case Unknown(sent_at=sent_at):
            words = translate("unknown.trace", at=clock(sent_at, world.zone), **facts)
        case Refused(error=error, why=why):
            said = adapter_error_text(error, world) if error else translate("refused.no_answer", platform=platform)
            said = strip_nothing_changed(said) if partly else said
            words = translate(
                "trace.refused", why=translate("trace.stopped") if why == "stopped" else said, **facts
            )
    return ActivityLine(known.handle, slot(message.key, step), words)


def decision_line(
    message: Message, known: TrackedRun, step: Write, sent_at: datetime, world: Services
) -> ActivityLine:
    """The write cannot be found, and must not be sent twice: a person decides."""
    platform = platform_title(known.run.key.platform, world)
    words = translate(
        "unknown.decide",
        who=plain_name(message.actor),
        what=write_summary(known, step),
        platform=platform,
        at=clock(sent_at, world.zone),
    )
    buttons = (
        button("button.there", DecideOutcome(run=known.handle, key=message.key, step=step.step_key, there=True)),
        button(
            "button.write_again", DecideOutcome(run=known.handle, key=message.key, step=step.step_key, there=False)
        ),
    )
    return ActivityLine(known.handle, slot(message.key, step), words, buttons)


def halted_line(known: TrackedRun, world: Services) -> ActivityLine:
    """Said loudly: nothing of the run goes on until somebody acts, and an edited card wakes nobody."""
    platform = platform_title(known.run.key.platform, world)
    why = f" {known.run.health_text}" if known.run.health_text else ""
    at = known.run.read_at.isoformat() if known.run.read_at else ""
    words = translate("trace.halted", run=run_name(known), platform=platform, why=why)
    return ActivityLine(known.handle, f"halted:{known.handle}:{at}", words)
