"""What became of a write, in words: the receipt of whoever asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.errors import AdapterError, Conflict, RateLimited, Rejected
from adapters.writes import Op, Write, WriteResult
from commands.cards.activity_line import activity_line, decision_line, message_facts, typed_text, write_summary
from commands.cards.error_card import AlreadyDone, confirmed_retry, drop_button, retry_button, retry_buttons
from commands.model.card import ActivityLine, Answer, Button, Result, Text, Tone
from commands.model.errors import CommandError
from commands.model.intents import Choose
from commands.model.outcomes import Done, Refused, Unknown, WriteOutcome
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import (
    adapter_error_text,
    append_nothing_changed,
    catalogue,
    command_error_text,
    platform_title,
    reason_lines,
    strip_nothing_changed,
)
from commands.text.phrases import first_line, run_name, short_card

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
    Op.ACTION: "receipt.do",
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
class OutcomeReport:
    """One write's outcome for its person. ``lines`` stand below ``words``; ``touched``: the card changed."""

    words: Text
    result: Result
    lines: tuple[Text, ...] = ()
    buttons: tuple[Button, ...] = ()
    trace: tuple[ActivityLine, ...] = ()
    tone: Tone = ""
    so: bool = False  # before us: nothing was changed


def report_outcome(context: CommandContext, written: WriteOutcome) -> OutcomeReport:
    known, outcome = written.known, written.last_told
    line = (activity_line(context.message, known, outcome, context.services, partly=written.partly),)
    match outcome:
        case Done(marker=mark):
            facts = message_facts(known, written.wanted, outcome.result)
            words = translate(_receipt(written.wanted, outcome.result), code=mark.code, **facts)
            return OutcomeReport(words, "done", lines=_below(context, known, written), trace=line)
        case Unknown(step=step, sent_at=sent_at):
            # "question", never "failed": it may well have happened, and its line says so when that is known.
            words = translate("unknown.private", what=write_summary(known, written.wanted), run=known.handle)
            decide = decision_line(context.message, known, step, sent_at, context.services)
            return OutcomeReport(words, "question", trace=(decide,))
        case Refused():
            told = replace(_refused(context, written, outcome), trace=line)
            return told if written.partly else as_correction(told)


def _receipt(wanted: Write, told: WriteResult) -> str:
    if told.partial:
        return "receipt.partial"
    only_said = wanted.op is Op.BEGIN and told.comment is not None and not told.tasks
    return "receipt.begin_said" if only_said else RECEIPTS[wanted.op]


def as_correction(told: OutcomeReport) -> OutcomeReport:
    """Its trace lines are only for those that stand there already, and are not true any more."""
    return replace(told, trace=tuple(replace(line, corrects=True) for line in told.trace))


def report_refusal(error: CommandError | AdapterError, world: Services) -> OutcomeReport:
    """A write that was judged and never sent."""
    if isinstance(error, AdapterError):
        words, so = adapter_error_text(error, world), isinstance(error, Conflict) and error.already
        return OutcomeReport(
            words if so else append_nothing_changed(words),
            "done" if so else "failed",
            tuple(reason_lines(error)),
            so=so,
        )
    already = isinstance(error, AlreadyDone)
    return OutcomeReport(
        command_error_text(error), "done" if already else "failed", buttons=error.buttons, so=already
    )


def _refused(context: CommandContext, written: WriteOutcome, outcome: Refused) -> OutcomeReport:
    known, message, world = written.known, context.message, context.services
    it = write_summary(known, written.wanted)
    platform = platform_title(known.run.key.platform, world)
    lines = tuple(reason_lines(outcome.error))
    retry = confirmed_retry(outcome.error, message, known.handle, world, known.task_handle(written.wanted.target))
    if written.partly:
        done = ", ".join(_part(one.step) for one in written.outcomes[:-1])
        why = (
            adapter_error_text(outcome.error, world)
            if outcome.error
            else translate("refused.no_answer", platform=platform)
        )
        words = translate("refused.partly", what=it, done=done, why=strip_nothing_changed(why))
        return OutcomeReport(words, "failed", lines, tuple(retry), tone="bad")
    if outcome.why in ("patience", "stopped") or outcome.error is None:
        asked = "refused.asked_to_wait" if isinstance(outcome.error, RateLimited) else "refused.patience"
        key = "refused.stopped" if outcome.why == "stopped" else asked
        words = translate(key, what=it, platform=platform)
        return OutcomeReport(words, "failed", lines, (retry_button(message), drop_button(message)), tone="warn")
    words = append_nothing_changed(adapter_error_text(outcome.error, world))
    if isinstance(outcome.error, Rejected) and outcome.error.choices:
        return OutcomeReport(words, "question", lines, tuple(retry))
    buttons = (*retry, *retry_buttons(outcome.error, message))
    return OutcomeReport(words, "failed", lines, buttons, tone="bad")


def _part(step: Write) -> str:
    key = PARTS.get(step.part)
    return plain_text(translate(key)) if key else step.part


def _below(context: CommandContext, known: TrackedRun, written: WriteOutcome) -> tuple[Text, ...]:
    """The first line of what was stored, and what the platform's adapter has to add."""
    stored = typed_text(written.wanted)
    lines: list[Text] = [translate("receipt.quote", text=first_line(stored))] if stored.strip() else []
    told = [one.result for one in written.outcomes if isinstance(one, Done)]
    lines += [said for one in told if (said := adapter_message(one, known, context.services))]
    return tuple(lines)


def adapter_message(told: WriteResult, known: TrackedRun, world: Services) -> Text:
    """The adapter's own sentence about what it did; empty if it has none."""
    return translate(told.message, catalogue(known.run.key.platform, world), **told.facts) if told.message else ()


def _told_apart(press: Button, among: Sequence[Button]) -> Button:
    """ "T3: My part" where another task of the same line asks the same."""
    of = press.intent.of if isinstance(press.intent, Choose) else ""
    alike = sum(other.label == press.label for other in among) > 1
    return replace(press, label=f"{of}: {press.label}") if of and alike else press


def answer_of(known: TrackedRun, results: Sequence[OutcomeReport]) -> Answer:
    """One write's receipt; of several, a line each, and it failed if any did."""
    trace = [line for one in results for line in one.trace]
    if len(results) == 1:
        one = results[0]
        card = short_card(one.words, lines=one.lines, buttons=one.buttons[:4], tone=one.tone)
        return Answer(private=card, activity=trace, changed_runs=(known.handle,), result=one.result)
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
        translate(key, done=done - so, total=len(results), run=run_name(known)),
        lines=lines,
        buttons=tuple(buttons[:4]),
        tone="warn" if failed else "",
    )
    return Answer(private=card, activity=trace, changed_runs=(known.handle,), result=result)
