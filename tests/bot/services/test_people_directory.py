"""Searching for people: anybody can choose a handle and a name, but not an id."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from bot.services.people_directory import PeopleDirectory
from bot.storage.people import PeopleRows
from bot.storage.store import Store
from bot.surfaces.protocol import ChatUnreachable, Surface
from commands.model.errors import Missing
from commands.model.messages import Actor, Membership, Message, Place, Via

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
EMAILS = {"ana": "ana@example.com", "U0BEN": "ben@example.com"}
ANA = Actor(surface="slack", workspace="T1", id="U0ANA", handle="ana", membership=Membership.MEMBER)
BEN = Actor(surface="slack", workspace="T1", id="U0BEN", handle="ben", membership=Membership.MEMBER)
NEAR = Message(
    key="k", actor=BEN, place=Place(surface="slack", workspace="T1", channel="C0OPS"), via=Via.COMMAND, at=NOW
)


@pytest.fixture
async def rows(tmp_path: Path) -> AsyncIterator[PeopleRows]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    yield PeopleRows(store, lambda: NOW)
    await store.close()


async def directory_of(rows: PeopleRows, *actors: Actor) -> PeopleDirectory:
    """A directory that knows these people and cannot ask a chat."""
    people = PeopleDirectory(rows, {}, EMAILS, lambda: NOW)
    for actor in actors:
        await people.profile(actor)
    return people


def eve(**facts: object) -> Actor:
    return BEN.model_copy(update={"id": "U0EVE", "handle": "eve", **facts})


async def test_a_handle_that_looks_like_an_id_does_not_match_it(rows: PeopleRows) -> None:
    for handle in ("u0ana", "U0ANA"):
        people = await directory_of(rows, eve(handle=handle))
        assert await people.find("@U0ANA", NEAR) == []
        people = await directory_of(rows, eve(handle=handle), ANA)
        assert [person.id for person in await people.find("@U0ANA", NEAR)] == ["U0ANA"]


@pytest.mark.parametrize(
    "facts", [{"handle": "ana"}, {"email": "ana@example.com"}, {"name": "ana"}], ids=lambda facts: str(*facts)
)
@pytest.mark.parametrize("membership", [Membership.EXTERNAL, Membership.UNKNOWN])
async def test_people_of_other_organisations_only_match_by_id(
    rows: PeopleRows, membership: Membership, facts: Mapping[str, str]
) -> None:
    """Their handles, names and e-mail addresses come from their own organisation."""
    people = await directory_of(rows, eve(membership=membership, **facts))
    for query in ("@ana", "ana@example.com"):
        assert await people.find(query, NEAR) == []
    assert [person.id for person in await people.find("@U0EVE", NEAR)] == ["U0EVE"]


async def test_an_email_address_of_the_settings_belongs_to_one_person(rows: PeopleRows) -> None:
    people = await directory_of(rows)
    assert people.person(ANA).email == "ana@example.com"
    assert people.person(BEN).email == "ben@example.com"
    for membership in (Membership.EXTERNAL, Membership.GUEST, Membership.BOT, Membership.UNKNOWN):
        assert people.person(eve(handle="ana", membership=membership)).email is None
    assert people.person(eve(handle="U0BEN")).email is None


async def test_a_profile_has_the_locale_that_the_chat_reported_last(rows: PeopleRows) -> None:
    people = await directory_of(rows, ANA.model_copy(update={"locale": "pt-BR"}), BEN)
    assert people.cached_profile(ANA).locale == "pt-BR"
    assert people.cached_profile(BEN).locale is None
    assert people.cached_profile(eve()).locale is None
    assert (await people.profile(ANA)).locale == "pt-BR"


def test_the_locale_is_stored_with_the_profile() -> None:
    brazilian = ANA.model_copy(update={"locale": "pt-BR"})
    assert Actor.model_validate_json(brazilian.model_dump_json()).locale == "pt-BR"


def test_a_stored_profile_without_locale_is_read() -> None:
    assert "locale" not in ANA.model_dump_json()
    assert Actor.model_validate_json(ANA.model_dump_json()).locale is None


class Chat:
    """A chat that finds people by name. It can only be asked for people."""

    def __init__(self, *people: Actor) -> None:
        self.people = people
        self.is_down = False

    async def profile(self, actor: Actor) -> Actor:
        return actor

    async def find_people(self, query: str, near: Place) -> list[Actor]:
        if self.is_down:
            raise ChatUnreachable("down")
        wanted = query.removeprefix("@")
        return [actor for actor in self.people if wanted in (actor.id, actor.handle, actor.name)]


async def directory_with(rows: PeopleRows, chat: Chat, *looked_up: Actor) -> PeopleDirectory:
    people = PeopleDirectory(rows, {"slack": cast("Surface", chat)}, EMAILS, lambda: NOW)
    for actor in looked_up:
        await people.profile(actor)
    return people


SAM = BEN.model_copy(update={"id": "U0SAM", "handle": "sam", "name": "Sam Lee"})
OTHER_SAM = BEN.model_copy(update={"id": "U0SA2", "handle": "slee", "name": "sam"})


@pytest.mark.parametrize("looked_up", [(), (SAM,), (OTHER_SAM,), (SAM, OTHER_SAM)])
@pytest.mark.parametrize(
    ("words", "ids"),
    [("sam", ["U0SAM", "U0SA2"]), ("@sam", ["U0SAM", "U0SA2"]), ("Sam Lee", ["U0SAM"]), ("lee", [])],
)
async def test_the_same_words_name_the_same_people_whoever_was_looked_up_before(
    rows: PeopleRows, looked_up: tuple[Actor, ...], words: str, ids: list[str]
) -> None:
    people = await directory_with(rows, Chat(SAM, OTHER_SAM), *looked_up)
    for _ in range(2):
        assert [actor.id for actor in await people.find(words, NEAR)] == ids


async def test_a_handle_that_moved_to_somebody_else_names_the_new_person(rows: PeopleRows) -> None:
    people = await directory_with(rows, Chat(SAM.model_copy(update={"id": "U0NEW"})), SAM)
    assert [actor.id for actor in await people.find("@sam", NEAR)] == ["U0NEW"]


async def test_nobody_is_guessed_while_the_chat_cannot_be_asked(rows: PeopleRows) -> None:
    chat = Chat(SAM)
    chat.is_down = True
    people = await directory_with(rows, chat, SAM)
    with pytest.raises(Missing, match=r"person\.not_asked"):
        await people.find("@sam", NEAR)
    assert [actor.id for actor in await people.find("U0SAM", NEAR)] == ["U0SAM"], "an id needs no lookup"
