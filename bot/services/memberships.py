"""Who can see which place of the chats (implements ``MembershipsPort``).

An answer of a chat is used for a minute, and until the chat reports a change. While the chat cannot be asked, its
last answer counts for an hour. A command typed or a button pressed in a place is such an answer too: the chats let
only people do that who can see the place.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import structlog

from bot.surfaces.errors import SurfaceError
from bot.surfaces.protocol import Surface
from commands.model.messages import Actor, Message, Place, Via

LIFETIME = timedelta(minutes=1)
GRACE = timedelta(hours=1)  # while the chat cannot be asked
TIMEOUT_SECONDS = 3.0
_MOST_ANSWERS = 50_000  # after that, all are forgotten and asked for again
_SENT_BY_CLIENT = (Via.COMMAND, Via.MENTION, Via.DIRECT, Via.BUTTON, Via.SHORTCUT)

log = structlog.get_logger(__name__)
_Key = tuple[str, str, str, str]
"""Surface, channel, person and workspace: the ids are only unique within a workspace."""


@dataclass(frozen=True, slots=True)
class _Answer:
    yes: bool
    at: datetime


@dataclass
class Memberships:
    surfaces: Mapping[str, Surface]
    now: Callable[[], datetime]
    _answers: dict[_Key, _Answer] = field(default_factory=dict)
    _changes: Counter[tuple[str, str]] = field(default_factory=Counter)  # reports, by surface and channel
    _changed_at: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    _locks: WeakValueDictionary[Hashable, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def can_see(self, actor: Actor, place: Place) -> bool:
        if actor.surface != place.surface or actor.workspace != place.workspace:
            return False
        key = _key(place, actor)
        return await self._answer(key, lambda surface: surface.can_see(actor, place))

    def knows(self, actor: Actor, place: Place) -> bool:
        if actor.surface != place.surface or actor.workspace != place.workspace:
            return True
        last = self._answers.get(_key(place, actor))
        return last is not None and self.now() - last.at < GRACE

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        """Asks the chat each time: it is only needed before somebody is mentioned."""
        surface = self.surfaces.get(place.surface)
        if surface is None or actor.surface != place.surface or actor.workspace != place.workspace:
            return False
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await surface.is_in_channel(actor, place)
        except (SurfaceError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            log.warning("membership not read", channel=place.channel, person=actor.id, error=why)
            return False

    async def is_public(self, place: Place) -> bool:
        if place.direct:
            return False
        return await self._answer(_key(place), lambda surface: surface.is_public(place))

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        surface = self.surfaces.get(place.surface)
        if surface is None:
            return ()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await surface.members(place, most)
        except (SurfaceError, TimeoutError) as error:
            log.warning("members not read", channel=place.channel, error=str(error) or "no answer in time")
            return ()

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        surface = self.surfaces.get(actor.surface)
        if surface is None:
            return ()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await surface.shared_channels(actor, near)
        except (SurfaceError, TimeoutError) as error:
            log.warning("channels not read", person=actor.id, error=str(error) or "no answer in time")
            return ()

    def last_known(self) -> "LastMemberships":
        return LastMemberships(self)

    def last_answer(self, actor: Actor, place: Place) -> bool:
        """Without asking the chat."""
        if actor.surface != place.surface or actor.workspace != place.workspace:
            return False
        return self._last(_key(place, actor))

    def prove(self, message: Message) -> None:
        """The sender could see the place when they sent the message. A button that is on no post is in a form, or
        on a page, which may have been left open."""
        if message.via in _SENT_BY_CLIENT and (message.via is not Via.BUTTON or message.reply.post):
            self.prove_seen(message.actor, message.place, message.at)

    def prove_seen(self, actor: Actor, place: Place, at: datetime) -> None:
        key = _key(place, actor)
        last, changed_at = self._answers.get(key), self._changed_at.get(key[:3])
        if (last is None or last.at < at) and (changed_at is None or changed_at < at):
            self._remember(key, _Answer(True, at))

    def forget(self, surface: str, channel: str = "", person: str = "") -> None:
        """The chat reported that something changed: for this channel or person, or, without either, anywhere."""
        self._changes[surface, channel] += 1
        if channel and person:
            self._changed_at[surface, channel, person] = self.now()
        self._answers = {
            key: answer
            for key, answer in self._answers.items()
            if not (key[0] == surface and channel in ("", key[1]) and person in ("", key[2]))
        }

    async def _answer(self, key: _Key, ask: Callable[[Surface], Awaitable[bool]]) -> bool:
        surface = self.surfaces.get(key[0])
        if surface is None:
            return False
        if (known := self._current(key)) is not None:
            return known
        async with self._locks.setdefault(key, asyncio.Lock()):  # many questions at once ask the chat once
            if (known := self._current(key)) is not None:
                return known
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    return await self._ask(key, surface, ask)
            except (SurfaceError, TimeoutError) as error:
                why = str(error) or "no answer in time"
                log.warning("membership not read", channel=key[1], person=key[2], error=why)
                return self._last(key)

    def _current(self, key: _Key) -> bool | None:
        last = self._answers.get(key)
        return last.yes if last is not None and self.now() - last.at < LIFETIME else None

    async def _ask(self, key: _Key, surface: Surface, ask: Callable[[Surface], Awaitable[bool]]) -> bool:
        while True:
            changes = self._changes_of(key)
            answer = _Answer(await ask(surface), self.now())
            if changes == self._changes_of(key):  # or else it may be from before the change
                self._remember(key, answer)
                return answer.yes

    def _changes_of(self, key: _Key) -> int:
        return self._changes[key[0], key[1]] + self._changes[key[0], ""]

    def _last(self, key: _Key) -> bool:
        last = self._answers.get(key)
        return last is not None and last.yes and self.now() - last.at < GRACE

    def _remember(self, key: _Key, answer: _Answer) -> None:
        if len(self._answers) >= _MOST_ANSWERS:
            self._answers.clear()
            self._changed_at.clear()
        self._answers[key] = answer


@dataclass(frozen=True)
class LastMemberships:
    """The last answers, for what must not wait for the chat."""

    memberships: Memberships

    async def can_see(self, actor: Actor, place: Place) -> bool:
        return self.memberships.last_answer(actor, place)

    def knows(self, actor: Actor, place: Place) -> bool:
        return self.memberships.knows(actor, place)

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        return False

    async def is_public(self, place: Place) -> bool:
        return False

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        return ()

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        return ()


def _key(place: Place, actor: Actor | None = None) -> _Key:
    return (place.surface, place.channel, actor.id if actor is not None else "", place.workspace)
