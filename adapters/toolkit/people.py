"""Whether two descriptions are of the same person: a chat, a platform and Liaison's store know different facts."""

import re
from collections.abc import Sequence

from adapters.models import Person
from adapters.toolkit.folding import fold

_CHAT_ID = re.compile(r"[UWCGD](?=[A-Z0-9]*[0-9])[A-Z0-9]{3,}|[a-z0-9]{26}")


def is_chat_id(text: str) -> bool:
    """Whether it looks like a Slack or Mattermost id of a person or channel."""
    return _CHAT_ID.fullmatch(text) is not None


def same_person(first: Person, second: Person) -> bool:
    """By e-mail, id or handle; by name only if one of them has no e-mail."""
    for mine, theirs in ((first.email, second.email), (first.id, second.id), (first.handle, second.handle)):
        if mine and theirs and mine.casefold() == theirs.casefold():
            return True
    if first.email and second.email:
        return False
    return bool(first.name and second.name) and fold(first.name) == fold(second.name)


def is_certainly_same(first: Person, second: Person) -> bool:
    """By e-mail, else by id or handle. Never by the name: anybody can call themselves "Ana".

    People choose their handles in a chat too, so a handle does not make one person of two ids of chats.
    """
    if first.email and second.email:
        return first.email.casefold() == second.email.casefold()
    if is_chat_id(first.id) and is_chat_id(second.id):
        return first.id == second.id
    pairs = ((first.id, second.id), (first.handle, second.handle))
    return any(mine and theirs and mine.casefold() == theirs.casefold() for mine, theirs in pairs)


def is_among(person: Person, people: Sequence[Person]) -> bool:
    return any(same_person(person, other) for other in people)


def same_people(first: Sequence[Person], second: Sequence[Person]) -> bool:
    """In any order."""
    return all(is_among(person, second) for person in first) and all(is_among(person, first) for person in second)
