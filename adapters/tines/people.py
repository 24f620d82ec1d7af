"""Who somebody is on Tines: most writes want an e-mail, and there is no search by one (sheet 3.5)."""

from dataclasses import dataclass

from adapters.errors import BadResponse, NotFound, Rejected, Unsupported
from adapters.models import Person
from adapters.tines import wire
from adapters.tines.reading import Reading


@dataclass
class People:
    reading: Reading

    async def email(self, person: Person, operation: str) -> str:
        """The e-mail, else that of the team's member of this id or very name. Empty where nobody knows it."""
        if person.email:
            return person.email
        if not (person.id or person.name):
            return ""
        members = await self._members(operation)
        by_id = [one for one in members if person.id and one.id == person.id]
        by_name = [one for one in members if person.name and _name(one) == person.name.strip().casefold()]
        for found in (by_id, by_name):
            if len(found) == 1 and found[0].email:
                return found[0].email
        return ""

    async def missing(self, users: tuple[wire.User, ...], operation: str) -> dict[str, str]:
        """id -> e-mail of those users that came without one, as far as the team's members tell."""
        wanted = {user.id for user in users if not user.email}
        if not wanted:
            return {}
        return {one.id: one.email for one in await self._members(operation) if one.id in wanted and one.email}

    async def _members(self, operation: str) -> tuple[wire.User, ...]:
        """Nobody where the key may not see the team: then only e-mails can be used."""
        if not self.reading.team:
            return ()
        try:
            return tuple(await self.reading.members(self.reading.team, operation))
        except (NotFound, Rejected, Unsupported, BadResponse):
            return ()


def _name(user: wire.User) -> str:
    return " ".join(f"{user.first_name} {user.last_name}".split()).casefold()
