"""Events of a platform that is a plugin of a chat: they arrive on the chat's connection, and say what to read."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from adapters.change_sources import ChatEvents
from adapters.models import is_same_site
from adapters.protocol import Adapter
from bot.services.change_poller import IN_USE
from bot.services.run_service import RunService


class PlatformEvents:
    def __init__(self, platforms: Mapping[str, Adapter], runs: RunService, now: Callable[[], datetime]) -> None:
        self._adapters = {name: adapter for name, adapter in platforms.items() if isinstance(adapter, ChatEvents)}
        self._runs = runs
        self._now = now

    def on_event(self, site: str, event: str, payload: str) -> None:
        for name, adapter in self._of_site(site):
            if ids := adapter.changed_runs(event, payload):
                self._runs.hint(name, ids)

    def on_gap(self, site: str) -> None:
        """Reads the runs in use, where a missed event would be seen. Polls find what changed in the others."""
        for name, _ in self._of_site(site):
            self._runs.hint_used(name, self._now() - IN_USE)

    def _of_site(self, site: str) -> Sequence[tuple[str, ChatEvents]]:
        return [(name, adapter) for name, adapter in self._adapters.items() if is_same_site(site, adapter.site)]
