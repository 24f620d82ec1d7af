"""People who try to read what is not theirs: Zoe of another company in a shared channel, Gil the guest, and Eve, a
full member who is not in the room."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.e2e.chats import Room
from tests.e2e.conftest import CHATS, FIRST_TASK, RUNBOOK, Environments, Scene, on_slack
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.slack_chat import SlackChat

CANNOT_FIND = r"I can't find a run {run} that you have access to\."


@dataclass
class Shared:
    """``scene.room`` is a private room with Zoe and the run ``own`` in it; ``secret`` is a run of a room without
    her, Gil and Eve, on Cutover as ``secret_id``."""

    scene: Scene
    hidden: Room
    own: str
    secret: str
    secret_id: str

    async def answer(self, line: str, user: str, room: Room | None = None) -> str:
        return (await (room or self.scene.room).private_answer(line, user=user)).text


@pytest_asyncio.fixture(loop_scope="session", scope="module", params=sorted(CHATS))
async def shared(request: pytest.FixtureRequest, environments: Environments) -> AsyncIterator[Shared]:
    environment = await environments.get(request.param)
    scene = Scene(environment, environment.chat.create_room(private=True))
    hidden = environment.chat.create_room(private=True, without=["eve", "gil", "zoe"])
    own = await scene.start_run(on="local")
    secret = await scene.start_run(room=hidden)
    yield Shared(scene, hidden, own, secret, scene.cutover_run(secret).id)


async def test_somebody_of_another_company_sees_the_card_of_the_shared_channel_alone(shared: Shared) -> None:
    assert FIRST_TASK in await shared.answer("next", "zoe")
    for line in (f"show {shared.own}.T1", f"comments {shared.own}", f"show {RUNBOOK}", "runbooks"):
        assert "only see the cards" in await shared.answer(line, "zoe")


@pytest.mark.parametrize("user", ["zoe", "gil", "eve"])
async def test_runs_of_other_places_do_not_exist_whatever_they_are_called_by(shared: Shared, user: str) -> None:
    link = f"{shared.scene.cutover.url}/core/runbooks/{shared.secret_id}"
    for name in (shared.secret, f"cutover:{shared.secret_id}", link):
        answer = await shared.answer(f"show {name}", user)
        for fact in (RUNBOOK, FIRST_TASK, shared.hidden.name):
            assert fact not in answer.replace(name, ""), answer
    for line in ("runs", "mine", "home"):
        answer = await shared.answer(line, user)
        assert not re.search(rf"\b{shared.secret}\b", answer), answer
        assert shared.hidden.name not in answer


@pytest.mark.parametrize("user", ["zoe", "gil"])
async def test_what_they_see_they_still_cannot_change(shared: Shared, user: str) -> None:
    room = shared.scene.room
    card = await room.wait_for_button("Begin T1", user=user)
    before = {message.id for message in room.bot_messages()}
    await room.click("Begin T1", card, user=user)
    who = "another company|other companies" if user == "zoe" else "[Gg]uest"
    await room.wait_for_text(rf"\(to {user}\) (?s:.*)({who})")
    assert "1 running" not in "".join(m.text for m in room.bot_messages() if m.id not in before)
    for line in (f"finish {shared.own}.T1", f"comment hello --run {shared.own}", f'start "{RUNBOOK}" --on local'):
        assert re.search(who, await shared.answer(line, user)), line


async def test_a_direct_message_shows_them_no_more(shared: Shared) -> None:
    direct = shared.scene.environment.chat.direct_room("zoe")
    answer = await shared.answer(f"show {shared.secret}", "zoe", direct)
    assert re.search(CANNOT_FIND.format(run=shared.secret), answer), answer
    assert "only see the cards" in await shared.answer(f"show {shared.own}.T1", "zoe", direct)


async def test_a_write_that_waits_is_not_done_for_somebody_who_has_left_meanwhile(shared: Shared) -> None:
    scene, hidden = shared.scene, shared.hidden
    before = scene.count_effects("begin")
    async with scene.without_cutover():
        await hidden.command(f"begin {shared.secret}.T1", user="cam")
        await hidden.wait_for_text(r"(?i)waiting|not reachable|isn't answering|can't reach")
        await scene.environment.chat.leave(hidden, "cam")
    await hidden.wait_for_text(CANNOT_FIND.format(run=shared.secret), within=60)
    assert scene.count_effects("begin") == before


@pytest.mark.parametrize("by", ["eve", "gil", "zoe"])
async def test_a_question_that_a_stranger_replays_stays_open(scene: Scene, by: str) -> None:
    """Ana asks about a run of a private room where others don't see it, and they send her click as their own."""
    chat, room = scene.environment.chat, scene.room
    run = await scene.start_run(on="local", room=chat.create_room(private=True, without=["eve", "gil", "zoe"]))
    question = await room.private_answer(f"end {run}")
    end, leave = question.labels
    for label in (end, leave):
        if chat.name == "slack":
            assert (await room.click(label, question, user=by)).status == 200
            await room.wait_for_text("button has expired|only see the cards|[Gg]uests|other compan|another compan")
            assert RUNBOOK not in room.text().replace(question.text, "")
        else:  # its buttons are signed for their reader
            assert isinstance(chat, MattermostChat)
            url, body = chat.fake.click_body(question.raw, label, chat.fake.ana)
            assert (await chat.fake.send_json(url, body | {"user_id": chat.user_id(by)})).status == 401
    await room.click(end, question)
    await room.wait_for_text(rf"{run} {RUNBOOK}: ended")


