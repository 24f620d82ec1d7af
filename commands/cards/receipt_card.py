"""The outcome of a write, for the person who asked for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.errors import AdapterError, Conflict, NotFound, RateLimited, Rejected
from adapters.results import WriteResult
from adapters.toolkit.messages import in_language
from adapters.writes import HoldTask, Op, Write
from commands.cards.activity_line import (
    activity_line,
    complete_buttons,
    decision_line,
    is_health_unset,
    message_facts,
    missing_text,
    not_sent_reason,
    refusal_reason,
    too_late_text,
    unknown_facts,
    unknown_key,
    write_summary,
    written_verb,
)
from commands.cards.error_card import (
    AlreadyDone,
    confirmed_retry,
    drop_button,
    refusal_text,
    retry_button,
    retry_buttons,
)
from commands.model.card import ActivityLine, Answer, Button, Card, Result, Text, Tone
from commands.model.errors import CommandError
from commands.model.intents import Choose, OpenForm
from commands.model.outcomes import Done, Refused, Unknown, WriteOutcome
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import own_messages, plain_text, translate
from commands.text.error_text import (
    adapter_error_text,
    command_error_text,
    platform_messages,
    platform_title,
    reason_lines,
)
from commands.text.phrases import button, clock, first_line, run_name, short_card, task_name

_NAMED_FIELDS = frozenset({"start.owner", "add.assignee"})  # which have sentences of their own


@dataclass(frozen=True)
class OutcomeReport:
    """One write's outcome for its person: ``lines`` below ``text``, and ``activity`` for the run's thread."""

    text: Text
    result: Result
    lines: tuple[Text, ...] = ()
    buttons: tuple[Button, ...] = ()
    activity: tuple[ActivityLine, ...] = ()
    tone: Tone = ""
    already: bool = False  # somebody did it before, and nothing was changed


def report_outcome(context: CommandContext, written: WriteOutcome) -> OutcomeReport:
    tracked, outcome = written.tracked, written.combined
    match outcome:
        case Done(result=result) if result.too_late:
            text = too_late_text(tracked, written.wanted, context.services)
            report = OutcomeReport(text, "failed", lines=_lines_below(context, tracked, written), tone="warn")
        case Done(marker=marker):
            facts = message_facts(tracked, written.wanted, outcome.result)
            text = translate(_receipt_key(written, outcome.result), code=marker.code, **facts)
            report = OutcomeReport(text, "done", lines=_lines_below(context, tracked, written))
        case Unknown(step=step):
            # "question", never "failed": it may well have gone through, and the line will say so.
            facts = unknown_facts(tracked, outcome, context.services)
            text = translate(unknown_key("unknown.private", step), run=tracked.handle, **facts)
            decide = decision_line(context.message, tracked, outcome, context.services)
            return OutcomeReport(text, "question", activity=(decide,))
        case Refused():
            report = _report_refused(context, written, outcome)
    line = activity_line(context.message, tracked, outcome, context.services, partly=written.partly)
    report = replace(report, activity=(line,))
    return as_correction(report) if isinstance(outcome, Refused) and not written.partly else report


def _receipt_key(written: WriteOutcome, result: WriteResult) -> str:
    write = written.wanted
    if result.partial:
        return "receipt.partial"
    if is_health_unset(write):
        return "receipt.status_text"
    shows_tasks = any(isinstance(outcome, Done) and outcome.result.tasks for outcome in written.outcomes)
    only_commented = write.op is Op.BEGIN and result.comment is not None and not shows_tasks
    return "receipt.begin_said" if only_commented else f"receipt.{written_verb(write)}"


def as_correction(report: OutcomeReport) -> OutcomeReport:
    """Its activity lines only replace those that are posted already and are no longer true."""
    return replace(report, activity=tuple(replace(line, corrects=True) for line in report.activity))


def report_refusal(error: CommandError | AdapterError, services: Services) -> OutcomeReport:
    """Of a write that was refused before anything was sent."""
    if isinstance(error, CommandError):
        already = isinstance(error, AlreadyDone)
        result: Result = "done" if already else "failed"
        return OutcomeReport(command_error_text(error), result, buttons=error.buttons, already=already)
    lines = tuple(reason_lines(error))
    if isinstance(error, Conflict) and error.already:
        return OutcomeReport(adapter_error_text(error, services), "done", lines, already=True)
    return OutcomeReport(refusal_text(error, services), "failed", lines)


def _report_refused(context: CommandContext, written: WriteOutcome, outcome: Refused) -> OutcomeReport:
    tracked, message, services, error = written.tracked, context.message, context.services, outcome.error
    what = write_summary(tracked, written.wanted)
    platform = platform_title(tracked.run.key.platform, services)
    lines = tuple(reason_lines(error))
    task = tracked.task_handle(written.wanted.target)
    retry = tuple(confirmed_retry(error, message, tracked.handle, services, task))
    if written.partly:
        parts = Counter(_part_name(made.step) for made in written.changes_made)
        done = ", ".join(name if times == 1 else f"{name} (×{times})" for name, times in parts.items())
        why = refusal_reason(outcome, platform, services, partly=True)
        if missing := missing_text(tracked, outcome, services):
            text = translate("refused.partly_missing", what=what, missing=missing, platform=platform, why=why)
        else:
            text = translate("refused.partly", what=what, done=done, missing=_part_name(outcome.step), why=why)
        buttons = (*retry, *complete_buttons(message, tracked, outcome))
        return OutcomeReport(text, "failed", lines, buttons, tone="bad")
    if outcome.why != "refused" or error is None:
        text = _not_sent_text(outcome, what, platform, services)
        return OutcomeReport(text, "failed", lines, (retry_button(message), drop_button(message)), tone="warn")
    text = refusal_text(error, services)
    if isinstance(error, NotFound) and (gone := tracked.run.task(outcome.step.target)):
        text = translate("refused.not_found", task=task_name(tracked, gone), why=text)
    if isinstance(error, Rejected) and error.choices:
        return OutcomeReport(text, "question", lines, retry)
    if isinstance(error, Rejected) and error.assign_first and task:
        assign = OpenForm(run=tracked.handle, about="assign", fill={"task": task})
        retry = (*retry, button("button.form_assign", assign))
    return OutcomeReport(text, "failed", lines, (*retry, *retry_buttons(error, message)), tone="bad")


def _not_sent_text(outcome: Refused, what: str, platform: str, services: Services) -> Text:
    match outcome:
        case Refused(why="stopped"):
            return translate("refused.stopped", what=what, platform=platform)
        case Refused(why="late" | "down"):
            return translate("refused.not_sent", what=what, why=not_sent_reason(outcome, services))
        case Refused(error=RateLimited(until=until)):
            wait = clock(until, services.zone, services.now())
            return translate("refused.asked_to_wait", what=what, platform=platform, until=wait)
    return translate("refused.patience", what=what, platform=platform)


def _part_name(step: Write) -> str:
    """What the step does, for people. A step of an adapter from elsewhere may only have its own name."""
    key = f"part.{step.part.rstrip('0123456789') or 'itself'}"
    return plain_text(translate(key)) if key in own_messages() else step.part


def _lines_below(context: CommandContext, tracked: TrackedRun, written: WriteOutcome) -> tuple[Text, ...]:
    """The first line of what was stored, and what the platform's adapter adds."""
    stored = written.wanted.words
    lines: list[Text] = [translate("receipt.quote", text=first_line(stored))] if stored.strip() else []
    if isinstance(written.wanted, HoldTask) and (until := written.wanted.until):
        lines.append(translate("receipt.held_until", at=clock(until, context.services.zone, context.now)))
    results = [outcome.result for outcome in written.outcomes if isinstance(outcome, Done)]
    lines += _ignored_fields(tracked, written.wanted, context.services)
    lines += [text for result in results if (text := adapter_message(result, tracked, context.services))]
    return tuple(lines)


