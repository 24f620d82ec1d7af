"""What became of a write, in words: the person's receipt, and the line under the run's card.

A trace line's slot is made of the message's key and the write, so whoever settles an unknown step later
(the effect log) can correct the very line with ``trace_line``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.errors import AdapterError, Conflict, RateLimited, Rejected
from adapters.writes import AddTask, Op, SetStatus, StartRun, Told, Write
from commands.cards import Answer, Button, Result, Text, Tone, TraceLine
from commands.errors import CommandError
from commands.intents import Choose, Decide
from commands.messages import Message
from commands.past import named
from commands.phrases import button, clock, first_line, run_name, short_card, task_name
from commands.ports import Context, Done, KnownRun, Outcome, Refused, Unknown, World
from commands.problems import (
    AlreadySo,
    adapter_words,
    again_button,
    again_buttons,
    catalogue,
    command_words,
    confirmed_retry,
    drop_button,
    platform_title,
    reason_lines,
    with_nothing_changed,
    without_nothing,
)
from commands.sentences import plain, say
from commands.writing import Written

RECEIPTS: Mapping[Op, str] = {
    Op.START: "receipt.start",
    Op.FINISH: "receipt.finish",
    Op.BEGIN: "receipt.begin",
    Op.SKIP: "receipt.skip",
    Op.HOLD: "receipt.hold",
    Op.REOPEN: "receipt.reopen",
    Op.ASSIGN: "receipt.assign",
    Op.ADD: "receipt.add",
    Op.STATUS: "receipt.status",
    Op.COMMENT: "receipt.comment",
    Op.END: "receipt.end",
    Op.DO: "receipt.do",
    Op.APPROVE: "receipt.approve",
    Op.REJECT: "receipt.reject",
}
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


PARTS: Mapping[str, str] = {  # of what adapters name their requests by
    "": "part.itself",
    "assign": "part.assign",
    "begin": "part.begin",
    "colour": "part.colour",
    "copy": "part.copy",
    "note": "part.note",
    "stage": "part.stage",
    "take": "part.take",
}


@dataclass(frozen=True)
class Became:
    """One write's outcome for its person. ``lines`` stand below ``words``; ``touched``: the card changed."""

    words: Text
    result: Result
    lines: tuple[Text, ...] = ()
    buttons: tuple[Button, ...] = ()
    trace: tuple[TraceLine, ...] = ()
    tone: Tone = ""
    so: bool = False  # before us: nothing was changed


def became(context: Context, written: Written) -> Became:
    known, outcome = written.known, written.last_told
    line = (trace_line(context.message, known, outcome, context.world, partly=written.partly),)
    match outcome:
        case Done(mark=mark):
            facts = _facts(known, written.wanted, outcome.told)
            words = say(_receipt(written.wanted, outcome.told), code=mark.code, **facts)
            return Became(words, "done", lines=_below(context, known, written), trace=line)
        case Unknown(step=step, sent_at=sent_at):
            # "question", never "failed": it may well have happened, and its line says so when that is known.
            words = say("unknown.private", what=what(known, written.wanted), run=known.handle)
            decide = undecided_line(context.message, known, step, sent_at, context.world)
            return Became(words, "question", trace=(decide,))
        case Refused():
            told = replace(_refused(context, written, outcome), trace=line)
            return told if written.partly else corrected(told)


def _receipt(wanted: Write, told: Told) -> str:
    if told.partial:
        return "receipt.partial"
    only_said = wanted.op is Op.BEGIN and told.comment is not None and not told.tasks
    return "receipt.begin_said" if only_said else RECEIPTS[wanted.op]


def corrected(told: Became) -> Became:
    """Its trace lines are only for those that stand there already, and are not true any more."""
    return replace(told, trace=tuple(replace(line, corrects=True) for line in told.trace))


def objected(error: CommandError | AdapterError, world: World) -> Became:
    """A write that was judged and never sent."""
    if isinstance(error, AdapterError):
        words, so = adapter_words(error, world), isinstance(error, Conflict) and error.already
        return Became(
            words if so else with_nothing_changed(words),
            "done" if so else "failed",
            tuple(reason_lines(error)),
            so=so,
        )
    already = isinstance(error, AlreadySo)
    return Became(command_words(error), "done" if already else "failed", buttons=error.buttons, so=already)


