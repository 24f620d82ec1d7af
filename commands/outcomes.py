"""What became of a write, in words: the receipt of whoever asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.errors import AdapterError, Conflict, RateLimited, Rejected
from adapters.writes import Op, Told, Write
from commands.cards import Answer, Button, Result, Text, Tone, TraceLine
from commands.errors import CommandError
from commands.intents import Choose
from commands.phrases import first_line, run_name, short_card
from commands.ports import Context, Done, KnownRun, Refused, Unknown, World
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
from commands.tracelines import facts_of, text_of, trace_line, undecided_line, what
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
            facts = facts_of(known, written.wanted, outcome.told)
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


def _told_apart(press: Button, among: Sequence[Button]) -> Button:
    """ "T3: My part" where another task of the same line asks the same."""
    of = press.intent.of if isinstance(press.intent, Choose) else ""
    alike = sum(other.label == press.label for other in among) > 1
    return replace(press, label=f"{of}: {press.label}") if of and alike else press


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
