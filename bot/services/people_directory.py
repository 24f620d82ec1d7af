"""Profiles of people, fetched from the chats and cached for a day (implements ``PeoplePort``).

A write needs a profile that was read in the last five minutes, because people lose their rights. A profile is
forgotten when the chat reports that the person changed.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import structlog

from adapters.models import Person
from adapters.toolkit.people import is_certainly_same, is_chat_id
from bot.storage.people import PeopleRows
from bot.surfaces.errors import SurfaceError
from bot.surfaces.protocol import Surface
from commands.model.errors import Missing
from commands.model.messages import Actor, Membership, Message, PersonGroup, Place

PROFILE_LIFETIME = timedelta(days=1)
RIGHTS_LIFETIME = timedelta(minutes=5)  # of a profile that decides whether somebody may write
RIGHTS_GRACE = timedelta(minutes=30)  # while the chat cannot be asked
PROFILE_TIMEOUT_SECONDS = 5.0

log = structlog.get_logger(__name__)


class PeopleDirectory:
    """``emails`` is the ``[people]`` section: chat id -> e-mail address, for profiles that have none."""

    def __init__(
        self,
        rows: PeopleRows,
        surfaces: Mapping[str, Surface],
        emails: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._surfaces = surfaces
        self._emails = emails
        self._now = now
        self._profiles: dict[tuple[str, str, str], tuple[Actor, datetime]] = {}
        self._changes: Counter[tuple[str, str]] = Counter()  # reports of a chat, by (surface, person)
        self._locks: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()

    async def load(self) -> None:
        for actor, fetched_at in await self._rows.load():
            self._profiles[_key(actor)] = (actor, fetched_at)

    async def reload(self, people: Collection[str] | None) -> None:
        """Another replica has read or forgotten these profiles, or any."""
        for surface, person in [("", "")] if people is None else map(json.loads, people):
            forgotten = [key for key in self._profiles if surface in ("", key[0]) and person in ("", key[2])]
            for key in forgotten:
                del self._profiles[key]
            found = await (self._rows.find(surface, person) if surface else self._rows.load())
            if not found:
                self._changes[surface, person] += 1  # what is being asked now may be old
            self._profiles |= {_key(actor): (actor, at) for actor, at in found}

    async def profile(self, actor: Actor) -> Actor:
        """The actor with membership, name and e-mail address. Asks the chat at most once a day.

        If the chat does not answer, the last profile is used. Somebody without one stays ``UNKNOWN``, with read
        access only.
        """
        cached = self._profiles.get(_key(actor))
        if cached is not None and self._is_current(*cached):
            return _merge(actor, cached[0])
        try:
            profile = await self._read(actor)
        except SurfaceError as error:
            log.warning("profile not read", person=actor.id, error=str(error))
            return _merge(actor, cached[0]) if cached else actor
        return _merge(actor, profile)

    async def current_profile(self, actor: Actor) -> Actor:
        """Like ``profile``, for a write: read in the last five minutes.

        While the chat cannot be asked, the last profile is used for half an hour. After that, and for somebody who
        was never read, the membership is ``UNKNOWN``.
        """
        if (known := self._current(actor)) is not None:
            return known
        async with self._locks.setdefault(_key(actor), asyncio.Lock()):  # many clicks at once ask the chat once
            if (known := self._current(actor)) is not None:
                return known
            cached = self._profiles.get(_key(actor))
            try:
                async with asyncio.timeout(PROFILE_TIMEOUT_SECONDS):
                    profile = await self._read(actor)
            except (SurfaceError, TimeoutError) as error:
                cached = self._profiles.get(_key(actor))
                is_recent = cached is not None and self._now() - cached[1] < RIGHTS_GRACE
                log.warning("membership not read", person=actor.id, last_read_counts=is_recent, error=str(error))
                if cached is not None and is_recent:
                    return _merge(actor, cached[0])
                known = _merge(actor, cached[0]) if cached else actor
                return known.model_copy(update={"membership": Membership.UNKNOWN})
            return _merge(actor, profile)

    def _current(self, actor: Actor) -> Actor | None:
        """With a profile that a write may rely on."""
        cached = self._profiles.get(_key(actor))
        if cached is None or not self._is_current(*cached, RIGHTS_LIFETIME):
            return None
        return _merge(actor, cached[0])

    async def _read(self, actor: Actor) -> Actor:
        """The profile as the chat has it now. Raises ``SurfaceError``."""
        surface = self._surfaces.get(actor.surface)
        while True:
            changes = self._changes_of(actor)
            profile = actor if surface is None else await surface.profile(actor)
            if changes == self._changes_of(actor):  # or else it may be from before the change
                await self._remember([profile], self._now())
                return profile

    def _changes_of(self, actor: Actor) -> int:
        return self._changes[actor.surface, actor.id] + self._changes[actor.surface, ""]

    async def forget(self, surface: str, person: str = "") -> None:
        """The chat reported that this person changed; without ``person``, that somebody did."""
        self._changes[surface, person] += 1
        changed = [key for key in self._profiles if key[0] == surface and person in ("", key[2])]
        for key in changed:
            del self._profiles[key]
        await self._rows.delete(surface, person)

    def cached_profile(self, actor: Actor) -> Actor:
        """Like ``profile``, but never asks the chat."""
        cached = self._profiles.get(_key(actor))
        return _merge(actor, cached[0]) if cached else actor

    def _is_current(self, profile: Actor, fetched_at: datetime, lifetime: timedelta = PROFILE_LIFETIME) -> bool:
        return profile.membership is not Membership.UNKNOWN and self._now() - fetched_at < lifetime

    async def find(self, words: str, near: Message) -> Sequence[Actor]:
        """People by "@handle", chat id, e-mail address or name; "me" is the sender of ``near``.

        The chat decides who they are, so that the same words always mean the same people, whoever was looked up
        before. Raises ``Missing`` if it cannot be asked.
        """
        if words.casefold() in ("me", "eu", "@me"):
            return [near.actor]
        surface = self._surfaces.get(near.place.surface)
        if surface is None or is_chat_id(words):
            cached = self._cached(words, near.place)
            if cached or surface is None:
                return cached
        return await self._ask(words, near.place)

    async def _ask(self, words: str, near: Place) -> Sequence[Actor]:
        surface = self._surfaces.get(near.surface)
        try:
            found = [] if surface is None else await surface.find_people(words, near)
        except SurfaceError as error:
            log.warning("people search failed", error=str(error))
            raise Missing("person.not_asked", words=words) from error
        await self._remember(found, self._now() - RIGHTS_LIFETIME)  # a chat may have kept its list for a while
        return found

    async def group(self, words: str, near: Message, most: int) -> PersonGroup | None:
        surface = self._surfaces.get(near.place.surface)
        try:
            group = None if surface is None else await surface.group(words.removeprefix("@"), near.place, most)
        except SurfaceError as error:
            log.warning("group not read", error=str(error))
            return None
        if group is not None:
            await self._remember(group.members, self._now())
        return group

    def _cached(self, words: str, near: Place) -> Sequence[Actor]:
        known = (profile for profile, _ in self._profiles.values() if profile.surface == near.surface)
        profiles = [profile for profile in known if profile.workspace == near.workspace]
        return [profile for profile in profiles if _has_identifier(profile, words.removeprefix("@"))]

    async def account_of(self, person: Person, near: Place) -> Actor | None:
        """The chat is asked: a handle that it had yesterday may be somebody else's today."""
        for words in self._identifiers(person):
            asked = await self._ask(words, near)
            found = [one for one in asked if _is_local(one) and is_certainly_same(self.person(one), person)]
            people = [one for one in found if one.membership is not Membership.BOT]
            if people:
                return people[0] if len(people) == 1 else None
        return None

    def _identifiers(self, person: Person) -> Sequence[str]:
        """What the chat may know this person by."""
        email = (person.email or "").casefold()
        ids = [id for id, address in self._emails.items() if address.casefold() == email and is_chat_id(id)]
        ids += [person.id] if is_chat_id(person.id) else []
        return [*ids, *([email] if email else []), *([f"@{person.handle}"] if person.handle else [])]

    def person(self, actor: Actor) -> Person:
        """The actor with the e-mail address from ``[people]``, else from their profile."""
        handle_is_trusted = actor.membership is Membership.MEMBER and not is_chat_id(actor.handle)
        by_handle = self._emails.get(actor.handle) if handle_is_trusted else None
        email = self._emails.get(actor.id) or by_handle or actor.email
        return Person(id=actor.id, name=actor.name, email=email, handle=actor.handle or None)

    async def _remember(self, profiles: Sequence[Actor], at: datetime) -> None:
        newer = [profile for profile in profiles if not self._has_newer(profile, at)]
        if newer:
            await self._rows.put(newer, at)
            self._profiles |= {_key(profile): (profile, at) for profile in newer}

    def _has_newer(self, profile: Actor, at: datetime) -> bool:
        cached = self._profiles.get(_key(profile))
        return cached is not None and cached[1] > at


