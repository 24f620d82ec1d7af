"""Who somebody is on Tines: most writes want an e-mail, and there is no search by one (sheet 3.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse
from adapters.models import Person
from adapters.tines import wire
from adapters.tines.lately import Lately
from adapters.tines.reads import Reads

_FRESH = timedelta(minutes=5)


@dataclass
class People:
    reading: Reads
    now: Callable[[], datetime]
    _team: Lately[Sequence[wire.User]] = field(init=False)

    def __post_init__(self) -> None:
        self._team = Lately(self.now, _FRESH)

    async def email(self, person: Person, operation: str) -> str:
        """The e-mail, else that of the team's member of this id or very name. Empty where nobody knows it."""
        if person.email:
            return person.email
        if not (person.id or person.name):
            return ""
        return _email(person, await self._members(operation, lambda team: bool(_email(person, team))))

    async def assignable(self, person: Person, operation: str) -> str:
        """As ``email``, and empty too where the whole team is known and has nobody of that e-mail.

        What Tines makes of such a one in a new case is not stated, and the case matters more than whose it is.
        """
        email = await self.email(person, operation)
        if not email:
            return ""
        team = await self._members(operation, lambda team: _has(team, email))
        strange = bool(team) and all(one.email for one in team) and not _has(team, email)
        return "" if strange else email

    async def missing(self, users: tuple[wire.User, ...], operation: str) -> dict[str, str]:
        """id -> e-mail of those users that came without one, as far as the team's members tell."""
        wanted = {user.id for user in users if not user.email}
        if not wanted:
            return {}
        team = await self._members(operation, lambda team: wanted <= {one.id for one in team})
        return {one.id: one.email for one in team if one.id in wanted and one.email}

    async def _members(self, operation: str, enough: Callable[[Sequence[wire.User]], bool]) -> Sequence[wire.User]:
        """As read lately, unless somebody is missing: they may have just been invited."""
        return await self._team.get(lambda: self._read(operation), enough)

    async def _read(self, operation: str) -> Sequence[wire.User]:
        """Nobody where the key may not see the team: then only e-mails can be used."""
        if not self.reading.team:
            return ()
        try:
            return await self.reading.members(self.reading.team, operation)
        except (*OPTIONAL_READ_ERRORS, BadResponse):
            return ()


def _has(team: Sequence[wire.User], email: str) -> bool:
    return email.casefold() in (one.email.casefold() for one in team)


def _email(person: Person, team: Sequence[wire.User]) -> str:
    by_id = [one for one in team if person.id and one.id == person.id]
    by_name = [one for one in team if person.name and _name(one) == person.name.strip().casefold()]
    return next((found[0].email for found in (by_id, by_name) if len(found) == 1 and found[0].email), "")


def _name(user: wire.User) -> str:
    return " ".join(f"{user.first_name} {user.last_name}".split()).casefold()
