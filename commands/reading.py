"""Reading a run for somebody who looks at it: as fresh as the platform allows, and saying how fresh that is."""

from adapters.errors import AdapterError, RateLimited, Unreachable
from commands.cards import Clock, Text
from commands.phrases import clock
from commands.ports import Context, KnownRun
from commands.problems import adapter_words, platform_title, without_nothing
from commands.sentences import say


async def fresh(context: Context, known: KnownRun) -> tuple[KnownRun, tuple[Text, ...]]:
    """The run as read now, and what is to be said about it. Raises only when it was never read at all."""
    notes: list[Text] = []
    if known.started:
        try:
            known = await context.world.runs.refresh(known.handle)
        except AdapterError as error:
            if known.run.read_at is None:
                raise
            at = clock(known.run.read_at, context.zone)
            notes.append(_old(error, context, at))
    return known, (*notes, *await pending(context, known))


def _old(error: AdapterError, context: Context, at: Clock) -> Text:
    """No answer is one thing; that the run is gone, or is not shown to us any more, is another."""
    if isinstance(error, Unreachable | RateLimited):
        return say("read.old", platform=platform_title(error.platform, context.world), at=at)
    return say("read.refused", why=without_nothing(adapter_words(error, context.world)), at=at)


async def pending(context: Context, known: KnownRun) -> tuple[Text, ...]:
    """Names the accepted writes that the snapshot cannot show yet."""
    waiting = await context.world.runs.waiting(known.handle)
    if not waiting:
        return ()
    return (say("read.pending_one" if waiting == 1 else "read.pending", count=waiting, run=known.handle),)
