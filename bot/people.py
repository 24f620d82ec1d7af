"""Who is who (implements ``PeoplePort``): profiles as the chats told them, kept for a day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from adapters.models import Person
from bot.storage.facts import PeopleRows
from bot.surfaces.protocol import Surface, SurfaceError
from commands.access import is_chat_id
from commands.messages import Actor, Message, Standing

KEEP = timedelta(days=1)

log = structlog.get_logger(__name__)


class People:
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
        if known is not None and known[0].standing is not Standing.UNKNOWN and self._now() - known[1] < KEEP:
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
        wanted = words.removeprefix("@").casefold()
        here = [
            actor
            for actor, _ in self._known.values()
            if actor.surface == near.place.surface
            and wanted in (actor.id.casefold(), actor.handle.casefold(), (actor.email or "").casefold())
        ]
        if here:
            return here
        surface = self._surfaces.get(near.place.surface)
        try:
            found = [] if surface is None else await surface.people(words, near.place)
        except SurfaceError as error:
            log.warning("people not found", why=str(error))
            found = []
        for actor in found:
            self._remember(actor)
        return found or [
            actor for actor, _ in self._known.values() if actor.name and actor.name.casefold() == wanted
        ]

    def person(self, actor: Actor) -> Person:
        by_handle = "" if is_chat_id(actor.handle) else self._emails.get(actor.handle)
        email = self._emails.get(actor.id) or by_handle or actor.email
        return Person(id=actor.id, name=actor.name, email=email, handle=actor.handle or None)

    def _merged(self, actor: Actor, profile: Actor) -> Actor:
        update = {name: getattr(profile, name) for name in ("email", "standing", "timezone")}
        update |= {name: getattr(profile, name) or getattr(actor, name) for name in ("name", "handle")}
        return actor.model_copy(update=update)

    def _remember(self, actor: Actor) -> None:
        self._known[_key(actor)] = (actor, self._now())
        self._rows.put(actor)


def _key(actor: Actor) -> tuple[str, str, str]:
    return (actor.surface, actor.workspace, actor.id)
