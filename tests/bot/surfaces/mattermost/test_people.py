"""Who somebody is, how people are found, and what the doctor says."""

import pytest

from adapters.protocol import CheckStatus
from commands.model.messages import Actor, Membership, Place
from tests.bot.surfaces.mattermost.rig import Rig


def actor(id: str) -> Actor:
    return Actor(surface="mattermost", id=id)


async def test_a_profile_says_name_mail_handle_standing_and_zone(rig: Rig) -> None:
    ana = await rig.surface.profile(actor(rig.mm.ana.id))
    assert (ana.name, ana.handle, ana.email) == ("Ana Costa", "ana", "ana@example.com")
    assert (ana.membership, ana.timezone) == (Membership.MEMBER, "Europe/London")
    assert (await rig.surface.profile(actor(rig.mm.gil.id))).membership is Membership.GUEST
    assert (await rig.surface.profile(actor(rig.mm.bot.id))).membership is Membership.BOT
    rig.mm.ben.deleted = True
    assert (await rig.surface.profile(actor(rig.mm.ben.id))).membership is Membership.UNKNOWN


@pytest.mark.parametrize("zone", ["America", "../etc/passwd", "a" * 5000, "Nowhere/Land", ""])
async def test_a_zone_that_is_none_is_none(rig: Rig, zone: str) -> None:
    rig.mm.ana.zone = zone
    assert (await rig.surface.profile(actor(rig.mm.ana.id))).timezone is None


async def test_somebody_unknown_stays_unknown(rig: Rig) -> None:
    assert (await rig.surface.profile(actor("z" * 26))).membership is Membership.UNKNOWN


async def test_people_are_found_by_handle_id_and_mail(rig: Rig) -> None:
    near = Place(surface="mattermost", channel=rig.mm.town.id)
    for words in ("@ben", "ben", "Ben", rig.mm.ben.id, "ben@example.com", " @ben "):
        assert [one.id for one in await rig.surface.find_people(words, near)] == [rig.mm.ben.id], words
    for words in ("", "@", "@nobody", "z" * 26, "no@body.com", "../../users", "a b", "a/b@c", "@all?x=1", ".."):
        assert list(await rig.surface.find_people(words, near)) == [], words


async def test_a_username_that_is_spelt_like_an_id_is_not_that_person(rig: Rig) -> None:
    near = Place(surface="mattermost", channel=rig.mm.town.id)
    rig.mm.gil.username = rig.mm.ben.id
    assert [one.id for one in await rig.surface.find_people(rig.mm.ben.id, near)] == [rig.mm.ben.id]
    assert [one.id for one in await rig.surface.find_people(f"@{rig.mm.ben.id}", near)] == [rig.mm.gil.id]


async def test_the_doctor_of_a_good_setup(rig: Rig) -> None:
    found = await rig.surface.check()
    assert [one.status for one in found] == [CheckStatus.OK] * 4
    assert "@liaison" in found[0].summary
    assert "AllowedUntrustedInternalConnections" in found[3].summary
    assert all(rig.mm.bot.token not in one.summary + one.fix for one in found)


async def test_the_doctor_names_what_is_wrong(rig: Rig) -> None:
    rig.mm.bot.is_bot = False
    rig.mm.team_members.discard(rig.mm.bot.id)
    rig.build(command_tokens=())
    fixes = [one.fix for one in await rig.surface.check() if one.status is CheckStatus.FIX]
    assert len(fixes) == 3
    assert f"{rig.url}/mattermost/command" in fixes[2]
    rig.mm.team_members.add(rig.mm.bot.id)
    rig.build(team="elsewhere")
    assert any("elsewhere" in one.summary for one in await rig.surface.check())
    rig.build(token="wrong")
    assert "token" in (await rig.surface.check())[0].fix
    await rig.mm.stop()
    assert "does not answer" in (await rig.surface.check())[0].summary
    await rig.mm.start()
