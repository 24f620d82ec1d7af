"""The line of a write under its run's card, and a write as a thing ("finishing T3").

A line's slot is made of the message's key and the write, so whoever settles an unknown step later (the effect log)
can correct the very line with ``trace_line``.
"""

from collections.abc import Mapping
from datetime import datetime

from adapters.writes import AddTask, Op, SetStatus, StartRun, Told, Write
from commands.cards import TraceLine
from commands.intents import Decide
from commands.messages import Message
from commands.past import named
from commands.phrases import button, clock, first_line, run_name, task_name
from commands.ports import Done, KnownRun, Outcome, Refused, Unknown, World
from commands.problems import adapter_words, platform_title, without_nothing
from commands.sentences import plain, say

TRACES: Mapping[Op, str] = {
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
    Op.DO: "trace.do",
    Op.APPROVE: "trace.approve",
    Op.REJECT: "trace.reject",
}
DOINGS: Mapping[Op, str] = {
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
    Op.DO: "doing.do",
    Op.APPROVE: "doing.approve",
    Op.REJECT: "doing.reject",
}


def text_of(wanted: Write) -> str:
    """What people typed to be kept, if anything."""
    for name in ("text", "note", "reason", "title"):
        words = getattr(wanted, name, "")
        if isinstance(words, str) and words and not isinstance(wanted, AddTask | StartRun):
            return words
    return ""


def facts_of(known: KnownRun, wanted: Write, told: Told | None = None) -> dict[str, object]:
    task = known.run.task(wanted.target) if wanted.target else None
    person = getattr(wanted, "person", None)
    health = wanted.health.value if isinstance(wanted, SetStatus) and wanted.health else ""
    return {
        "task": task_name(known, task) if task else (known.task_handle(wanted.target) or wanted.target),
        "run": run_name(known),
        "about": task_name(known, task) if task else run_name(known),
        "person": person.shown if person else "",
        "title": _added(known, wanted, told) if isinstance(wanted, AddTask) else "",
        "health": health or plain(say("status.text_only")),
        "offer": getattr(wanted, "label", ""),
        "text": first_line(text_of(wanted)),
    }


def _added(known: KnownRun, wanted: AddTask, told: Told | None) -> str:
    """The new task's handle, as far as the answer told which one it is."""
    ids = [told.id, *(task.id for task in told.tasks)] if told else []
    handle = next((handle for id in ids if (handle := known.task_handle(id))), "")
    return f"{handle} {wanted.title}".strip()


def what(known: KnownRun, wanted: Write) -> str:
    """The write as a thing: "finishing T3"."""
    task = known.task_handle(wanted.target) if wanted.target else ""
    return plain(
        say(DOINGS[wanted.op], task=task or known.handle, run=known.handle, offer=getattr(wanted, "label", ""))
    )


def slot(message_key: str, step: Write) -> str:
    """One line a write: its steps share it."""
    return ":".join(word for word in (message_key, step.op.value, step.target) if word)


def trace_line(
    message: Message, known: KnownRun, outcome: Outcome, world: World, *, partly: bool = False
) -> TraceLine:
    """The truth about a write as known now. Said again for the same step, it replaces the line before.

    ``partly``: steps before this one were done, so its "Nothing changed" would not be true.
    """
    step = outcome.step
    platform = platform_title(known.run.key.platform, world)
    told = outcome.told if isinstance(outcome, Done) else None
    facts = {
        **facts_of(known, step, told),
        "who": named(message.actor),
        "platform": platform,
        "what": what(known, step),
    }
    match outcome:
        case Done(mark=mark):
            key = "trace.partial" if told and told.partial else TRACES[step.op]
            words = say(key, code=mark.code, **facts)
        case Unknown(sent_at=sent_at):
            words = say("unknown.trace", at=clock(sent_at, world.zone), **facts)
        case Refused(error=error, why=why):
            said = adapter_words(error, world) if error else say("refused.no_answer", platform=platform)
            said = without_nothing(said) if partly else said
            words = say("trace.refused", why=say("trace.stopped") if why == "stopped" else said, **facts)
    return TraceLine(known.handle, slot(message.key, step), words)


def undecided_line(message: Message, known: KnownRun, step: Write, sent_at: datetime, world: World) -> TraceLine:
    """The write cannot be found, and must not be sent twice: a person decides."""
    platform = platform_title(known.run.key.platform, world)
    words = say(
        "unknown.decide",
        who=named(message.actor),
        what=what(known, step),
        platform=platform,
        at=clock(sent_at, world.zone),
    )
    buttons = (
        button("button.there", Decide(run=known.handle, key=message.key, step=step.step, there=True)),
        button("button.write_again", Decide(run=known.handle, key=message.key, step=step.step, there=False)),
    )
    return TraceLine(known.handle, slot(message.key, step), words, buttons)


def halted_line(known: KnownRun, world: World) -> TraceLine:
    """Said loudly: nothing of the run goes on until somebody acts, and an edited card wakes nobody."""
    platform = platform_title(known.run.key.platform, world)
    why = f" {known.run.health_text}" if known.run.health_text else ""
    at = known.run.read_at.isoformat() if known.run.read_at else ""
    words = say("trace.halted", run=run_name(known), platform=platform, why=why)
    return TraceLine(known.handle, f"halted:{known.handle}:{at}", words)
