"""Posts that everybody sees: once in each place, also after a crash or a lost response."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from adapters.models import HomeChannel
from bot.outbound.live_cards import LiveCards
from bot.storage.runs import RunRows
from bot.storage.store import StoreError
from bot.surfaces.protocol import ChatUnreachable, RouteClosed, Surface, SurfaceError
from commands.model.card import Answer, Card
from commands.model.messages import Message, Place
from commands.model.ports import CannotPost

CHAT_ATTEMPTS = 6
FIRST_RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def send_with_retries(send: Callable[[], Awaitable[Any]]) -> bool:
    """Retries while the chat or the store fails, and logs what is refused. Returns whether it succeeded."""
    pause = FIRST_RETRY_SECONDS
    for remaining in reversed(range(CHAT_ATTEMPTS)):
        try:
            await send()
            return True
        except RouteClosed as error:
            log.warning("answer not delivered", error=str(error))
            return False
        except (ChatUnreachable, StoreError) as error:
            if not remaining:
                log.exception("answer not delivered")
                return False
            await asyncio.sleep(max(pause, error.retry_after if isinstance(error, ChatUnreachable) else 0.0))
            pause *= 2
        except (SurfaceError, CannotPost) as error:
            log.warning("answer refused by the chat", error=str(error))
            return False
    return False


@dataclass
class PublicPosts:
    """``resumed``: the message was processed before a crash, so its posts may exist."""

    surfaces: Mapping[str, Surface]
    live_cards: LiveCards
    run_rows: RunRows

    async def post(self, message: Message, answer: Answer, *, resumed: bool) -> bool:
        """In the place of the message. Returns whether it is there."""
        if answer.public is None or self._is_home(self._home_of(answer.announces), message.place):
            return False
        return await self._post_once(message, answer.public, message.place, resumed)

    async def post_elsewhere(self, message: Message, answer: Answer, *, resumed: bool) -> None:
        """A status update goes to the other places that show the run too.

        They do not wait for each other: one may be in a chat that does not respond.
        """
        card, home = answer.public, self._home_of(answer.announces)
        if card is None:
            return
        places = {live.place.key: live.place for live in self.live_cards.cards_of(answer.announces)}
        places.pop(message.place.key, None)
        others = [place for place in places.values() if not self._is_home(home, place)]
        await asyncio.gather(*(self._post_once(message, card, place, resumed) for place in others))

    async def _post_once(self, message: Message, card: Card, place: Place, resumed: bool) -> bool:
        surface = self.surfaces.get(place.surface)
        if surface is None:
            return False
        where = "" if place.key == message.place.key else f"\n{place.key}"
        nonce = hashlib.sha256(f"public\n{message.key}{where}".encode()).hexdigest()[:24]
        may_exist = resumed

        async def post() -> None:
            nonlocal may_exist
            if may_exist and await surface.find_post(place, nonce) is not None:
                return
            may_exist = True
            await surface.post(place, card, nonce=nonce)

        return await send_with_retries(post)

    def _home_of(self, run: str) -> HomeChannel | None:
        tracked = self.run_rows.get(run) if run else None
        return tracked.run.home if tracked else None

    def _is_home(self, home: HomeChannel | None, place: Place) -> bool:
        """Whether ``place`` is in the channel that the run's platform made for it."""
        surface = self.surfaces.get(place.surface)
        if home is None or surface is None:
            return False
        return home.channel == place.channel and home.is_of(surface.site)