_OF_PROFILE = ("email", "membership", "timezone", "locale", "name", "handle")


def _merge(actor: Actor, profile: Actor) -> Actor:
    name, handle = profile.name or actor.name, profile.handle or actor.handle
    found = (profile.email, profile.membership, profile.timezone, profile.locale, name, handle)
    if found == (actor.email, actor.membership, actor.timezone, actor.locale, actor.name, actor.handle):
        return actor
    return actor.model_copy(update=dict(zip(_OF_PROFILE, found, strict=True)))


def _key(actor: Actor) -> tuple[str, str, str]:
    return (actor.surface, actor.workspace, actor.id)


def _has_identifier(profile: Actor, query: str) -> bool:
    """Whether ``query`` is the id, handle or e-mail address of this person.

    A query that looks like an id only matches ids, because people choose their handles. Handles and addresses of
    people in other organisations prove nothing here, so they do not match; the chat is asked instead.
    """
    if is_chat_id(query):
        return profile.id == query
    identifiers = (profile.id.casefold(), profile.handle.casefold(), (profile.email or "").casefold())
    return _is_local(profile) and query.casefold() in identifiers


def _is_local(profile: Actor) -> bool:
    """Whether this person belongs to our own workspace."""
    return profile.membership in (Membership.MEMBER, Membership.GUEST, Membership.BOT)
