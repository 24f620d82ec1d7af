"""``decide``: a person resolves a write whose outcome is unknown. Only buttons send it."""

from adapters.results import NotApplied
from adapters.writes import StartRun
from commands.cards.activity_line import step_summary, unknown_facts, write_summary
from commands.model.card import Answer, Result, Text
from commands.model.command import Command, Right, button_only
from commands.model.errors import Stale
from commands.model.intents import DecideOutcome
from commands.model.outcomes import Done, Refused, Unknown
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.error_text import adapter_error_text, platform_title
from commands.text.phrases import short_card


async def handle(intent: DecideOutcome, context: CommandContext) -> Answer:
    messages = context.services.messages
    outcome = await messages.decide_outcome(intent.key, intent.step, intent.applied, context.actor)
    if outcome is None:
        raise Stale("decide.settled")
    tracked = context.run
    step = outcome.step
    what = step_summary(tracked, step) if tracked else step.step_key
    result: Result
    match outcome:
        case Done() if step.part:  # one of several requests: the message continues, and reports its own end
            whole = write_summary(tracked, step) if tracked else what
            text, result = translate("decide.goes_on", what=whole), "done"
        case Done(marker=marker):
            key = "decide.there" if intent.applied else "decide.written"
            text, result = translate(key, what=what, code=marker.code), "done"
        case Unknown() if intent.applied:
            platform = platform_title(tracked.run.key.platform, context.services) if tracked else ""
            if isinstance(step, StartRun):
                text = translate("decide.not_found", platform=platform, title=step.title)
            else:
                text = _not_confirmed(outcome, tracked, what, platform, context)
            result = "question"
        case Unknown():
            text, result = translate("decide.unknown", what=what), "question"
        case Refused():
            why = adapter_error_text(outcome.error, context.services) if outcome.error else ""
            text, result = translate("decide.refused", what=what, why=why), "failed"
    return Answer(private=short_card(text), changed_runs=(tracked.handle,) if tracked else (), result=result)


def _not_confirmed(
    outcome: Unknown, tracked: TrackedRun | None, what: str, platform: str, context: CommandContext
) -> Text:
    """[It was done] is not accepted where the platform shows that it was not."""
    facts = unknown_facts(tracked, outcome, context.services) if tracked else {}
    if "missing" in facts:
        return translate("decide.missing", platform=platform, missing=facts["missing"])
    key = "decide.contradicted" if isinstance(outcome.finding, NotApplied) else "decide.still_unknown"
    return translate(key, platform=platform, what=what)


COMMAND = Command(
    verb="decide",
    intent=DecideOutcome,
    read=button_only,
    handle=handle,
    right=Right.WRITE,  # dispatch requires the right of the step instead
    typed=False,
)
