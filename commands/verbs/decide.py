"""``decide``: a person's word on a write whose outcome is unknown. Only buttons say it."""

from adapters.writes import StartRun
from commands.cards.activity_line import write_summary
from commands.model.card import Answer, Result
from commands.model.command import Command, Right, Scope, button_only
from commands.model.errors import Stale
from commands.model.intents import DecideOutcome
from commands.model.outcomes import Done, Refused, Unknown
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.error_text import adapter_error_text, platform_title
from commands.text.phrases import short_card


async def handle(intent: DecideOutcome, context: CommandContext) -> Answer:
    outcome = await context.services.messages.decide_outcome(intent.key, intent.step, intent.there, context.actor)
    if outcome is None:
        raise Stale("decide.settled")
    known = context.run
    step = outcome.step
    it = write_summary(known, step) if known else step.step_key
    result: Result
    match outcome:
        case Done() if step.part:  # a request of several: the message is carried on, and says itself how it ends
            words, result = translate("decide.goes_on", what=it), "done"
        case Done(marker=mark):
            key = "decide.there" if intent.there else "decide.written"
            words, result = translate(key, what=it, code=mark.code), "done"
        case Unknown() if intent.there:
            platform = platform_title(known.run.key.platform, context.services) if known else ""
            title = step.title if isinstance(step, StartRun) else it
            words, result = translate("decide.not_found", platform=platform, title=title), "question"
        case Unknown():
            words, result = translate("decide.unknown", what=it), "question"
        case Refused():
            why = adapter_error_text(outcome.error, context.services) if outcome.error else ""
            words, result = translate("decide.refused", what=it, why=why), "failed"
    return Answer(private=short_card(words), changed_runs=(known.handle,) if known else (), result=result)


COMMAND = Command(
    verb="decide",
    usage="",
    summary="say what became of a write",
    intent=DecideOutcome,
    read=button_only,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.WRITE,
    typed=False,
)
