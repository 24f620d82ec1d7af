"""Who somebody is in Xurrent: a person is found by e-mail address, the one thing that a chat knows too."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse
from adapters.models import Person, Task
from adapters.xurrent import wire
from adapters.xurrent.api import Api

FIELDS = ("id", "name", "primary_email")
MOST_ASKED = 100  # people in one request


@dataclass
class People:
    """Answers are kept while the process lives; that somebody is unknown is asked again."""

    api: Api
    searchable: bool = True  # the old API's page has no people
    _ids: dict[str, str] = field(default_factory=dict)  # e-mail address -> person id
    _emails: dict[str, str] = field(default_factory=dict)  # person id -> e-mail address, or "" if it is not told

    async def meet(self, ids: Iterable[str], operation: str) -> None:
        """Asks once for the addresses of those whom a run names: its tasks tell only their names."""
        unknown = sorted(set(ids) - self._emails.keys())[:MOST_ASKED]
        if not (unknown and self.searchable):
            return
        try:
            asked = {"id": ",".join(unknown)}
            found = (await self.api.many(wire.Person, "people", operation, asked, fields=FIELDS, pages=1)).items
        except (*OPTIONAL_READ_ERRORS, BadResponse):
            found = ()  # the token may not see people: names have to do
        told = {one.id: (one.primary_email or "").strip() for one in found}
        self._emails |= {id: told.get(id, "") for id in unknown}

    def named(self, task: Task) -> Task:
        """The same task, with what is known of its people."""
        return task.model_copy(
            update={
                "assignees": tuple(self._known(one) for one in task.assignees),
                "approvers": tuple(self._known(one) for one in task.approvers),
            }
        )

    def _known(self, person: Person) -> Person:
        email = self._emails.get(person.id)
        return person.model_copy(update={"email": email}) if email else person

    async def id_if_shown(self, person: Person, operation: str) -> str | None:
        """None also where the token may not see people: the work itself must not fail of it."""
        try:
            return await self.id(person, operation)
        except OPTIONAL_READ_ERRORS:
            return None

    async def id(self, person: Person, operation: str) -> str | None:
        email = (person.email or "").strip().casefold()
        if not (email and self.searchable):
            return None
        if email not in self._ids:
            found = await self._search(email, operation)
            if found is None:
                return None
            self._ids[email] = found
            self._emails[found] = email
        return self._ids[email]

    async def _search(self, email: str, operation: str) -> str | None:
        """A server that ignores the filter must not make us take the first person of its list."""
        asked = {"primary_email": email}
        found = await self.api.many(wire.Person, "people", operation, asked, fields=FIELDS, pages=1)
        alive = [one for one in found.items if not one.disabled]
        same = [one.id for one in alive if (one.primary_email or "").strip().casefold() == email]
        if same:
            return same[0]
        return alive[0].id if len(alive) == 1 and alive[0].primary_email is None else None
