"""Reading a run to show it: as fresh as the platform allows, with a note where it is not fresh."""

from adapters.errors import AdapterError, NotConfigured, RateLimited, Unreachable
from commands.model.card import ClockTime, Text
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plural, translate
from commands.text.error_text import adapter_error_text, platform_title
from commands.text.phrases import clock


async def refreshed(context: CommandContext, tracked: TrackedRun) -> tuple[TrackedRun, tuple[Text, ...]]:
    """The run as read now, with notes to show below it. Raises only if the run was never read before."""
    notes: list[Text] = []
    if tracked.started:
        try:
            tracked = await context.services.runs.refresh(tracked.handle)
        except NotConfigured:
            pass  # its card says so
        except AdapterError as error:
            if tracked.run.read_at is None:
                raise
            at = clock(tracked.run.read_at, context.zone, context.now)
            notes.append(_old_read(error, context, at))
    return tracked, (*notes, *await pending_changes(context, tracked))


def _old_read(error: AdapterError, context: CommandContext, at: ClockTime) -> Text:
    platform = platform_title(error.platform, context.services)
    if isinstance(error, Unreachable):
        return translate("read.old", platform=platform, at=at)
    if isinstance(error, RateLimited):
        return translate(
            "read.waits", platform=platform, at=at, until=clock(error.until, context.zone, context.now)
        )
    why = adapter_error_text(error, context.services, nothing_changed=False)
    return translate("read.refused", why=why, at=at)


async def pending_changes(context: CommandContext, tracked: TrackedRun) -> tuple[Text, ...]:
    """A note on accepted writes that the snapshot does not show yet."""
    waiting = await context.services.runs.queued_writes(tracked.handle)
    if not waiting:
        return ()
    return (translate(plural("read.pending", waiting), count=waiting, run=tracked.handle),)
