"""Who may read a run. Eve is a full member who is not in the room, Gil a guest."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.e2e.chats import Room
from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Environments, Scene, on_slack
from tests.e2e.slack_chat import SlackChat

CANNOT_FIND = r"I can't find a run {run} that you have access to\."


@dataclass
class Private:
    """A run in a private room without Eve, and a public room, ``lobby``, with everybody in it."""

    scene: Scene
    lobby: Room
    run: str

    @property
    def room(self) -> Room:
        return self.scene.room

    async def answer(self, text: str, *, user: str = "eve") -> str:
        return (await self.lobby.private_answer(text, user=user)).text

    def assert_no_fact(self, text: str) -> None:
        for fact in (RUNBOOK, FIRST_TASK, "T1", "ana", "Ana", self.room.name):
            assert fact not in text, text


@pytest_asyncio.fixture(loop_scope="session", scope="module", params=["slack", "mattermost"])
async def private(request: pytest.FixtureRequest, environments: Environments) -> AsyncIterator[Private]:
    environment = await environments.get(request.param)
    room = environment.chat.create_room(private=True, without=["eve", "gil"])
    scene = Scene(environment, room)
    run = await scene.start_run()
    yield Private(scene, environment.chat.create_room(), run)


@pytest.mark.parametrize(
    "line",
    [
        "show {run}",
        "show {run}.T1",
        "next {run}",
        "comments {run}",
        "home --run {run}",
        "status --run {run}",
        "finish {run}.T1",
        "begin {run}.T1",
        "skip {run}.T1 why not",
        "hold {run}.T1 because",
        "reopen {run}.T1",
        "assign {run}.T1 me",
        "comment hello --run {run}",
        "status green all well --run {run}",
        "add more --run {run}",
        "end {run}",
        "do {run}",
        "use {run}",
    ],
)
async def test_to_an_outsider_a_private_run_does_not_exist(private: Private, line: str) -> None:
    answer = await private.answer(line.format(run=private.run))
    assert re.search(CANNOT_FIND.format(run=private.run), answer), answer
    assert answer.replace(private.run, "R999999") == await private.answer(line.format(run="R999999"))
    private.assert_no_fact(answer.replace(private.run, ""))


async def test_lists_and_searches_leave_it_out(private: Private) -> None:
    for line in ("runs", f"runs {RUNBOOK}", "mine", "home"):
        answer = await private.answer(line)
        assert not re.search(rf"\b{private.run}\b", answer), answer
    insider = await private.answer("runs", user="ben")
    assert re.search(rf"\b{private.run}\b", insider), insider


async def test_its_members_read_it_from_anywhere(private: Private) -> None:
    assert FIRST_TASK in await private.answer(f"show {private.run}", user="ben")


async def test_a_guest_elsewhere_gets_no_fact(private: Private) -> None:
    for line in (f"show {private.run}", "runbooks", f"show {RUNBOOK}"):
        answer = await private.answer(line, user="gil")
        assert FIRST_TASK not in answer, answer
        assert RUNBOOK not in answer, answer
    for line in ("runs", "mine"):  # the runs of other rooms, which this guest is in, have the same title
        answer = await private.answer(line, user="gil")
        assert FIRST_TASK not in answer, answer
        assert not re.search(rf"\b{private.run}\b", answer), answer


async def test_a_button_of_the_run_is_worth_nothing_elsewhere(private: Private) -> None:
    """Both chats deliver a button only for people who see its channel. Its value may be sent from another one."""
    card = await private.room.wait_for_button("Begin T1", user="ana")
    card.raw.channel = private.lobby.id
    before = private.scene.count_effects("begin")
    delivery = await private.lobby.click("Begin T1", card, user="eve")
    if delivery.status == 200:
        await private.lobby.wait_for_text(CANNOT_FIND.format(run=private.run))
    assert delivery.status == (200 if private.scene.chat_name == "slack" else 401)
    assert private.scene.count_effects("begin") == before


async def test_who_leaves_the_channel_cannot_read_it_any_more(private: Private) -> None:
    assert FIRST_TASK in await private.answer(f"show {private.run}", user="cam")
    await private.scene.environment.chat.leave(private.room, "cam")
    assert re.search(CANNOT_FIND.format(run=private.run), await private.answer(f"show {private.run}", user="cam"))


async def test_a_run_of_a_public_channel_is_open_to_every_member_but_not_to_guests(scene: Scene) -> None:
    chat = scene.environment.chat
    public, lobby = chat.create_room(without=["eve", "gil"]), scene.room
    run = await scene.start_run(room=public)
    answer = await lobby.private_answer(f"show {run}", user="eve")
    assert FIRST_TASK in answer.text
    refused = await lobby.private_answer(f"show {run}", user="gil")
    assert re.search(CANNOT_FIND.format(run=run), refused.text)


async def test_a_guest_in_the_channel_sees_what_the_card_shows(scene: Scene) -> None:
    run = await scene.start_run()
    answer = await scene.room.private_answer("next", user="gil")
    assert FIRST_TASK in answer.text
    for line in (f"show {run}.T1", f"comments {run}", f"show {RUNBOOK}", "runbooks"):
        refused = await scene.room.private_answer(line, user="gil")
        assert "only see the cards" in refused.text


async def test_assigning_an_outsider_asks_first_and_then_lets_them_read(scene: Scene) -> None:
    chat = scene.environment.chat
    room, lobby = chat.create_room(private=True, without=["eve"]), scene.room
    run = await scene.start_run(on="local", room=room)
    await room.command("assign T1 @eve")
    question = await room.wait_for_text(rf"[Ee]ve isn't in #{room.name} and will be able to see {run}")
    assert question
    refused = await lobby.private_answer(f"show {run}", user="eve")
    assert re.search(CANNOT_FIND.format(run=run), refused.text)
    await room.press("Assign anyway")
    await room.wait_for_text("assigned T1|T1.*assigned")
    assert FIRST_TASK in (await lobby.private_answer(f"show {run}", user="eve")).text


async def test_a_start_in_a_direct_message_asks_where_the_run_belongs(scene: Scene) -> None:
    chat = scene.environment.chat
    direct, lobby = chat.direct_room("ana"), scene.room
    await direct.command(f'start "{RUNBOOK}" --on local')
    await direct.wait_for_text("Where does this run of .* belong")
    await direct.press("Only me (this DM)")
    run = await scene.wait_for_card(direct)
    refused = await lobby.private_answer(f"show {run}", user="ben")
    assert re.search(CANNOT_FIND.format(run=run), refused.text)
    assert FIRST_TASK in (await lobby.private_answer(f"show {run}", user="ana")).text


async def test_using_a_private_run_elsewhere_asks_who_may_see_it(scene: Scene) -> None:
    chat = scene.environment.chat
    room, other = chat.create_room(private=True, without=["eve"]), scene.room
    run = await scene.start_run(on="local", room=room)
    await other.command(f"use {run}")
    await other.wait_for_text("every member will be able to see and change it")
    refused = await other.private_answer(f"show {run}", user="eve")
    assert re.search(CANNOT_FIND.format(run=run), refused.text)
    await other.press("Use it here")
    await other.wait_for_text(f"This channel now uses {run}")
    assert FIRST_TASK in (await other.private_answer(f"next {run}", user="eve")).text


async def test_nothing_about_a_private_run_is_posted_in_another_channel(scene: Scene) -> None:
    """Neither the status that a member posts from there, nor the answer to a mention."""
    chat = scene.environment.chat
    room, other = chat.create_room(private=True, without=["eve"]), scene.room
    run = await scene.start_run(on="local", room=room)
    await other.command(f"status amber replica lagging --run {run}", user="ben")
    await room.wait_for_text("replica lagging")
    await other.mention(f"next {run}", user="ben")
    await other.wait_for_text(rf"\(to ben\) .*{run}")
    assert "replica lagging" not in other.public_text()
    assert FIRST_TASK not in other.public_text()


@on_slack
async def test_the_options_of_a_form_are_only_for_those_who_may_read_the_run(scene: Scene) -> None:
    """The search of a form is sent again by somebody else, and the form is submitted by them."""
    chat = scene.environment.chat
    assert isinstance(chat, SlackChat)
    room = chat.create_room(private=True, without=["eve"])
    run = await scene.start_run(on="local", room=room)
    await room.click("Comment", await room.wait_for_button("Comment"), user="ana")
    modal = await chat.fake.modal(chat.users["ana"])
    assert any(
        FIRST_TASK in option for option in await chat.fake.search(chat.url, "task", "", user=chat.users["ana"])
    )
    modal.user = chat.users["eve"]
    meta = modal.view["private_metadata"].replace(room.id, scene.room.id)
    modal.view = {**modal.view, "private_metadata": meta}
    assert await chat.fake.search(chat.url, "task", "", user=chat.users["eve"]) == []
    before = len((await room.private_answer(f"comments {run}")).text)
    answered = await chat.fake.submit(chat.url, {"text": "I was here"}, user=chat.users["eve"])
    if "that you have access to" not in answered.body:  # it took longer than a form waits
        await scene.room.wait_for_text(CANNOT_FIND.format(run=run))
    assert len((await room.private_answer(f"comments {run}")).text) == before


@on_slack
async def test_a_form_that_was_left_open_lets_nobody_back_in(scene: Scene) -> None:
    """What is chosen or pressed in it is not done in the channel."""
    chat = scene.environment.chat
    room, lobby = chat.create_room(private=True, without=["eve"]), scene.room
    run = await scene.start_run(on="local", room=room)
    await room.command("start", user="cam")
    await room.form_values(user="cam")
    await chat.leave(room, "cam")
    refused = CANNOT_FIND.format(run=run)
    assert re.search(refused, (await lobby.private_answer(f"show {run}", user="cam")).text)
    await room.choose("runbook", "local:failover.md", user="cam")
    assert re.search(refused, (await lobby.private_answer(f"show {run}", user="cam")).text)
