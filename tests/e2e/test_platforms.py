"""Start, finish, status and comment on every platform, by command, mention and button; platforms side by side."""

import asyncio
import re
from collections.abc import Awaitable, Callable

from tests.e2e.chats import Room
from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene, on_mattermost
from tests.e2e.platforms import ChatPlaybooks
from tests.e2e.process import until

PLATFORMS = ("cutover", "local", "playbooks", "runrunit", "tines", "xurrent")


FORM_LOCK = asyncio.Lock()  # a person has one form open at a time


async def by_command(scene: Scene, platform: str) -> None:
    await scene.start_run(platform)
    await scene.room.command("finish T1")
    await scene.room.command("status amber replica lagging")
    await scene.room.command("comment second DBA paged")


async def by_mention(scene: Scene, platform: str) -> None:
    await scene.room.mention(f'start "{RUNBOOK}" --on {platform}')
    await scene.wait_for_card()
    await scene.room.mention("finish T1")
    await scene.room.mention("status amber replica lagging")
    await scene.room.mention("comment second DBA paged")


async def _press(room: Room, label: str, *, user: str = "ana") -> None:
    """Waits until the person has no form open in another room, because forms block buttons."""
    await room.wait_for_button(label, user=user)
    async with FORM_LOCK:
        await room.press(label, user=user)


async def by_button(scene: Scene, platform: str) -> None:
    room = scene.room
    await room.command(f"runbooks --on {platform}")
    await _press(room, f"Start {RUNBOOK}")
    await scene.wait_for_card()
    await _press(room, "Begin T1")
    await _press(room, "Finish T1", user="ben")
    await scene.wait_for_text("finished T1")
    async with FORM_LOCK:
        await room.press("Update status")
        await room.submit_form({"health": "amber", "text": "replica lagging"})
    async with FORM_LOCK:
        await room.press("Comment")
        await room.submit_form({"text": "second DBA paged", "task": "T2"})


INPUT_METHODS = (by_command, by_mention, by_button)


async def _run_and_check(
    send_commands: Callable[[Scene, str], Awaitable[None]], scene: Scene, platform: str
) -> None:
    await send_commands(scene, platform)
    await scene.wait_for_text("finished T1")
    await scene.wait_for_text("1 of 4 done")
    await scene.wait_for_text(r"AMBER · R\d+ .*\n+replica lagging")
    await scene.wait_for_text("commented on .*second DBA paged")
    assert "Nothing changed" not in scene.room.text()
    assert "broke on our side" not in scene.room.text()


async def test_four_intents_on_every_platform_by_command_mention_and_button(scene: Scene) -> None:
    """Eighteen runs at the same time, each in its own room."""
    environment = scene.environment
    cases = [
        (send_commands, Scene(environment, environment.chat.create_room()), platform)
        for platform in PLATFORMS
        for send_commands in INPUT_METHODS
    ]
    results = await asyncio.gather(*(_run_and_check(*case) for case in cases), return_exceptions=True)
    errors = {
        f"{send_commands.__name__} on {platform}": result
        for (send_commands, _, platform), result in zip(cases, results, strict=True)
        if result is not None
    }
    assert not errors, "\n\n".join(f"{case}: {error!r}" for case, error in errors.items())
    for platform in PLATFORMS:
        if platform != "local":  # has no server that counts effects; the card was checked above
            assert scene.count_effects("start", platform) == scene.count_effects("finish", platform) == 3, platform
            assert min(scene.count_effects("status", platform), scene.count_effects("comment", platform)) >= 3, (
                platform
            )


async def test_a_second_start_of_a_runbook_asks_first_on_every_platform(scene: Scene) -> None:
    """Even if the platform does not report which runbook a run came from: the store does."""
    environment = scene.environment

    async def start_twice(scene: Scene, platform: str) -> None:
        await scene.start_run(platform)
        await scene.wait_for_text(rf"{platform} · (updated|as of)")
        await scene.room.command(f'start "{RUNBOOK}" --on {platform}')
        await until(lambda: "Start another" in scene.room.button_labels())

    await asyncio.gather(
        *(start_twice(Scene(environment, environment.chat.create_room()), platform) for platform in PLATFORMS)
    )