def _ignored_fields(tracked: TrackedRun, wanted: Write, services: Services) -> list[Text]:
    """What was asked for and has no place on this platform."""
    name = tracked.run.key.platform
    ignored = services.platform_types[name].ignored_fields if name in services.platform_types else frozenset()
    title = platform_title(name, services)
    lines: list[Text] = []
    if f"{wanted.op}.owner" in ignored and (owner := getattr(wanted, "owner", None)):
        lines.append(translate("receipt.no_owner", platform=title, person=owner.shown))
    if f"{wanted.op}.assignee" in ignored and (assignee := getattr(wanted, "assignee", None)):
        lines.append(translate("receipt.no_assignee", platform=title, person=assignee.shown))
    others = [field for field in sorted(ignored) if field not in _NAMED_FIELDS and _is_given(wanted, field)]
    return [
        *lines,
        *(translate("receipt.ignored", platform=title, field=field.partition(".")[2]) for field in others),
    ]


def _is_given(wanted: Write, name: str) -> bool:
    """Whether the field ("add.stage") was asked for in this write."""
    op, _, field = name.partition(".")
    info = type(wanted).model_fields.get(field)
    return wanted.op == op and info is not None and getattr(wanted, field) != info.get_default()


def adapter_message(result: WriteResult, tracked: TrackedRun, services: Services) -> Text:
    """The adapter's own message about what it did; empty if it has none."""
    if not result.message:
        return ()
    return translate(result.message, platform_messages(tracked.run.key.platform, services), **result.facts)


