"""Who somebody is on this Mattermost: from a chat's person to a user id, and from ids to names."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.errors import OPTIONAL_READ_ERRORS, AdapterError
from adapters.models import Person
from adapters.playbooks.api import Api
from adapters.playbooks.wire import WireUser, is_id

_log = logging.getLogger(__name__)
_ASK_AT_ONCE = 100


@dataclass
class People:
    """Answers are kept while the process lives; that somebody is unknown is asked again."""

    api: Api
    _names: dict[str, Person] = field(default_factory=dict)
    _ids: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _bot: WireUser | None = None

    @property
    def bot(self) -> str:
        return self._bot.id if self._bot else ""

    @property
    def bot_name(self) -> str:
        return f"@{self._bot.username}" if self._bot and self._bot.username else "the bot"

    async def me(self) -> WireUser:
        """The token's own user."""
        if self._bot is None:
            self._bot = await self.api.me()
            self._keep(self._bot)
        return self._bot

    def person(self, id: str) -> Person:
        return self._names.get(id) or Person(id=id)

    async def learn(self, ids: Iterable[str]) -> None:
        """Fetches the names of those not known yet. A name is only decoration: without it, the id is shown."""
        wanted = {id for id in ids if is_id(id)}
        unknown = sorted(wanted - self._names.keys())[:_ASK_AT_ONCE]
        try:
            bot = await self.me()
            unknown = [id for id in unknown if id != bot.id]
            for user in await self.api.users(unknown) if unknown else ():
                self._keep(user)
        except OPTIONAL_READ_ERRORS as error:
            _log.info("names are not shown to us: %s", error)
            self._names.update({id: Person(id=id) for id in unknown if id not in self._names})
        except AdapterError as error:
            _log.info("names could not be read now: %s", error)

    async def user_id(self, person: Person) -> str | None:
        """The Mattermost user of somebody from any chat: by id if it is one of this site, by e-mail, by name."""
        asked = (person.id, person.email or "", person.handle or "")
        if asked not in self._ids:
            found = await self._search(person)
            if found is None:
                return None
            self._ids[asked] = found
        return self._ids[asked]

    def _keep(self, user: WireUser) -> None:
        self._names[user.id] = Person(id=user.id, name=user.shown, handle=user.username or None)

    async def _search(self, person: Person) -> str | None:
        if is_id(person.id):
            await self.learn([person.id])
            if self.person(person.id).handle:
                return person.id
        user = None
        if person.email:
            user = await self.api.user_by_email(person.email)
        if user is None and person.handle:
            user = await self.api.user_by_name(person.handle.removeprefix("@").lower())
        return user.id if user and is_id(user.id) and user.delete_at == 0 else None
