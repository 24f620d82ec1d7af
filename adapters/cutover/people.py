"""Cutover's users: their names, and who somebody from the chat is there."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from adapters.cutover import wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.errors import MESSAGES
from adapters.errors import OPTIONAL_READ_ERRORS
from adapters.models import Person
from adapters.toolkit.messages import message_text

MAX_UNKNOWN = 10  # users whose names are read at once; the others are read the next time


@dataclass
class People:
    """Remembers everybody for as long as the process lives: a name is read once."""

    api: CutoverApi
    own_user: str = ""  # the id of the token's user, once a comment of ours had an author
    _by_id: dict[str, Person] = field(default_factory=dict)

    async def named(self, ids: Collection[str], operation: str) -> Mapping[str, Person]:
        """The users with these ids. Somebody who can't be read has no name."""
        unknown = [id for id in dict.fromkeys(ids) if id not in self._by_id][:MAX_UNKNOWN]
        await asyncio.gather(*(self._read(id, operation) for id in unknown))
        return {id: self._by_id[id] for id in ids if id in self._by_id}

    async def find(self, wanted: Person, operation: str) -> Person | None:
        """By e-mail: the only thing that is surely the same in the chat and on Cutover."""
        email = (wanted.email or "").strip().casefold()
        if not email:
            return None
        known = next((person for person in self._by_id.values() if _email(person) == email), None)
        if known is not None:
            return known
        for user in await self.api.users(email, operation):
            if not user.attributes.archived:
                self._by_id[user.id] = _person(user)
        return next((person for person in self._by_id.values() if _email(person) == email), None)

    async def _read(self, id: str, operation: str) -> None:
        try:
            self._by_id[id] = _person(await self.api.user(id, operation))
        except OPTIONAL_READ_ERRORS:
            self._by_id[id] = Person(id=id, name=_unnamed(id))


def _email(person: Person) -> str:
    return (person.email or "").casefold()


def _unnamed(id: str) -> str:
    return message_text(MESSAGES, "cutover.label.user", id=id)


def _person(user: wire.User) -> Person:
    attributes = user.attributes
    name = " ".join(filter(None, [attributes.first_name, attributes.last_name]))
    return Person(
        id=user.id,
        name=name or attributes.handle or attributes.email or _unnamed(user.id),
        email=attributes.email,
    )
