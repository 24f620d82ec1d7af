"""Runbooks as their platforms last listed them, so that a slow platform keeps no form waiting."""

import asyncio
from collections.abc import Sequence

from adapters.errors import AdapterError
from adapters.models import Runbook
from adapters.protocol import Adapter
from commands.model.ports import Services

_WAIT_SECONDS = 0.5  # a form opens within a second


class KnownRunbooks:
    def __init__(self) -> None:
        self._listed: dict[str, Sequence[Runbook]] = {}  # by platform
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def list_all(self, services: Services) -> Sequence[Runbook]:
        """As each platform lists them now; as it did last, if it takes longer or doesn't answer."""
        for name, adapter in services.platforms.items():
            if name not in self._asking:
                self._asking[name] = asyncio.create_task(self._ask(name, adapter))
        if self._asking:
            await asyncio.wait(set(self._asking.values()), timeout=_WAIT_SECONDS)
        return [runbook for name in services.platforms for runbook in self._listed.get(name, ())]

    async def _ask(self, name: str, adapter: Adapter) -> None:
        try:
            self._listed[name] = tuple(await adapter.runbooks(""))
        except AdapterError:
            return  # what it listed before is still the best answer
        finally:
            del self._asking[name]
