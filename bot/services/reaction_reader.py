"""Reads what reactions are on. They are recorded and acknowledged before, so the chat may take its time."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from bot.surfaces.errors import ChatUnreachable, SurfaceError
from bot.surfaces.protocol import ReactionSurface, Surface
from commands.model.card import Answer
from commands.model.messages import Message
from commands.text.catalogue import translate
from commands.text.phrases import short_card

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 15.0  # seconds

log = structlog.get_logger(__name__)


class ReactionReader:
    """``patience``: how long after a reaction it is still read. ``shutting_down`` ends all waiting."""

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        now: Callable[[], datetime],
        patience: timedelta,
        shutting_down: asyncio.Event,
    ) -> None:
        self._surfaces = surfaces
        self._now = now
        self._patience = patience
        self._shutting_down = shutting_down

    async def read(self, reaction: Message) -> Message | Answer | None:
        """The command that it stands for, or how it ends here. None if Liaison stops."""
        surface, delay = self._surfaces.get(reaction.place.surface), _FIRST_DELAY
        if not isinstance(surface, ReactionSurface):
            return Answer()
        while not self._shutting_down.is_set():
            try:
                return await surface.read_reaction(reaction) or Answer()
            except ChatUnreachable as error:
                if self._now() - reaction.at >= self._patience:
                    return _unread(reaction, error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(delay, error.retry_after)):
                        await self._shutting_down.wait()
                delay = min(2 * delay, _LONGEST_DELAY)
            except SurfaceError as error:
                return _unread(reaction, error)
        return None


def _unread(reaction: Message, error: SurfaceError) -> Answer:
    log.warning("the message of a reaction was not read", delivery=reaction.key, error=str(error))
    return Answer(private=short_card(translate("reaction.unread"), tone="bad"), result="failed")
