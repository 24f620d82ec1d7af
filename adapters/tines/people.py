"""Finds the email address of a person: writes need one, and the API has no search for users."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse, Rejected
from adapters.models import Person
from adapters.tines import mapping, wire
from adapters.tines.api import Api
from adapters.toolkit.cache import CachedValue

_TEAM_MAX_AGE = timedelta(minutes=5)
_ME = ("me", "myself", "eu", "mim")


@dataclass
class People:
    api: Api
    now: Callable[[], datetime]
    own_user: str = ""  # the id of the key's user, once it has written something
    _team: CachedValue[Sequence[wire.User]] = field(init=False)

    def __post_init__(self) -> None:
        self._team = CachedValue(self.now, _TEAM_MAX_AGE)

    async def email(self, person: Person, operation: str) -> str:
        """The person's email, else that of the team member with this id or exact name. Empty if unknown."""
        if person.email:
            return person.email
        if not (person.id or person.name):
            return ""
        return _email_in_team(
            person, await self._members(operation, lambda team: bool(_email_in_team(person, team)))
        )

    async def assignable_email(self, person: Person, operation: str) -> str:
        """Like ``email``, but empty if the whole team is known and nobody in it has that address.

        The API does not state what a new case does with such an address, and creating the case matters more.
        """
        email = await self.email(person, operation)
        if not email:
            return ""
        team = await self._members(operation, lambda team: _has_email(team, email))
        is_outsider = bool(team) and all(user.email for user in team) and not _has_email(team, email)
        return "" if is_outsider else email

    async def member(self, person: Person, operation: str) -> wire.User | None:
        """The member of the team with this id, email address or name. None if nobody, or several, fit."""
        email = (person.email or "").casefold()

        def found(team: Sequence[wire.User]) -> Sequence[wire.User]:
            if email:
                return [user for user in team if user.email.casefold() == email]
            by_id = [user for user in team if person.id and user.id == person.id]
            return by_id or [user for user in team if person.name and _full_name(user) == person.name.casefold()]

        members = found(await self._members(operation, lambda team: bool(found(team))))
        return members[0] if len(members) == 1 else None

    async def author_fields(self, person: Person, operation: str) -> dict[str, str]:
        """The ``author_email`` of a request body, if the email is known."""
        email = await self.email(person, operation)
        return {"author_email": email} if email else {}

    def learn_own_user(self, author: wire.User | None, email: str) -> None:
        """From what was just written: whoever is not in the team is replaced by the key's user."""
        is_told = author is not None and (author.email or not email)
        if author and is_told and author.email.casefold() != email.casefold():
            self.own_user = author.id

    async def missing_emails(self, users: tuple[wire.User, ...], operation: str) -> dict[str, str]:
        """id -> email of the users that came without one, as far as the team's members have it."""
        ids = {user.id for user in users if not user.email}
        if not ids:
            return {}
        team = await self._members(operation, lambda team: ids <= {user.id for user in team})
        return {user.id: user.email for user in team if user.id in ids and user.email}

    async def required_emails(self, users: Sequence[wire.User], operation: str) -> Sequence[str]:
        """Raises ``Rejected`` if one is hidden: writing a list without it would remove that person."""
        missing = await self.missing_emails(tuple(users), operation)
        emails = [user.email or missing.get(user.id, "") for user in users]
        if not all(emails):
            raise Rejected(self.api.platform, operation, key="tines.hidden_assignee")
        return emails

    async def typed_email(self, typed: str, by: Person, operation: str) -> str:
        """An email address, or that of the one team member with this name; "me" is ``by``.

        Raises ``Rejected`` without one.
        """
        words = typed.strip().lstrip("@").casefold()
        if words in _ME:
            if email := await self.email(by, operation):
                return email
            raise Rejected(self.api.platform, operation, key="tines.no_email", person=by.shown)
        if "@" in words:
            return typed.strip()
        team = await self._members(operation, lambda team: bool(_named(words, team)))
        found = _named(words, team)
        if len(found) != 1 or not found[0].email:
            raise Rejected(self.api.platform, operation, key="tines.no_such_member", typed=typed[:80])
        return found[0].email

    async def names(self, ids: Collection[str], operation: str) -> Mapping[str, str]:
        """id -> name of these team members, as far as the key can see them."""
        team = await self._members(operation, lambda team: set(ids) <= {user.id for user in team})
        return {user.id: mapping.person(user).shown for user in team if user.id in ids}

    async def _members(
        self, operation: str, is_usable: Callable[[Sequence[wire.User]], bool]
    ) -> Sequence[wire.User]:
        """From the cache, unless somebody is missing there: they may have just been invited."""
        return await self._team.get(lambda: self._read_members(operation), is_usable)

    async def _read_members(self, operation: str) -> Sequence[wire.User]:
        """Empty if the key cannot see the team: then only email addresses work."""
        if not self.api.team:
            return ()
        try:
            return await self.api.members(self.api.team, operation)
        except (*OPTIONAL_READ_ERRORS, BadResponse):
            return ()


def _has_email(team: Sequence[wire.User], email: str) -> bool:
    return email.casefold() in (user.email.casefold() for user in team)


def _email_in_team(person: Person, team: Sequence[wire.User]) -> str:
    """By id, else by name. Ambiguous matches do not count."""
    by_id = [user for user in team if person.id and user.id == person.id]
    by_name = [user for user in team if person.name and _full_name(user) == person.name.strip().casefold()]
    return next((users[0].email for users in (by_id, by_name) if len(users) == 1 and users[0].email), "")


def _named(words: str, team: Sequence[wire.User]) -> Sequence[wire.User]:
    """By full name, else by first name or the first part of the address."""
    full = [user for user in team if _full_name(user) == words]
    parts = [
        user for user in team if words in (user.first_name.casefold(), user.email.partition("@")[0].casefold())
    ]
    return full or parts


def _full_name(user: wire.User) -> str:
    return " ".join(f"{user.first_name} {user.last_name}".split()).casefold()
