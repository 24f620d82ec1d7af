"""Reading a run for somebody who looks at it: as fresh as the platform allows, and saying how fresh that is."""

from adapters.errors import AdapterError
from commands.cards import Text
from commands.phrases import clock
from commands.ports import Context, KnownRun
from commands.problems import platform_title
from commands.sentences import say


async def fresh(context: Context, known: KnownRun) -> tuple[KnownRun, tuple[Text, ...]]:
    """The run as read now, and what is to be said about it. Raises only when it was never read at all."""
    notes: list[Text] = []
    if known.started:
        try:
            known = await context.world.runs.refresh(known.handle)
        except AdapterError:
            if known.run.read_at is None:
                raise
            platform = platform_title(known.run.key.platform, context.world)
            notes.append(say("read.old", platform=platform, at=clock(known.run.read_at, context.zone)))
    return known, (*notes, *await pending(context, known))


async def pending(context: Context, known: KnownRun) -> tuple[Text, ...]:
    """Names the accepted writes that the snapshot cannot show yet."""
    waiting = await context.world.runs.waiting(known.handle)
    if not waiting:
        return ()
    return (say("read.pending_one" if waiting == 1 else "read.pending", count=waiting, run=known.handle),)
