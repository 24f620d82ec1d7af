"""Searching for people: anybody can choose a handle and a name, but not an id."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from adapters.models import Person
from bot.services.people_directory import PeopleDirectory
from bot.storage.people import PeopleRows
from bot.storage.store import Store
from bot.surfaces.errors import ChatUnreachable, SurfaceError
from bot.surfaces.protocol import Surface
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
    yield PeopleRows(store)
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


class SearchableChat:
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
        return [actor for actor in self.people if wanted in (actor.id, actor.handle, actor.name, actor.email)]


async def directory_with(rows: PeopleRows, chat: SearchableChat, *looked_up: Actor) -> PeopleDirectory:
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
    people = await directory_with(rows, SearchableChat(SAM, OTHER_SAM), *looked_up)
    for _ in range(2):
        assert [actor.id for actor in await people.find(words, NEAR)] == ids


async def test_a_handle_that_moved_to_somebody_else_names_the_new_person(rows: PeopleRows) -> None:
    people = await directory_with(rows, SearchableChat(SAM.model_copy(update={"id": "U0NEW"})), SAM)
    assert [actor.id for actor in await people.find("@sam", NEAR)] == ["U0NEW"]


@pytest.mark.parametrize(
    ("person", "id"),
    [
        (Person(name="Sam Lee"), None),
        (Person(handle="sam"), "U0SAM"),
        (Person(id="U0SAM", name="somebody"), "U0SAM"),
        (Person(email="sam@example.com", handle="slee"), "U0SAM"),
        (Person(email="ben@example.com"), "U0BEN"),
        (Person(handle="robot"), None),
        (Person(handle="guest.of.others"), None),
    ],
    ids=str,
)
async def test_an_account_is_certain_by_address_id_or_handle_and_never_by_name(
    rows: PeopleRows, person: Person, id: str | None
) -> None:
    sam = SAM.model_copy(update={"email": "sam@example.com"})
    robot = eve(handle="robot", membership=Membership.BOT)
    outsider = eve(handle="guest.of.others", membership=Membership.EXTERNAL)
    people = await directory_with(rows, SearchableChat(sam, OTHER_SAM, BEN, robot, outsider))
    account = await people.account_of(person, NEAR.place)
    assert (account.id if account else None) == id


async def test_nobody_is_guessed_while_the_chat_cannot_be_asked(rows: PeopleRows) -> None:
    chat = SearchableChat(SAM)
    chat.is_down = True
    people = await directory_with(rows, chat, SAM)
    with pytest.raises(Missing, match=r"person\.not_asked"):
        await people.find("@sam", NEAR)
    assert [actor.id for actor in await people.find("U0SAM", NEAR)] == ["U0SAM"], "an id needs no lookup"


class Chat:
    """Has one profile. ``error`` is raised instead."""

    def __init__(self) -> None:
        self.membership = Membership.MEMBER
        self.error: Exception | None = None
        self.reads = 0
        self.during_read: Callable[[], Awaitable[None]] | None = None

    async def profile(self, actor: Actor) -> Actor:
        self.reads += 1
        if self.error is not None:
            raise self.error
        profile = actor.model_copy(update={"membership": self.membership})
        if self.during_read is not None:
            during_read, self.during_read = self.during_read, None
            await during_read()
        return profile


@dataclass
class Clock:
    now: datetime = NOW

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def people_with(rows: PeopleRows, chat: Chat, clock: Clock) -> PeopleDirectory:
    """As after a restart, if it is called again."""
    people = PeopleDirectory(rows, cast(Mapping[str, Surface], {"slack": chat}), {}, lambda: clock.now)
    await people.load()
    return people


NEWCOMER = ANA.model_copy(update={"membership": Membership.UNKNOWN})


async def test_a_write_needs_a_membership_read_in_the_last_five_minutes(
    rows: PeopleRows, chat: Chat, clock: Clock
) -> None:
    people = await people_with(rows, chat, clock)
    for _ in range(3):
        assert (await people.current_profile(NEWCOMER)).membership is Membership.MEMBER
    assert chat.reads == 1
    chat.membership = Membership.GUEST
    clock.wait(minutes=5)
    assert (await people.profile(NEWCOMER)).membership is Membership.MEMBER
    assert (await people.current_profile(NEWCOMER)).membership is Membership.GUEST
    assert chat.reads == 2


async def test_a_membership_is_read_again_after_a_restart(rows: PeopleRows, chat: Chat, clock: Clock) -> None:
    await (await people_with(rows, chat, clock)).current_profile(NEWCOMER)
    chat.membership = Membership.GUEST
    clock.wait(hours=1)
    people = await people_with(rows, chat, clock)
    assert (await people.current_profile(NEWCOMER)).membership is Membership.GUEST


@pytest.mark.parametrize("error", [SurfaceError("no"), ChatUnreachable("away"), TimeoutError()])
async def test_the_last_profile_counts_for_half_an_hour_while_the_chat_cannot_be_asked(
    rows: PeopleRows, chat: Chat, clock: Clock, error: Exception
) -> None:
    people = await people_with(rows, chat, clock)
    await people.current_profile(NEWCOMER)
    chat.error = error
    clock.wait(minutes=29)
    assert (await people.current_profile(NEWCOMER)).membership is Membership.MEMBER
    clock.wait(minutes=1)
    assert (await people.current_profile(NEWCOMER)).membership is Membership.UNKNOWN


async def test_somebody_who_was_never_read_can_only_read(rows: PeopleRows, chat: Chat, clock: Clock) -> None:
    chat.error = ChatUnreachable("away")
    people = await people_with(rows, chat, clock)
    assert (await people.current_profile(NEWCOMER)).membership is Membership.UNKNOWN


@pytest.mark.parametrize("person", ["U0ANA", ""])
async def test_a_profile_is_forgotten_when_the_chat_reports_a_change(
    rows: PeopleRows, chat: Chat, clock: Clock, person: str
) -> None:
    people = await people_with(rows, chat, clock)
    await people.current_profile(NEWCOMER)
    await people.forget("slack", person)
    chat.error = ChatUnreachable("away")
    assert (await people.current_profile(NEWCOMER)).membership is Membership.UNKNOWN
    people = await people_with(rows, chat, clock)
    assert (await people.current_profile(NEWCOMER)).membership is Membership.UNKNOWN


async def test_a_report_of_somebody_else_changes_nothing(rows: PeopleRows, chat: Chat, clock: Clock) -> None:
    people = await people_with(rows, chat, clock)
    await people.current_profile(NEWCOMER)
    await people.forget("slack", "U0BEN")
    await people.forget("mattermost", "")
    await people.current_profile(NEWCOMER)
    assert chat.reads == 1


async def test_a_change_during_the_read_is_not_missed(rows: PeopleRows, chat: Chat, clock: Clock) -> None:
    people = await people_with(rows, chat, clock)

    async def demote() -> None:
        chat.membership = Membership.GUEST
        await people.forget("slack", "U0ANA")

    chat.during_read = demote
    assert (await people.current_profile(NEWCOMER)).membership is Membership.GUEST


async def test_many_clicks_at_once_ask_the_chat_once(rows: PeopleRows, chat: Chat, clock: Clock) -> None:
    people = await people_with(rows, chat, clock)
    await asyncio.gather(*(people.current_profile(NEWCOMER) for _ in range(20)))
    assert chat.reads == 1