def _refused(context: Context, written: Written, outcome: Refused) -> Became:
    known, message, world = written.known, context.message, context.world
    it = what(known, written.wanted)
    platform = platform_title(known.run.key.platform, world)
    lines = tuple(reason_lines(outcome.error))
    retry = confirmed_retry(outcome.error, message, known.handle, world, known.task_handle(written.wanted.target))
    if written.partly:
        done = ", ".join(_part(one.step) for one in written.outcomes[:-1])
        why = adapter_words(outcome.error, world) if outcome.error else say("refused.no_answer", platform=platform)
        words = say("refused.partly", what=it, done=done, why=without_nothing(why))
        return Became(words, "failed", lines, tuple(retry), tone="bad")
    if outcome.why in ("patience", "stopped") or outcome.error is None:
        asked = "refused.asked_to_wait" if isinstance(outcome.error, RateLimited) else "refused.patience"
        key = "refused.stopped" if outcome.why == "stopped" else asked
        words = say(key, what=it, platform=platform)
        return Became(words, "failed", lines, (again_button(message), drop_button(message)), tone="warn")
    words = with_nothing_changed(adapter_words(outcome.error, world))
    if isinstance(outcome.error, Rejected) and outcome.error.choices:
        return Became(words, "question", lines, tuple(retry))
    buttons = (*retry, *again_buttons(outcome.error, message))
    return Became(words, "failed", lines, buttons, tone="bad")


def _part(step: Write) -> str:
    key = PARTS.get(step.part)
    return plain(say(key)) if key else step.part


def _below(context: Context, known: KnownRun, written: Written) -> tuple[Text, ...]:
    """The first line of what was stored, and what the platform's adapter has to add."""
    stored = text_of(written.wanted)
    lines: list[Text] = [say("receipt.quote", text=first_line(stored))] if stored.strip() else []
    told = [one.told for one in written.outcomes if isinstance(one, Done)]
    lines += [said for one in told if (said := says(one, known, context.world))]
    return tuple(lines)


def says(told: Told, known: KnownRun, world: World) -> Text:
    """The adapter's own sentence about what it did; empty if it has none."""
    return say(told.says, catalogue(known.run.key.platform, world), **told.facts) if told.says else ()


def text_of(wanted: Write) -> str:
    """What people typed to be kept, if anything."""
    for name in ("text", "note", "reason", "title"):
        words = getattr(wanted, name, "")
        if isinstance(words, str) and words and not isinstance(wanted, AddTask | StartRun):
            return words
    return ""


def _facts(known: KnownRun, wanted: Write, told: Told | None = None) -> dict[str, object]:
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
        **_facts(known, step, told),
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


def _told_apart(press: Button, among: Sequence[Button]) -> Button:
    """ "T3: My part" where another task of the same line asks the same."""
    of = press.intent.of if isinstance(press.intent, Choose) else ""
    alike = sum(other.label == press.label for other in among) > 1
    return replace(press, label=f"{of}: {press.label}") if of and alike else press


def halted_line(known: KnownRun, world: World) -> TraceLine:
    """Said loudly: nothing of the run goes on until somebody acts, and an edited card wakes nobody."""
    platform = platform_title(known.run.key.platform, world)
    why = f" {known.run.health_text}" if known.run.health_text else ""
    at = known.run.read_at.isoformat() if known.run.read_at else ""
    words = say("trace.halted", run=run_name(known), platform=platform, why=why)
    return TraceLine(known.handle, f"halted:{known.handle}:{at}", words)


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


def answer_of(known: KnownRun, results: Sequence[Became]) -> Answer:
    """One write's receipt; of several, a line each, and it failed if any did."""
    trace = [line for one in results for line in one.trace]
    if len(results) == 1:
        one = results[0]
        card = short_card(one.words, lines=one.lines, buttons=one.buttons[:4], tone=one.tone)
        return Answer(private=card, trace=trace, touched=(known.handle,), result=one.result)
    done = sum(one.result == "done" for one in results)
    lines = [line for one in results for line in (one.words, *one.lines)]
    buttons: list[Button] = []
    for press in [press for one in results if one.result != "done" for press in one.buttons]:
        if press not in buttons:
            buttons.append(press)
    buttons = [_told_apart(press, buttons) for press in buttons]
    so = sum(one.so for one in results)
    failed = any(one.result == "failed" for one in results)
    result: Result = "failed" if failed else "done" if done == len(results) else "question"
    key = "receipt.several_so" if so == len(results) else "receipt.several"
    card = short_card(
        say(key, done=done - so, total=len(results), run=run_name(known)),
        lines=lines,
        buttons=tuple(buttons[:4]),
        tone="warn" if failed else "",
    )
    return Answer(private=card, trace=trace, touched=(known.handle,), result=result)