async def test_an_owner_who_is_not_there_is_named_before_the_start(scene: Scene) -> None:
    room = scene.environment.chat.create_room(private=True, without=["eve"])
    await room.command(f'start "{RUNBOOK}" --on local --owner @eve')
    await room.wait_for_text(rf"[Ee]ve isn't in #{room.name} and will be able to see this run")
    assert scene.card_handles(room) == []
    await room.press("Start it anyway")
    await room.wait_for_text(rf"R\d+ {RUNBOOK}(?s:.*)T1 {FIRST_TASK}")


async def test_using_a_run_elsewhere_names_the_people_there(scene: Scene) -> None:
    chat = scene.environment.chat
    run = await scene.start_run(on="local", room=chat.create_room(private=True, without=["eve"]))
    few = chat.create_room(private=True, without=["eve", "gil", "rui", "zoe"])
    await few.command(f"use {run}")
    question = await few.wait_for_text(rf"Everybody in #{few.name} will be able to see and change it: [^.]*\.")
    assert {name.split()[0] for name in names_in(question)} == {"ana", "ben", "cam"}


def names_in(text: str) -> set[str]:
    return {name.strip().casefold() for name in text.partition("it: ")[2].rstrip(".").split(",")}


@on_slack
async def test_nothing_is_shown_or_claimed_while_the_chat_cannot_say_who_is_where(scene: Scene) -> None:
    """Who was there a moment ago still sees it; about everybody else nothing is known."""
    chat = scene.environment.chat
    assert isinstance(chat, SlackChat)
    room = chat.create_room(private=True, without=["eve"])
    run = await scene.start_run(on="local", room=room)
    scopes = chat.fake.scopes
    chat.fake.scopes = scopes.replace("groups:read", "groups:none")
    try:
        for user in ("eve", "ben"):
            refused = await scene.room.private_answer(f"show {run}", user=user)
            assert re.search(CANNOT_FIND.format(run=run), refused.text), refused.text
        assert FIRST_TASK in (await scene.room.private_answer(f"show {run}", user="ana")).text
        await room.command("assign T1 @eve")
        await room.wait_for_text(rf"I can't check now whether [Ee]ve is in #{room.name}")
    finally:
        chat.fake.scopes = scopes
