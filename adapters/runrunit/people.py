"""Finds the Runrun.it user of a person from chat, by email address: a timer is a real person's worked time."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import AdapterError
from adapters.models import Person
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.text import fold
from adapters.runrunit.wire import WireAssignment, WireUser

_log = logging.getLogger(__name__)
MAX_AGE = timedelta(hours=1)
REFRESH_AGE = timedelta(minutes=50)  # so that reads in the background refresh it, and no command has to
RETRY_AFTER = timedelta(minutes=1)  # for somebody who is not in the list: they may have just been invited


@dataclass
class People:
    """Caches the account's users."""

    api: RunrunitApi
    now: Callable[[], datetime]
    own_user: str = ""  # the id of the token's user, once it is known
    _own_user_tried: bool = False
    _users: dict[str, WireUser] = field(default_factory=dict)  # slug -> user
    _loaded_at: datetime | None = None
    _refresh_tried_at: datetime | None = None

    async def find_by_email(self, person: Person) -> str | None:
        """The slug of the user with the person's email address. Anybody can choose a chat name or handle."""
        if not person.email:
            return None
        return await self._search(lambda user: user.email.casefold() == (person.email or "").casefold())

    async def find(self, person: Person) -> str | None:
        """Like ``find_by_email``. Without an email address, also by slug, or by a name only one user has."""
        if person.email:
            return await self.find_by_email(person)
        slugs = {slug.removeprefix("@").casefold() for slug in (person.id, person.handle or "") if slug}
        found = await self._search(lambda user: user.id.casefold() in slugs)
        if found is None and person.name:
            matches = [user.id for user in self._users.values() if fold(user.name) == fold(person.name)]
            found = matches[0] if len(matches) == 1 else None
        return found

    async def find_own_user(self) -> None:
        """Whose dashboards these are: the API has no other request about the token's user. Tried once."""
        if self.own_user or self._own_user_tried:
            return
        self._own_user_tried = True
        try:
            owners = {dashboard.user_id for dashboard in await self.api.dashboards("comments")}
        except AdapterError as error:
            _log.info("could not read whose token this is: %s", error)
            return
        self.own_user = owners.pop() if len(owners) == 1 else ""

    @property
    def count(self) -> int:
        """How many users the token can see."""
        return len(self._users)

    async def refresh(self) -> None:
        """Loads the users if they are nearly outdated. Only logs a failure: runs are shown without them too."""
        tried_at = self._refresh_tried_at
        tried_recently = tried_at is not None and self.now() - tried_at < RETRY_AFTER
        if not self._is_older_than(REFRESH_AGE) or tried_recently:
            return
        self._refresh_tried_at = self.now()
        try:
            await self._load()
        except AdapterError as error:
            _log.info("could not read the users of Runrun.it: %s", error)

    def person(self, id: str, name: str = "") -> Person:
        user = self._users.get(id)
        if user is None:
            return Person(id=id, name=name)
        return Person(id=id, name=user.name or name, email=user.email or None)

    def assignees(self, assignments: Iterable[WireAssignment]) -> tuple[Person, ...]:
        """Each assigned person once, in order."""
        by_id = {assignment.assignee_id: assignment for assignment in assignments if assignment.assignee_id}
        return tuple(self.person(id, assignment.assignee_name) for id, assignment in by_id.items())

    async def _search(self, matches: Callable[[WireUser], bool]) -> str | None:
        for age in (MAX_AGE, RETRY_AFTER):
            if self._is_older_than(age):
                await self._load()
            found = [user.id for user in self._users.values() if matches(user)]
            if found:
                return found[0]
        return None

    def _is_older_than(self, age: timedelta) -> bool:
        return self._loaded_at is None or self.now() - self._loaded_at >= age

    async def _load(self) -> None:
        self._users = {user.id: user for user in (await self.api.users()).items}
        self._loaded_at = self.now()
