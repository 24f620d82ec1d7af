"""The stories of the team and their current activity (Tines API, Stories, List).

Tines counts activity per story, whoever started it. It says nothing about a single run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import AdapterError
from adapters.tines import wire
from adapters.tines.api import Api
from adapters.toolkit.cache import CachedValue

_MAX_AGE = timedelta(seconds=20)  # the actions are listed several times while a person chooses one


@dataclass
class Stories:
    api: Api
    now: Callable[[], datetime]
    _stories: CachedValue[Sequence[wire.Story]] = field(init=False)

    def __post_init__(self) -> None:
        self._stories = CachedValue(self.now, _MAX_AGE)

    async def by_name(self) -> Mapping[str, wire.Story]:
        """The live stories by ``normalized_name``, without ambiguous names. Empty if they cannot be read."""
        try:
            stories = await self._stories.get(lambda: self.api.stories("do"))
        except AdapterError:
            return {}
        names = [normalized_name(story.name) for story in stories]
        return {name: story for name, story in zip(names, stories, strict=True) if names.count(name) == 1}


def normalized_name(name: str) -> str:
    return " ".join(name.split()).casefold()


def activity(story: wire.Story) -> Mapping[str, str]:
    """The counts as message facts. Empty if Tines gave none; ``broken`` exists only if it is not 0."""
    if story.pending_action_runs_count is None or story.concurrent_runs_count is None:
        return {}
    facts = {"running": str(story.concurrent_runs_count), "waiting": str(story.pending_action_runs_count)}
    return facts | ({"broken": str(story.not_working_actions_count)} if story.not_working_actions_count else {})
