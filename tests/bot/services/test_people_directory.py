"""Who is meant by the words typed for somebody: people choose their handles and names, and nobody their id."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.toolkit.messages import in_language
from bot.services.people_directory import PeopleDirectory
from bot.storage.facts import PeopleRows
from bot.storage.store import Store
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


async def met(rows: PeopleRows, *actors: Actor) -> PeopleDirectory:
    """They wrote to us before; the chat itself cannot be asked."""
    people = PeopleDirectory(rows, {}, EMAILS, lambda: NOW)
    for actor in actors:
        await people.profile(actor)
    return people


def eve(**facts: object) -> Actor:
    return BEN.model_copy(update={"id": "U0EVE", "handle": "eve", **facts})


async def test_somebody_whose_handle_is_spelt_like_an_id_is_not_that_person(rows: PeopleRows) -> None:
    for handle in ("u0ana", "U0ANA"):
        people = await met(rows, eve(handle=handle))
        assert await people.find("@U0ANA", NEAR) == []
        people = await met(rows, eve(handle=handle), ANA)
        assert [one.id for one in await people.find("@U0ANA", NEAR)] == ["U0ANA"]


@pytest.mark.parametrize(
    "facts", [{"handle": "ana"}, {"email": "ana@example.com"}, {"name": "ana"}], ids=lambda facts: str(*facts)
)
@pytest.mark.parametrize("standing", [Membership.EXTERNAL, Membership.UNKNOWN])
async def test_people_of_other_companies_are_not_taken_for_ours(
    rows: PeopleRows, standing: Membership, facts: Mapping[str, str]
) -> None:
    """Their handles, names and e-mail addresses are what their own company says."""
    people = await met(rows, eve(membership=standing, **facts))
    for words in ("@ana", "ana@example.com"):
        assert await people.find(words, NEAR) == []
    assert [one.id for one in await people.find("@U0EVE", NEAR)] == ["U0EVE"]


async def test_an_email_of_the_settings_is_its_own_persons(rows: PeopleRows) -> None:
    people = await met(rows)
    assert people.person(ANA).email == "ana@example.com"
    assert people.person(BEN).email == "ben@example.com"
    for standing in (Membership.EXTERNAL, Membership.GUEST, Membership.BOT, Membership.UNKNOWN):
        assert people.person(eve(handle="ana", membership=standing)).email is None
    assert people.person(eve(handle="U0BEN")).email is None


async def test_the_language_of_a_person_follows_the_last_known_locale(rows: PeopleRows) -> None:
    people = await met(rows, ANA.model_copy(update={"locale": "pt-BR"}), BEN)
    assert people.language_for(ANA) == "pt-BR"
    assert people.language_for(BEN) == "en"
    with in_language("pt-BR"):
        assert people.language_for(BEN) == "pt-BR"
    assert (await people.profile(ANA)).locale == "pt-BR"


def test_the_locale_is_stored_with_the_profile() -> None:
    brazilian = ANA.model_copy(update={"locale": "pt-BR"})
    assert Actor.model_validate_json(brazilian.model_dump_json()).locale == "pt-BR"


def test_a_stored_profile_without_locale_is_read() -> None:
    assert "locale" not in ANA.model_dump_json()
    assert Actor.model_validate_json(ANA.model_dump_json()).locale is None
