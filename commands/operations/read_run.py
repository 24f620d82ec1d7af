"""Reading a run for somebody who looks at it: as fresh as the platform allows, and saying how fresh that is."""

from adapters.errors import AdapterError, RateLimited, Unreachable
from commands.model.card import ClockTime, Text
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.error_text import adapter_error_text, platform_title, strip_nothing_changed
from commands.text.phrases import clock


async def refreshed(context: CommandContext, known: TrackedRun) -> tuple[TrackedRun, tuple[Text, ...]]:
    """The run as read now, and what is to be said about it. Raises only when it was never read at all."""
    notes: list[Text] = []
    if known.started:
        try:
            known = await context.services.runs.refresh(known.handle)
        except AdapterError as error:
            if known.run.read_at is None:
                raise
            at = clock(known.run.read_at, context.zone)
            notes.append(_old(error, context, at))
    return known, (*notes, *await pending_changes(context, known))


def _old(error: AdapterError, context: CommandContext, at: ClockTime) -> Text:
    """No answer is one thing; that the run is gone, or is not shown to us any more, is another."""
    if isinstance(error, Unreachable | RateLimited):
        return translate("read.old", platform=platform_title(error.platform, context.services), at=at)
    return translate("read.refused", why=strip_nothing_changed(adapter_error_text(error, context.services)), at=at)


async def pending_changes(context: CommandContext, known: TrackedRun) -> tuple[Text, ...]:
    """Names the accepted writes that the snapshot cannot show yet."""
    waiting = await context.services.runs.queued_writes(known.handle)
    if not waiting:
        return ()
    return (translate("read.pending_one" if waiting == 1 else "read.pending", count=waiting, run=known.handle),)