async def test_three_runs_of_three_platforms_in_one_channel(scene: Scene) -> None:
    handles = {platform: await scene.start_run(platform) for platform in ("cutover", "tines", "xurrent")}
    assert len(set(handles.values())) == 3
    choice = await scene.room.private_answer("finish T1")
    assert "Several runs are active here. Which one do you mean?" in choice.text
    labels = {handle: label for label in choice.labels for handle in handles.values() if label.startswith(handle)}
    assert all(labels[handle].endswith(f"({platform})") for platform, handle in handles.items())
    await scene.room.click(labels[handles["tines"]], choice)
    await scene.wait_for_effects("finish", on="tines")
    await scene.room.command(f"finish {handles['xurrent']}.T1")
    await scene.wait_for_effects("finish", on="xurrent")
    card = next(
        message
        for message in scene.room.bot_messages()
        if f"{handles['cutover']} {RUNBOOK}" in message.text and not message.visible_to
    )
    await scene.room.mention("finish T1", thread=card.id)
    await scene.wait_for_effects("finish", on="cutover")
    for platform in handles:
        assert scene.count_effects("finish", platform) == 1


async def test_starting_a_runbook_that_several_platforms_have_asks_which_one(scene: Scene) -> None:
    choice = await scene.room.private_answer(f'start "{RUNBOOK}"')
    assert "Several runbooks match" in choice.text
    assert f"Also: {RUNBOOK} (local)." in choice.text, (
        "the sixth match is listed, because a message has five buttons"
    )
    await scene.room.click(f"{RUNBOOK} (tines)", choice)
    await scene.wait_for_card()
    await scene.wait_for_text("tines · (updated|as of)")


@on_mattermost
async def test_a_run_with_its_own_channel_has_a_card_there_too(scene: Scene) -> None:
    playbooks = scene.environment.platforms["playbooks"]
    assert isinstance(playbooks, ChatPlaybooks)
    mm, handle = playbooks.mm, await scene.start_run("playbooks")
    run = next(run for run in playbooks.world.runs.values() if run["name"].startswith(f"{handle} "))
    home = mm.channels[run["channel_id"]]
    card = await mm.until(lambda: next((post for post in mm.posts_in(home) if FIRST_TASK in post.text), None))
    assert {"Begin T1", "Update status"} <= set(card.labels)
    home.members |= {mm.ana.id, mm.ben.id}
    await mm.command(scene.liaison.url, "finish T1", user=mm.ana, channel=home)
    await scene.wait_for_effects("finish", on="playbooks")
    await mm.until(lambda: "1 of 4 done" in re.sub(r"\W+", " ", card.text))
    await scene.wait_for_text("1 of 4 done")
    await mm.press(card, "Begin T2", mm.ana)
    await mm.until(lambda: "Finish T2" in card.labels)
    await mm.press(card, "Finish T2", mm.ben)  # a second press by the same person within a second is rejected
    await mm.until(lambda: "2 of 4 done" in re.sub(r"\W+", " ", card.text))
    await scene.wait_for_text("2 of 4 done")


async def test_the_code_of_a_receipt_is_on_the_platform(scene: Scene) -> None:
    """Also where the words of an end are sent before it."""
    handle = await scene.start_run("xurrent")
    await scene.wait_for_text(r"xurrent · (updated|as of)")
    choice = await scene.room.private_answer(f"end {handle} --message all is well again")
    await scene.room.click(f"End {handle}", choice)
    text = await scene.wait_for_text(r"all is well again” \(\w{4}\)")
    code = re.findall(r"all is well again” \((\w{4})\)", text)[-1]
    sent = [str(seen.json) for seen in scene.environment.xurrent.seen if b"all is well again" in seen.body]
    assert [f"({code})" in body for body in sent] == [True]
