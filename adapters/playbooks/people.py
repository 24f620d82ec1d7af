"""Mattermost users: from a person in any chat to a user id, and from user ids to names."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.errors import OPTIONAL_READ_ERRORS, AdapterError
from adapters.models import Person
from adapters.playbooks.api import Api
from adapters.playbooks.errors import MESSAGES
from adapters.playbooks.wire import WireUser, is_id
from adapters.toolkit.messages import message_text

_log = logging.getLogger(__name__)
_MAX_IDS_PER_REQUEST = 100


@dataclass
class People:
    """Known users are cached for the lifetime of the process. Unknown ones are looked up again."""

    api: Api
    _people: dict[str, Person] = field(default_factory=dict)
    _ids: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _bot: WireUser | None = None

    @property
    def bot(self) -> str:
        return self._bot.id if self._bot else ""

    @property
    def bot_name(self) -> str:
        if self._bot and self._bot.username:
            return f"@{self._bot.username}"
        return message_text(MESSAGES, "playbooks.label.the_bot")

    async def me(self) -> WireUser:
        """The user of the token."""
        if self._bot is None:
            self._bot = await self.api.me()
            self._remember(self._bot)
        return self._bot

    def person(self, id: str) -> Person:
        return self._people.get(id) or Person(id=id)

    async def load_names(self, ids: Iterable[str]) -> None:
        """Fetches names that are not known yet. Never raises: without a name, the id is shown."""
        unknown = sorted({id for id in ids if is_id(id)} - self._people.keys())[:_MAX_IDS_PER_REQUEST]
        try:
            bot = await self.me()
            unknown = [id for id in unknown if id != bot.id]
            for user in await self.api.users(unknown) if unknown else ():
                self._remember(user)
        except OPTIONAL_READ_ERRORS as error:
            _log.info("no permission to read user names: %s", error)
            self._people.update({id: Person(id=id) for id in unknown if id not in self._people})
        except AdapterError as error:
            _log.info("could not read user names: %s", error)

    async def user_id(self, person: Person) -> str | None:
        """The Mattermost user of a person from any chat: by id (if it is one of this site), email or username."""
        key = (person.id, person.email or "", person.handle or "")
        if key not in self._ids:
            id = await self._find(person)
            if id is None:
                return None
            self._ids[key] = id
        return self._ids[key]

    def _remember(self, user: WireUser) -> None:
        self._people[user.id] = Person(id=user.id, name=user.shown, handle=user.username or None)

    async def _find(self, person: Person) -> str | None:
        if is_id(person.id):
            await self.load_names([person.id])
            if self.person(person.id).handle:
                return person.id
        user = None
        if person.email:
            user = await self.api.user_by_email(person.email)
        if user is None and person.handle:
            user = await self.api.user_by_name(person.handle.removeprefix("@").lower())
        return user.id if user and is_id(user.id) and user.delete_at == 0 else None
