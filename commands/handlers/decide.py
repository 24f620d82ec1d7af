"""``decide``: a person's word on a write whose outcome is unknown. Only buttons say it."""

from adapters.writes import StartRun
from commands.cards import Answer, Result
from commands.errors import Stale
from commands.intents import Decide
from commands.phrases import short_card
from commands.ports import Context, Done, Refused, Unknown
from commands.problems import adapter_words, platform_title
from commands.sentences import say
from commands.spec import Command, Right, Scope, never_typed
from commands.tracelines import what


async def handle(intent: Decide, context: Context) -> Answer:
    outcome = await context.world.messages.decide(intent.key, intent.step, intent.there, context.actor)
    if outcome is None:
        raise Stale("decide.settled")
    known = context.run
    step = outcome.step
    it = what(known, step) if known else step.step
    result: Result
    match outcome:
        case Done() if step.part:  # a request of several: the message is carried on, and says itself how it ends
            words, result = say("decide.goes_on", what=it), "done"
        case Done(mark=mark):
            key = "decide.there" if intent.there else "decide.written"
            words, result = say(key, what=it, code=mark.code), "done"
        case Unknown() if intent.there:
            platform = platform_title(known.run.key.platform, context.world) if known else ""
            title = step.title if isinstance(step, StartRun) else it
            words, result = say("decide.not_found", platform=platform, title=title), "question"
        case Unknown():
            words, result = say("decide.unknown", what=it), "question"
        case Refused():
            why = adapter_words(outcome.error, context.world) if outcome.error else ""
            words, result = say("decide.refused", what=it, why=why), "failed"
    return Answer(private=short_card(words), touched=(known.handle,) if known else (), result=result)


COMMAND = Command(
    verb="decide",
    usage="",
    summary="say what became of a write",
    intent=Decide,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.WRITE,
    typed=False,
)
