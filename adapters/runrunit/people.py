"""Who somebody from a chat is on Runrun.it: by e-mail, because a timer is worked time of a real person."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import AdapterError
from adapters.models import Person
from adapters.runrunit.api import Api
from adapters.runrunit.text import folded
from adapters.runrunit.wire import WireAssignment, WireUser

_log = logging.getLogger(__name__)
FRESH = timedelta(minutes=10)
ASK_AGAIN = timedelta(minutes=1)  # for somebody not in the list: they may have just been invited


@dataclass
class People:
    api: Api
    now: Callable[[], datetime]
    _users: dict[str, WireUser] = field(default_factory=dict)  # slug -> user
    _read_at: datetime | None = None
    _tried_at: datetime | None = None  # by ``learn``, which does not mind a failure

    async def user_of(self, person: Person) -> str | None:
        """The slug of whoever has this e-mail address. A chat's names and handles prove nothing: no user."""
        if not person.email:
            return None
        return await self._search(lambda user: user.email.casefold() == (person.email or "").casefold())

    async def named(self, person: Person) -> str | None:
        """As ``user_of``; without an address also by slug, or by a name that only one user has."""
        if person.email:
            return await self.user_of(person)
        slugs = {word.removeprefix("@").casefold() for word in (person.id, person.handle or "") if word}
        found = await self._search(lambda user: user.id.casefold() in slugs)
        if found is None and person.name:
            alike = [user.id for user in self._users.values() if folded(user.name) == folded(person.name)]
            found = alike[0] if len(alike) == 1 else None
        return found

    @property
    def known(self) -> int:
        """How many users can be seen."""
        return len(self._users)

    async def learn(self) -> None:
        """E-mail addresses are only needed to know what is mine: without them a run is still shown."""
        just_tried = self._tried_at is not None and self.now() - self._tried_at < ASK_AGAIN
        if not self._older_than(FRESH) or just_tried:
            return
        self._tried_at = self.now()
        try:
            await self._load()
        except AdapterError as error:
            _log.info("users could not be read now: %s", error)

    def person(self, id: str, name: str = "") -> Person:
        user = self._users.get(id)
        if user is None:
            return Person(id=id, name=name)
        return Person(id=id, name=user.name or name, email=user.email or None)

    def of(self, parts: Iterable[WireAssignment]) -> tuple[Person, ...]:
        """Everybody once, in order."""
        people = {part.assignee_id: part for part in parts if part.assignee_id}
        return tuple(self.person(id, part.assignee_name) for id, part in people.items())

    async def _search(self, wanted: Callable[[WireUser], bool]) -> str | None:
        for age in (FRESH, ASK_AGAIN):
            if self._older_than(age):
                await self._load()
            found = [user.id for user in self._users.values() if wanted(user)]
            if found:
                return found[0]
        return None

    def _older_than(self, age: timedelta) -> bool:
        return self._read_at is None or self.now() - self._read_at >= age

    async def _load(self) -> None:
        self._users = {user.id: user for user in (await self.api.users()).items}
        self._read_at = self.now()
