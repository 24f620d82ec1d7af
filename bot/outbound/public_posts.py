"""Posts that everybody sees: once in each place, also after a crash or a lost response."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.models import HomeChannel
from adapters.toolkit.messages import in_language
from bot.outbound.delivery_queues import DeliveryQueues
from bot.outbound.live_cards import LiveCards
from bot.storage.runs import RunRows
from bot.surfaces.protocol import Surface
from commands.model.card import Answer, Card
from commands.model.messages import Message, Place


@dataclass
class PublicPosts:
    """``resumed``: the message was processed before a crash, so its posts may exist."""

    surfaces: Mapping[str, Surface]
    live_cards: LiveCards
    run_rows: RunRows
    queues: DeliveryQueues
    language: str

    async def post(self, message: Message, answer: Answer, since: datetime, *, resumed: bool) -> bool:
        """In the place of the message. Returns whether it is there."""
        if answer.public is None or self._is_home(self._home_of(answer.announces), message.place):
            return False
        place = self._place_of_its_readers(answer, message.place)
        if place is None or (answer.announces and place is not message.place):
            return False  # ``post_elsewhere`` reaches all its places
        return await self._post_once(message, answer.public, place, since, resumed)

    def _place_of_its_readers(self, answer: Answer, place: Place) -> Place | None:
        """The place of the message, unless others there may not read the run: then the run's own."""
        run = self.run_rows.get(answer.changed_runs[0]) if answer.changed_runs else None
        return place if run is None or run.is_of(place) or place.direct else run.home

    async def post_elsewhere(self, message: Message, answer: Answer, since: datetime, *, resumed: bool) -> None:
        """A status update goes to the other places that show the run too.

        They do not wait for each other: one may be in a chat that does not respond.
        """
        card, home = answer.public, self._home_of(answer.announces)
        if card is None:
            return
        places = {live.place.key: live.place for live in self.live_cards.cards_of(answer.announces)}
        places.pop(message.place.key, None)
        others = [place for place in places.values() if not self._is_home(home, place)]
        await asyncio.gather(*(self._post_once(message, card, place, since, resumed) for place in others))

    async def _post_once(self, message: Message, card: Card, place: Place, since: datetime, resumed: bool) -> bool:
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
            with in_language(self.language):
                await surface.post(place, card, nonce=nonce)

        return await self.queues.send(place.key, message.key, since, post)

    def _home_of(self, run: str) -> HomeChannel | None:
        tracked = self.run_rows.get(run) if run else None
        return tracked.run.home if tracked else None

    def _is_home(self, home: HomeChannel | None, place: Place) -> bool:
        """Whether ``place`` is in the channel that the run's platform made for it."""
        surface = self.surfaces.get(place.surface)
        if home is None or surface is None:
            return False
        return home.channel == place.channel and home.is_of(surface.site)