def answer_of(tracked: TrackedRun, reports: Sequence[OutcomeReport], services: Services | None = None) -> Answer:
    """The receipt of one write; of several (these need ``services``), one card with a line for each."""
    activity = [line for report in reports for line in report.activity]
    if len(reports) == 1:
        report = reports[0]
        card = short_card(report.text, lines=report.lines, buttons=report.buttons[:4], tone=report.tone)
        return Answer(private=card, activity=activity, changed_runs=(tracked.handle,), result=report.result)
    failed = any(report.result == "failed" for report in reports)
    all_done = all(report.result == "done" for report in reports)
    result: Result = "failed" if failed else "done" if all_done else "question"
    assert services is not None
    with in_language(services.language):
        channel_title = _summary_of(tracked, reports)
    return Answer(
        private=_card_of_several(tracked, reports, failed),
        channel_title=channel_title,
        activity=activity,
        changed_runs=(tracked.handle,),
        result=result,
    )


def _card_of_several(tracked: TrackedRun, reports: Sequence[OutcomeReport], failed: bool) -> Card:
    lines = [line for report in reports for line in (report.text, *report.lines)]
    buttons: list[Button] = []
    for press in [press for report in reports if report.result != "done" for press in report.buttons]:
        if press not in buttons:
            buttons.append(press)
    buttons = [_with_task(press, buttons) for press in buttons]
    title = _summary_of(tracked, reports)
    return short_card(title, lines=lines, buttons=tuple(buttons[:4]), tone="warn" if failed else "")


def _summary_of(tracked: TrackedRun, reports: Sequence[OutcomeReport]) -> Text:
    """ "2 of 3 done in R7". What was already done is not counted."""
    already = sum(report.already for report in reports)
    done = sum(report.result == "done" for report in reports) - already
    key = "receipt.several_so" if already == len(reports) else "receipt.several"
    return translate(key, done=done, total=len(reports), run=run_name(tracked))


def _with_task(press: Button, among: Sequence[Button]) -> Button:
    """ "T3: My part" where another task of the same line has the same button."""
    task = press.intent.task if isinstance(press.intent, Choose) else ""
    same = sum(other.label == press.label for other in among) > 1
    return replace(press, label=f"{task}: {press.label}") if task and same else press
