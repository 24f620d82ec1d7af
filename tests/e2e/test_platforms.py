"""The four intents on every platform, by command, mention and button; and platforms side by side."""

import asyncio
import re
from collections.abc import Awaitable, Callable

from tests.e2e.chats import Room
from tests.e2e.conftest import RUNBOOK, TITLE, Scene, on_mattermost
from tests.e2e.platforms import PlaybooksHere
from tests.e2e.process import until

PLATFORMS = ("cutover", "local", "playbooks", "runrunit", "tines", "xurrent")


async def by_command(scene: Scene, platform: str) -> None:
    await scene.started(platform)
    await scene.room.command("finish T1")
    await scene.room.command("status amber replica lagging")
    await scene.room.command("comment second DBA paged")


async def by_mention(scene: Scene, platform: str) -> None:
    await scene.room.mention(f'start "{RUNBOOK}" --on {platform}')
    await until(scene.cards, within=30)
    await scene.room.mention("finish T1")
    await scene.room.mention("status amber replica lagging")
    await scene.room.mention("comment second DBA paged")


async def _press(room: Room, label: str, *, user: str = "ana") -> None:
    """Not while the same person has a form open in another room: nobody presses a button behind a form."""
    await room.with_button(label, user=user)
    async with FORMS:
        await room.press(label, user=user)


async def by_button(scene: Scene, platform: str) -> None:
    room = scene.room
    await room.command(f"runbooks --on {platform}")
    await _press(room, f"Start {RUNBOOK}")
    await until(scene.cards, within=30)
    await _press(room, "Begin T1")
    await _press(room, "Finish T1", user="ben")
    await scene.sees("finished T1")
    async with FORMS:
        await room.press("Update status")
        await room.fill({"health": "amber", "text": "replica lagging"})
    async with FORMS:
        await room.press("More…")
        await room.fill({"do": "comment", "text": "second DBA paged", "task": "T2"})


FORMS = asyncio.Lock()  # a person has one form open at a time
WAYS = (by_command, by_mention, by_button)


async def _carried(way: Callable[[Scene, str], Awaitable[None]], scene: Scene, platform: str) -> None:
    await way(scene, platform)
    await scene.sees("finished T1")
    await scene.sees("1 of 4 done")
    await scene.sees("(?i)(set the status, )?amber.*replica lagging")
    await scene.sees("commented on .*second DBA paged")
    assert "Nothing changed" not in scene.room.words()
    assert "broke on our side" not in scene.room.words()


async def test_four_intents_on_every_platform_by_command_mention_and_button(scene: Scene) -> None:
    """Eighteen runs side by side, each in a room of its own."""
    house = scene.house
    tries = [(way, platform, Scene(house, house.chat.room())) for platform in PLATFORMS for way in WAYS]
    ended = await asyncio.gather(
        *(_carried(way, room, platform) for way, platform, room in tries), return_exceptions=True
    )
    faults = {
        f"{way.__name__} on {platform}": fault
        for (way, platform, _), fault in zip(tries, ended, strict=True)
        if fault is not None
    }
    assert not faults, "\n\n".join(f"{where}: {fault!r}" for where, fault in faults.items())
    for platform in PLATFORMS:
        if platform != "local":  # which has no server that counts; what was done there stands on the card
            assert scene.effects("start", platform) == scene.effects("finish", platform) == 3, platform
            assert min(scene.effects("status", platform), scene.effects("comment", platform)) >= 3, platform


async def test_a_second_start_of_a_runbook_asks_first_on_every_platform(scene: Scene) -> None:
    """Also where the platform forgets what a run was made of: the store remembers it."""
    house = scene.house

    async def twice(room: Scene, platform: str) -> None:
        await room.started(platform)
        await room.sees(f"{RUNBOOK}, on {platform}")
        await room.room.command(f'start "{RUNBOOK}" --on {platform}')
        await until(lambda: any("Start another" in one.labels for one in room.room.shown()))

    await asyncio.gather(*(twice(Scene(house, house.chat.room()), platform) for platform in PLATFORMS))


async def test_three_runs_of_three_platforms_in_one_channel(scene: Scene) -> None:
    handles = {platform: await scene.started(platform) for platform in ("cutover", "tines", "xurrent")}
    assert len(set(handles.values())) == 3
    choice = await scene.room.answer("finish T1")
    assert "Several runs are active here. Which one do you mean?" in choice.words
    assert set(choice.labels) >= {f"{handle} {RUNBOOK}" for handle in handles.values()}
    await scene.room.click(f"{handles['tines']} {RUNBOOK}", choice)
    await scene.done("finish", on="tines")
    await scene.room.command(f"finish {handles['xurrent']}.T1")
    await scene.done("finish", on="xurrent")
    card = next(one for one in scene.room.shown() if f"{handles['cutover']} {RUNBOOK}" in one.words and not one.to)
    await scene.room.mention("finish T1", thread=card.id)
    await scene.done("finish", on="cutover")
    for platform in handles:
        assert scene.effects("finish", platform) == 1


async def test_a_runbook_that_several_platforms_have_is_asked_for(scene: Scene) -> None:
    asked = await scene.room.answer(f'start "{RUNBOOK}"')
    assert "Several runbooks match" in asked.words
    assert f"Also: {RUNBOOK} (local)." in asked.words, "five buttons, and the sixth by name"
    await scene.room.click(f"{RUNBOOK} (tines)", asked)
    await until(scene.cards)
    await scene.sees("on tines")


@on_mattermost
async def test_a_run_with_a_channel_of_its_own_has_its_card_there_too(scene: Scene) -> None:
    playbooks = scene.house.platforms["playbooks"]
    assert isinstance(playbooks, PlaybooksHere)
    mm, handle = playbooks.mm, await scene.started("playbooks")
    run = next(run for run in playbooks.world.runs.values() if run["name"].startswith(f"{handle} "))
    home = mm.channels[run["channel_id"]]
    card = await mm.until(lambda: next((post for post in mm.posts_in(home) if TITLE in post.text), None))
    assert {"Begin T1", "Update status"} <= set(card.labels)
    home.members |= {mm.ana.id, mm.ben.id}
    await mm.command(scene.liaison.url, "finish T1", user=mm.ana, channel=home)
    await scene.done("finish", on="playbooks")
    await mm.until(lambda: "1 of 4 done" in re.sub(r"\W+", " ", card.text))
    await scene.sees("1 of 4 done")
    await mm.press(card, "Begin T2", mm.ana)
    await mm.until(lambda: "Finish T2" in card.labels)
    await mm.press(card, "Finish T2", mm.ben)  # who presses twice within a second is told that it just changed
    await mm.until(lambda: "2 of 4 done" in re.sub(r"\W+", " ", card.text))
    await scene.sees("2 of 4 done")
