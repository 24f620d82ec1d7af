"""Profiles, finding people, and the checks of ``liaison doctor``."""

import pytest

from adapters.protocol import CheckStatus
from commands.model.messages import Actor, Membership, Place
from tests.bot.surfaces.mattermost.harness import MattermostHarness


def actor(id: str) -> Actor:
    return Actor(surface="mattermost", id=id)


async def test_a_profile_has_name_email_handle_membership_and_zone(harness: MattermostHarness) -> None:
    ana = await harness.surface.profile(actor(harness.mm.ana.id))
    assert (ana.name, ana.handle, ana.email) == ("Ana Costa", "ana", "ana@example.com")
    assert (ana.membership, ana.timezone) == (Membership.MEMBER, "Europe/London")
    assert (await harness.surface.profile(actor(harness.mm.gil.id))).membership is Membership.GUEST
    assert (await harness.surface.profile(actor(harness.mm.bot.id))).membership is Membership.BOT
    harness.mm.ben.deleted = True
    assert (await harness.surface.profile(actor(harness.mm.ben.id))).membership is Membership.UNKNOWN


@pytest.mark.parametrize("zone", ["America", "../etc/passwd", "a" * 5000, "Nowhere/Land", ""])
async def test_an_invalid_time_zone_is_none(harness: MattermostHarness, zone: str) -> None:
    harness.mm.ana.zone = zone
    assert (await harness.surface.profile(actor(harness.mm.ana.id))).timezone is None


async def test_an_unknown_person_has_unknown_membership(harness: MattermostHarness) -> None:
    assert (await harness.surface.profile(actor("z" * 26))).membership is Membership.UNKNOWN


async def test_people_are_found_by_handle_id_and_email(harness: MattermostHarness) -> None:
    near = Place(surface="mattermost", channel=harness.mm.town.id)
    for text in ("@ben", "ben", "Ben", harness.mm.ben.id, "ben@example.com", " @ben "):
        assert [item.id for item in await harness.surface.find_people(text, near)] == [harness.mm.ben.id], text
    for text in ("", "@", "@nobody", "z" * 26, "no@body.com", "../../users", "a b", "a/b@c", "@all?x=1", ".."):
        assert list(await harness.surface.find_people(text, near)) == [], text


async def test_a_username_that_looks_like_an_id_needs_an_at_sign(harness: MattermostHarness) -> None:
    near = Place(surface="mattermost", channel=harness.mm.town.id)
    harness.mm.gil.username = harness.mm.ben.id
    assert [item.id for item in await harness.surface.find_people(harness.mm.ben.id, near)] == [harness.mm.ben.id]
    assert [item.id for item in await harness.surface.find_people(f"@{harness.mm.ben.id}", near)] == [
        harness.mm.gil.id
    ]


async def test_a_good_setup_passes_all_checks(harness: MattermostHarness) -> None:
    harness.mm.permissions["system_user"].append("create_post_ephemeral")
    found = await harness.surface.check()
    assert [item.status for item in found] == [CheckStatus.OK] * 6
    assert "@liaison" in found[0].summary
    assert "AllowedUntrustedInternalConnections" in found[5].summary
    assert all(harness.mm.bot.token not in item.summary + item.fix for item in found)


async def test_each_problem_is_reported_with_its_fix(harness: MattermostHarness) -> None:
    harness.mm.bot.is_bot = False
    harness.mm.team_members.discard(harness.mm.bot.id)
    harness.build(command_tokens=())
    fixes = [item.fix for item in await harness.surface.check() if item.status is CheckStatus.FIX]
    assert len(fixes) == 3
    assert f"{harness.url}/mattermost/command" in fixes[2]
    harness.mm.team_members.add(harness.mm.bot.id)
    harness.build(team="elsewhere")
    assert any("elsewhere" in item.summary for item in await harness.surface.check())
    harness.build(token="wrong")
    assert "token" in (await harness.surface.check())[0].fix
    await harness.mm.stop()
    assert "isn't responding" in (await harness.surface.check())[0].summary
    await harness.mm.start()


async def test_a_name_that_several_people_have_finds_all_of_them(harness: MattermostHarness) -> None:
    """With "@" it is a username, and so one person."""
    near = Place(surface="mattermost", channel=harness.mm.town.id)
    harness.mm.gil.first_name, harness.mm.gil.last_name = "Ben", ""
    found = await harness.surface.find_people("ben", near)
    assert {item.id for item in found} == {harness.mm.ben.id, harness.mm.gil.id}
    assert [item.id for item in await harness.surface.find_people("@ben", near)] == [harness.mm.ben.id]
    harness.mm.gil.last_name = "Gil Silva"
    assert [item.id for item in await harness.surface.find_people("ben gil silva", near)] == [harness.mm.gil.id]


@pytest.mark.parametrize(("name", "found"), [("town-square", True), ("Town Square", True), ("nowhere", False)])
async def test_a_channel_is_found_by_its_name(harness: MattermostHarness, name: str, found: bool) -> None:
    assert await harness.surface.channels_named(name) == ([harness.mm.town.id] if found else [])


async def test_a_username_is_found_where_the_bot_may_not_search(harness: MattermostHarness) -> None:
    near = Place(surface="mattermost", channel=harness.mm.town.id)
    for text, found in (("ben", [harness.mm.ben.id]), ("Ana Costa", [])):
        harness.mm.fault("answer", method="POST", path="users/search", status=403, body='{"id": "no"}')
        assert [item.id for item in await harness.surface.find_people(text, near)] == found, text
