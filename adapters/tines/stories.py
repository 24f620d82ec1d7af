"""The team's stories, and what is going on in them (L2975-3100, L3257-3390).

Tines counts for a story as a whole, whoever started it: nothing here is ever the state of one run (sheet 4.15).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import AdapterError
from adapters.tines import wire
from adapters.tines.lately import Lately
from adapters.tines.reads import Reads

_FRESH = timedelta(seconds=20)  # a list of offers is asked for several times while one is chosen


@dataclass
class Stories:
    reading: Reads
    now: Callable[[], datetime]
    _all: Lately[Sequence[wire.Story]] = field(init=False)

    def __post_init__(self) -> None:
        self._all = Lately(self.now, _FRESH)

    async def named(self) -> Mapping[str, wire.Story]:
        """Those that are live, by their folded name; none where they cannot be read: they are only told about.

        Of two stories of one name nobody can say which is meant."""
        try:
            stories = await self._all.get(lambda: self.reading.stories("do"))
        except AdapterError:
            return {}
        names = [folded(story.name) for story in stories]
        return {name: story for name, story in zip(names, stories, strict=True) if names.count(name) == 1}


def folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def activity(story: wire.Story) -> Mapping[str, str]:
    """In numbers; empty where Tines told none. ``broken`` is there only where something is."""
    if story.pending_action_runs_count is None or story.concurrent_runs_count is None:
        return {}
    facts = {"running": str(story.concurrent_runs_count), "waiting": str(story.pending_action_runs_count)}
    return facts | ({"broken": str(story.not_working_actions_count)} if story.not_working_actions_count else {})
