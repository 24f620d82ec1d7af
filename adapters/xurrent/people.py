"""Finds people in Xurrent by email address, the only thing about them that a chat knows too.

The old API documents no people. There somebody is known by their own token, or else by the full name on a task
that was read, if only one person has that name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse, Rejected
from adapters.models import Person, Task
from adapters.xurrent import wire
from adapters.xurrent.api import Api

FIELDS = ("id", "name", "primary_email")
MAX_IDS = 100  # in one request


@dataclass
class People:
    """Results are cached for the life of the process, except that an email address was not found."""

    api: Api
    searchable: bool = True  # False for the old API
    personal_api: Callable[[str], Api | None] = lambda id: None
    _id_by_email: dict[str, str] = field(default_factory=dict)
    _email_by_id: dict[str, str] = field(default_factory=dict)  # "" if it can't be read
    _ids_by_name: dict[str, set[str]] = field(default_factory=dict)  # of people on tasks
    _own_user: str | None = None  # "" if it can't be read

    async def load_emails(self, ids: Iterable[str], operation: str) -> None:
        """Reads the email addresses of these people, once: a run's tasks only have their names."""
        missing = sorted(set(ids) - self._email_by_id.keys())[:MAX_IDS]
        if not (missing and self.searchable):
            return
        try:
            query = {"id": ",".join(missing)}
            people = (
                await self.api.fetch_list(wire.Person, "people", operation, query, fields=FIELDS, pages=1)
            ).items
        except (*OPTIONAL_READ_ERRORS, BadResponse):
            people = ()  # the token may not read people: their names have to do
        emails = {person.id: (person.primary_email or "").strip() for person in people}
        self._email_by_id |= {id: emails.get(id, "") for id in missing}

    def with_emails(self, task: Task) -> Task:
        """``task``, with the email addresses of its people as far as they were loaded."""
        return task.model_copy(
            update={
                "assignees": tuple(self._with_email(person) for person in task.assignees),
                "approvers": tuple(self._with_email(person) for person in task.approvers),
            }
        )

    def _with_email(self, person: Person) -> Person:
        email = self._email_by_id.get(person.id)
        return person.model_copy(update={"email": email}) if email else person

    async def own_user(self, operation: str) -> str:
        """The ID of the token's person, read once. Empty if it can't be read."""
        if self._own_user is None:
            try:
                self._own_user = (await self.api.fetch(wire.Person, "me", operation)).id
            except (*OPTIONAL_READ_ERRORS, BadResponse):
                self._own_user = ""
        return self._own_user

    async def find_id_if_readable(self, person: Person, operation: str) -> str | None:
        """As ``find_id``, but None if the token may not read people: for writes that work without a person."""
        try:
            return await self.find_id(person, operation)
        except OPTIONAL_READ_ERRORS:
            return None

    async def find_id(self, person: Person, operation: str) -> str | None:
        if not self.searchable:
            return await self._find_on_tasks(person, operation)
        email = (person.email or "").strip().casefold()
        if not email:
            return None
        if email not in self._id_by_email:
            id = await self._search(email, operation)
            if id is None:
                return None
            self._id_by_email[email] = id
            self._email_by_id[id] = email
        return self._id_by_email[email]

    async def require_body_id(self, person: Person, operation: str) -> int:
        """The person's ID for a request body. Raises ``Rejected`` if the person is unknown."""
        id = await self.find_id(person, operation)
        if id is None:
            key = "xurrent.unknown_person" if self.searchable else "xurrent.itrp_unknown_person"
            raise Rejected(self.api.name, operation, key=key, person=person.shown)
        return self.api.body_id(id, operation)

    def remember(self, tasks: Iterable[wire.Task]) -> None:
        """The people on these tasks, by name."""
        for person in (person for task in tasks for person in (task.member, task.manager)):
            if person is not None and person.name:
                self._ids_by_name.setdefault(_fold(person.name), set()).add(person.id)

    async def _find_on_tasks(self, person: Person, operation: str) -> str | None:
        api = self.personal_api(person.id) if person.id else None
        if api is not None:
            own = await api.fetch_list(wire.Task, "tasks/assigned_to_me", operation, pages=1)
            id = next((task.member.id for task in own if task.member), None)
            if id is not None:
                return id
        ids = self._ids_by_name.get(_fold(person.name), set())
        return next(iter(ids)) if len(ids) == 1 else None

    async def _search(self, email: str, operation: str) -> str | None:
        """Compares the addresses too: a server may ignore the filter and return everybody."""
        query = {"primary_email": email}
        result = await self.api.fetch_list(wire.Person, "people", operation, query, fields=FIELDS, pages=1)
        enabled = [person for person in result.items if not person.disabled]
        matches = [person.id for person in enabled if (person.primary_email or "").strip().casefold() == email]
        if matches:
            return matches[0]
        return enabled[0].id if len(enabled) == 1 and enabled[0].primary_email is None else None


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()
