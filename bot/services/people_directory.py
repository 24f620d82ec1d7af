"""Who is who (implements ``PeoplePort``): profiles as the chats told them, kept for a day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from adapters.models import Person
from adapters.toolkit.messages import current_language, language_of_locale
from bot.storage.facts import PeopleRows
from bot.surfaces.protocol import Surface, SurfaceError
from commands.access import is_chat_id
from commands.model.messages import Actor, Membership, Message

KEEP = timedelta(days=1)

log = structlog.get_logger(__name__)


class PeopleDirectory:
    """``emails`` is ``[people]``: chat id -> e-mail, where the chat's own profile does not say."""

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
        self._known: dict[tuple[str, str, str], tuple[Actor, datetime]] = {}

    async def load(self) -> None:
        for actor, at in await self._rows.load():
            self._known[_key(actor)] = (actor, at)

    async def profile(self, actor: Actor) -> Actor:
        """With standing, name and e-mail. Asks the chat once a day; when it cannot say, the last answer stands,
        and somebody never seen before stays ``UNKNOWN`` (who may only read)."""
        known = self._known.get(_key(actor))
        if known is not None and known[0].membership is not Membership.UNKNOWN and self._now() - known[1] < KEEP:
            return self._merged(actor, known[0])
        surface = self._surfaces.get(actor.surface)
        try:
            found = actor if surface is None else await surface.profile(actor)
        except SurfaceError as error:
            log.warning("profile not read", actor=actor.id, why=str(error))
            return self._merged(actor, known[0]) if known else actor
        self._remember(found)
        return self._merged(actor, found)

    async def find(self, words: str, near: Message) -> Sequence[Actor]:
        if words.casefold() in ("me", "eu", "@me"):
            return [near.actor]
        wanted = words.removeprefix("@")
        known = [actor for actor, _ in self._known.values()]
        here = [actor for actor in known if actor.surface == near.place.surface and _is(actor, wanted)]
        if here:
            return here
        surface = self._surfaces.get(near.place.surface)
        try:
            found = [] if surface is None else await surface.find_people(words, near.place)
        except SurfaceError as error:
            log.warning("people not found", why=str(error))
            found = []
        for actor in found:
            self._remember(actor)
        return found or [actor for actor in known if _is_named(actor, wanted)]

    def person(self, actor: Actor) -> Person:
        theirs = actor.membership is Membership.MEMBER and not is_chat_id(actor.handle)
        by_handle = self._emails.get(actor.handle) if theirs else None
        email = self._emails.get(actor.id) or by_handle or actor.email
        return Person(id=actor.id, name=actor.name, email=email, handle=actor.handle or None)

    def language_for(self, actor: Actor) -> str:
        """From the locale that the chat reported last, without asking it; else the current language."""
        stored = self._known.get(_key(actor))
        return language_of_locale((stored[0] if stored else actor).locale) or current_language()

    def _merged(self, actor: Actor, profile: Actor) -> Actor:
        update = {name: getattr(profile, name) for name in ("email", "membership", "timezone", "locale")}
        update |= {name: getattr(profile, name) or getattr(actor, name) for name in ("name", "handle")}
        return actor.model_copy(update=update)

    def _remember(self, actor: Actor) -> None:
        self._known[_key(actor)] = (actor, self._now())
        self._rows.put(actor)


def _key(actor: Actor) -> tuple[str, str, str]:
    return (actor.surface, actor.workspace, actor.id)


def _is(actor: Actor, wanted: str) -> bool:
    """People choose their handles: one that is spelt like somebody's id must not stand for it. What another
    company says of its people proves nothing here; the chat is asked who is meant."""
    if is_chat_id(wanted):
        return actor.id == wanted
    names = (actor.id.casefold(), actor.handle.casefold(), (actor.email or "").casefold())
    return _is_ours(actor) and wanted.casefold() in names


def _is_named(actor: Actor, wanted: str) -> bool:
    named = bool(actor.name) and actor.name.casefold() == wanted.casefold()
    return named and _is_ours(actor) and not is_chat_id(wanted)


def _is_ours(actor: Actor) -> bool:
    return actor.membership in (Membership.MEMBER, Membership.GUEST, Membership.BOT)
