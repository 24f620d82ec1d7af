"""Shows what changed in a run's runbook since the run was started from it. Writes nothing."""

import asyncio
import difflib
import itertools
from collections.abc import Sequence

from adapters.runbook_sources import KeptRunbookText, RunbookVersions
from commands.lookup.run_lookup import was_never_started
from commands.model.card import Answer, Card, Code, Text
from commands.model.errors import CommandError, Missing
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.task_action import require_started
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import platform_title
from commands.text.phrases import open_link, run_name, short_card, show_button

MOST_LINES = 80
MOST_CHARACTERS = 2400  # of all lines; Slack's block has room for them
MOST_COMPARED = 5000  # lines
_LONGEST_LINE = 300


async def show_diff(context: CommandContext, tracked: TrackedRun) -> Answer:
    """Raises ``CommandError`` where the platform keeps no text, and ``AdapterError``."""
    adapter, key = context.adapter(tracked), tracked.run.key
    if not isinstance(adapter, KeptRunbookText):
        raise CommandError("diff.not_here", platform=platform_title(key.platform, context.services))
    if was_never_started(tracked):
        raise Missing("start.never", run=run_name(tracked), buttons=[show_button(tracked)])
    require_started(tracked, context.services)
    versions = await adapter.runbook_versions(key.id)
    name = run_name(tracked)
    if versions.started is None:
        return _sentence(tracked, translate("diff.not_kept", run=name))
    if versions.current is None:
        return _sentence(tracked, translate("diff.gone", file=versions.file, run=name))
    lines = await asyncio.to_thread(diff_lines, versions.started, versions.current)
    if not lines:
        return _sentence(tracked, translate("diff.unchanged", file=versions.file, run=name))
    title = translate("diff.title", file=versions.file, run=name)
    card = Card(
        title=title,
        summary=plain_text(title),
        lines=(*_compared(versions), *_shown(lines)),
        buttons=(show_button(tracked),),
        link=open_link(key.platform, tracked.run.link),
    )
    return Answer(private=card)


def only_runs(context: CommandContext) -> CommandError:
    return Missing("diff.only_runs", example=Code(f"{context.services.root_command} show R7 --diff"))


def _sentence(tracked: TrackedRun, sentence: Text) -> Answer:
    return Answer(private=short_card(sentence, buttons=[show_button(tracked)]))


def diff_lines(before: str, after: str) -> Sequence[str]:
    """Of a unified diff, without the names of the files. Empty if nothing is different but line ends."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_COMPARED:
        return _replaced_lines(old, new)
    return list(difflib.unified_diff(old, new, n=2, lineterm=""))[2:]


def _replaced_lines(old: Sequence[str], new: Sequence[str]) -> Sequence[str]:
    """From the first difference to the last one. Long texts are not compared line by line: it can take minutes."""
    if old == new:
        return ()
    first = _equal_lines(old, new)
    last = _equal_lines(old[first:][::-1], new[first:][::-1])
    removed, added = old[first : len(old) - last], new[first : len(new) - last]
    header = f"@@ -{first + 1},{len(removed)} +{first + 1},{len(added)} @@"
    return [header, *(f"-{line}" for line in removed), *(f"+{line}" for line in added)]


def _equal_lines(old: Sequence[str], new: Sequence[str]) -> int:
    """How many at the beginning."""
    pairs = zip(old, new, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _compared(versions: RunbookVersions) -> Sequence[Text]:
    if not (versions.started_as and versions.current_as):
        return ()
    return (translate("diff.versions", before=versions.started_as, after=versions.current_as),)


def _shown(lines: Sequence[str]) -> Sequence[Text]:
    kept: list[str] = []
    room = MOST_CHARACTERS
    for line in lines[:MOST_LINES]:
        line = line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    block: Text = (Code("\n".join(kept), block=True),)
    if len(kept) == len(lines):
        return (block,)
    return (block, translate("diff.cut", count=len(kept), total=len(lines)))
