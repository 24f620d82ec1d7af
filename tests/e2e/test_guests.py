"""What guests and people of other companies see and can do under each value of ``[access] guests``."""

import re
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.chats import BotMessage, Room
from tests.e2e.conftest import CHATS, FIRST_TASK, RUNBOOK
from tests.e2e.guests import COMMENT, GUESTS, INSTRUCTION, GuestScene, guest_scene, leaks
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackChat
from tests.fakes import slack_menus
from tests.fakes.slack_deliveries import Delivered

RULES = ("card", "read", "off")
CANNOT_USE = "Guests and people from other companies can't use Liaison here."
CANNOT_FIND = "I can't find a run {run} that you have access to."
CARDS_ONLY = "only see the cards of runs"
CANNOT_CHANGE = r"(Guests|People from other companies) can view runs but can't"
on_slack = pytest.mark.parametrize("guests", [("slack", rule) for rule in RULES], indirect=True)
on_mattermost = pytest.mark.parametrize("guests", [("mattermost", rule) for rule in RULES], indirect=True)


@pytest_asyncio.fixture(
    loop_scope="session", scope="module", params=[(chat, rule) for chat in sorted(CHATS) for rule in RULES]
)
async def guests(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[GuestScene]:
    chat, rule = request.param
    folder = tmp_path_factory.mktemp(f"{chat}-{rule}")
    async with guest_scene(CHATS[chat](), folder, {"guests": rule}) as scene:
        yield scene


READS = (
    "show {run}", "show {run}.T1", "next {run}", "comments {run}", "home --run {run}", "do {run}", "{run}.T1",
)  # fmt: skip
WRITES = ("finish {run}.T1", "comment hello --run {run}", "use {run}", "end {run}", "status {run} green fine")


@pytest.mark.parametrize("user", GUESTS)
async def test_elsewhere_a_run_is_refused_like_one_that_does_not_exist(guests: GuestScene, user: str) -> None:
    direct = guests.chat.direct_room(user)
    for line in (*READS, *WRITES):
        answer = await guests.answer(line.format(run=guests.secret), user, direct)
        other = await guests.answer(line.format(run="R999"), user, direct)
        assert answer.replace(guests.secret, "R999") == other
        if guests.guests == "off":
            assert answer == CANNOT_USE, line
        elif line in WRITES:
            assert re.match(CANNOT_CHANGE, answer), answer
        else:
            assert answer == CANNOT_FIND.format(run=guests.secret) or CARDS_ONLY in answer, answer


@pytest.mark.parametrize("user", GUESTS)
async def test_no_other_name_of_it_and_no_list_shows_it(guests: GuestScene, user: str) -> None:
    names = (
        guests.remote,
        f"cutover:{guests.id_of(guests.remote)}",
        guests.link_to(guests.remote),
        "Zephyr",
        "Zephyr merger",
    )
    lines = [f"{verb} {name}" for verb in ("show", "next") for name in names]
    lines += ["runs", "runs zephyr", "mine", "home", "runbooks", "next", "help", "show Wire the Aurora funds"]
    lines += ["Zephyr merger", "start Zephyr merger", f"fnish {guests.secret}.T1", "finish Borealis"]
    for room in (guests.room, guests.chat.direct_room(user)):
        for line in lines:
            message = await room.private_answer(line, user=user)
            shown = message.text.replace(line.partition(" ")[2], "").replace(line, "")
            assert not leaks(" ".join([shown, *message.labels])), (line, message.text)
            assert "Cutover" not in shown, (line, message.text)
            if line in ("runs", "mine", "home"):
                assert guests.secret not in shown.split(), (line, message.text)
    await guests.room.mention(f"next {guests.secret}", user=user)
    await guests.room.wait_for_text(rf"\(to {user}\) ({CANNOT_USE}|{CANNOT_FIND.format(run=guests.secret)})")
    assert not leaks(guests.room.public_text())


@pytest.mark.parametrize("user", GUESTS)
async def test_of_a_run_in_their_room_they_see_what_the_setting_says(guests: GuestScene, user: str) -> None:
    run = guests.own
    for line in ("next", f"show {run}", "show", "runs", "home", f"show {run} --tasks"):
        answer = await guests.answer(line, user)
        assert (RUNBOOK in answer) is (guests.guests != "off"), answer
        assert INSTRUCTION not in answer
        assert COMMENT not in answer
    details = {f"show {run}.T1": INSTRUCTION, "show T1": INSTRUCTION, f"comments {run}": COMMENT}
    refusal = CANNOT_USE if guests.guests == "off" else CARDS_ONLY
    for line, fact in details.items():
        assert (fact if guests.guests == "read" else refusal) in await guests.answer(line, user)
    if guests.guests != "read":  # the text of the runbook has its instructions
        assert refusal in await guests.answer(f"show {run} --diff", user)
    for line in ("runbooks", f"show {RUNBOOK}"):
        assert refusal in await guests.answer(line, user), line
    for line in WRITES:
        answer = await guests.answer(line.format(run=run), user)
        assert re.match(re.escape(CANNOT_USE) if guests.guests == "off" else CANNOT_CHANGE, answer), answer


@pytest.mark.parametrize("user", GUESTS)
async def test_a_run_of_their_room_is_shown_by_any_of_its_names(guests: GuestScene, user: str) -> None:
    room = guests.chat.create_room()
    run = await guests.scene.start_run(room=room)
    for name in (run, f"cutover:{guests.id_of(run)}", guests.link_to(run)):
        answer = await guests.answer(f"show {name}", user, room)
        assert (FIRST_TASK in answer) is (guests.guests != "off"), answer
    await guests.chat.leave(room, user)
    refusal = CANNOT_USE if guests.guests == "off" else CANNOT_FIND.format(run=run)
    assert await guests.answer(f"show {run}", user) == refusal


async def test_no_control_of_the_card_changes_anything_or_opens_a_form_for_them(guests: GuestScene) -> None:
    card = await guests.card()
    for user in GUESTS:
        for label in card.labels:
            answer = await _pressed(guests, card, label, user)
            if guests.guests == "off":
                assert answer == CANNOT_USE, label
            elif label == "All tasks":
                assert FIRST_TASK in answer
            elif label == "Read the runbook":
                assert CARDS_ONLY in answer
            elif label == "Read comments":
                assert COMMENT in answer if guests.guests == "read" else CARDS_ONLY in answer
            else:
                assert re.match(CANNOT_CHANGE, answer), (label, answer)
        assert not guests.open_forms(user)
    assert (await guests.card()).text == card.text


async def _pressed(guests: GuestScene, card: BotMessage, label: str, user: str) -> str:
    """The private answer to the press of a button, or to an option of a menu."""
    before = {message.id for message in guests.room.bot_messages()}
    assert (await guests.room.click(label, card, user=user)).status == 200

    def answers() -> list[str]:
        new = [message for message in guests.room.bot_messages() if message.id not in before]
        return [message.text for message in new if message.visible_to == user]

    return str((await until(answers))[0])


FORMS = {
    "Comment": {"text": "I was here"},
    "Update status": {"text": "I was here"},
    "Hold…": {"task": "T1", "reason": "I was here"},
    "Assign…": {"task": "T1", "person": "U0ANA"},
    "End…": {"sure": "yes"},
}


@pytest.mark.parametrize("label", FORMS)
async def test_a_form_that_a_member_opened_does_nothing_for_them(guests: GuestScene, label: str) -> None:
    """It is sent again in their name: what is searched for in it, and what is entered."""
    room, chat, card = guests.room, guests.chat, await guests.card()
    for user in GUESTS:
        await room.click(label, card, user="ana")
        if isinstance(chat, MattermostChat):  # a form is signed for the person who opened it
            dialog = await until(lambda: chat.fake.dialog_of(chat.fake.ana))
            body = chat.fake.submission(dialog, FORMS[label]) | {"user_id": chat.user_id(user)}
            for path in ("", "/refresh", "/lookup"):
                refused = await chat.fake.send_json(f"{dialog.url}{path}", body | {"selected_field": "task"})
                assert refused.status == 401
        else:
            assert isinstance(chat, SlackChat)
            modal = await chat.fake.modal(chat.users["ana"])
            modal.user = chat.users[user]
            for field in ("task", "runbook"):
                assert await chat.fake.search(chat.url, field, "", user=modal.user) == []
            answered = (await chat.fake.submit(chat.url, FORMS[label], user=modal.user)).body
            assert (CANNOT_USE if guests.guests == "off" else "can view runs but can't") in answered
            assert "Try again" not in answered
        chat.close_forms("ana")
        chat.close_forms(user)
    assert (await guests.card()).text == card.text


async def test_they_are_told_about_their_tasks_only_in_runs_that_they_may_read(guests: GuestScene) -> None:
    """Each of them has a task in a hidden run as well."""
    room = guests.room
    run = await guests.scene.start_run(on="local", room=guests.chat.create_room())
    for number, user in enumerate((*GUESTS, "ben"), 1):
        assert "assigned" in await guests.answer(f"assign {run}.T{number} @{user}", "ana")

    def told(user: str) -> list[BotMessage]:
        direct = [message for message in room.bot_messages() if message.visible_to == user]
        return [message for message in direct if f"{run} " in message.text and "assigned you" in message.text]

    await until(lambda: told("ben"))
    if guests.guests != "off":
        await until(lambda: told("gil"))
    assert bool(told("gil")) is (guests.guests != "off")
    assert not told("zoe")  # other companies' people have no account here
    told_ever = [message.text for message in room.bot_messages() if "assigned you" in message.text]
    assert not leaks(" ".join(told_ever))
    assert (f"{run}.T1" in await guests.answer("home", "gil")) is (guests.guests != "off")


async def test_what_a_member_reads_beside_them_is_shown_to_the_member_alone(guests: GuestScene) -> None:
    room = guests.chat.create_room()
    run = await guests.scene.start_run(on="local", room=room)
    await room.mention(f"show {run}.T1", user="ben")
    await room.wait_for_text(INSTRUCTION)
    await room.mention(f"next {guests.secret}", user="ben")
    await room.wait_for_text(r"\(to ben\) (?s:.*)Aurora")
    await room.mention("runbooks", user="ben")
    await room.wait_for_text(r"\(to ben\) (?s:.*)Zephyr merger")
    await room.mention("start Zephyr", user="ben")
    await room.wait_for_text(r"\(to ben\) (?s:.*)Zephyr merger \(")
    shown = "".join(message.text for message in room.bot_messages() if message.visible_to not in ("ana", "ben"))
    assert (INSTRUCTION in shown) is (guests.guests == "read" and guests.chat.name == "mattermost")
    assert not leaks(shown)


@pytest.mark.parametrize("name", sorted(CHATS))
async def test_whom_the_settings_name_does_what_they_say_and_no_more(name: str, tmp_path: Path) -> None:
    chat = CHATS[name]()
    access = {"guests": "off", "write": [chat.user_id("gil"), "ana", "ben"]}
    async with guest_scene(chat, tmp_path, access) as guests:
        run, secret = guests.own, guests.secret
        assert INSTRUCTION in await guests.answer(f"show {run}.T1", "gil")
        await guests.room.click("Begin T1", await guests.card(), user="gil")
        await guests.room.wait_for_text("gil began T1")
        for line in (f'start "{RUNBOOK}"', f"end {run}"):
            assert re.match(CANNOT_CHANGE, await guests.answer(line, "gil"))
        for line in (f"show {secret}", f"finish {secret}.T1", f"next {guests.remote}"):
            assert "that you have access to" in await guests.answer(line, "gil")
        for line in (f"show {run}", f"finish {run}.T1", "help"):
            assert await guests.answer(line, "zoe") == CANNOT_USE
        assert "Only" in await guests.answer(f"finish {run}.T1", "cam")


def _evacuation(guests: GuestScene) -> None:
    """A runbook with more tasks than fit beside buttons."""
    tasks = "".join(f"- [ ] Drain zone {number:02}\n" for number in range(1, 31))
    (guests.scene.liaison.folder / "runbooks" / "evacuation.md").write_text(f"# Evacuation\n\n{tasks}")


@on_slack
async def test_slacks_own_ways_in_show_them_no_more(guests: GuestScene) -> None:
    """The search of a card, their Home tab, links and shortcuts."""
    chat, room, url = guests.chat, guests.chat.create_room(), guests.scene.liaison.url
    assert isinstance(chat, SlackChat)
    _evacuation(guests)
    await room.command("start Evacuation --on local")
    card = await room.wait_for_button("Begin T1")
    shown = await guests.scene.start_run(room=room)
    trusted = chat.create_room(private=True, without=GUESTS)
    for user in GUESTS:
        id = chat.user_id(user)
        assert await slack_menus.search(chat.fake, url, card.raw, "", user=id) == []
        home = await _home(chat, url, id)
        assert not leaks(home)
        assert (CANNOT_USE in home) is (guests.guests == "off")
        said = chat.fake.say("see R1", id, room.id)
        for shortcut in ("add_task", "add_comment", "start_here"):
            await _refused(guests, chat.fake.shortcut(url, shortcut, said, user=id), room, user)
        await _refused(guests, chat.fake.global_shortcut(url, "start_runbook", user=id), room, user)
    share = chat.fake.share_link
    hidden = await share(url, guests.link_to(guests.remote), user=chat.user_id("ana"), channel=room.id)
    seen = await share(url, guests.link_to(shown), user=chat.user_id("ana"), channel=room.id)
    later = await share(url, guests.link_to(shown), user=chat.user_id("ana"), channel=trusted.id)
    await until(lambda: later.unfurls)
    await until(lambda: seen.unfurls or guests.guests == "off")
    assert not hidden.unfurls
    assert bool(seen.unfurls) is (guests.guests != "off")


async def _home(chat: SlackChat, url: str, id: str) -> str:
    await chat.fake.open_home(url, user=id)
    page = await until(lambda: chat.fake.homes.get(id))
    await until(lambda: page.published)
    return str(page.visible_text)


async def _refused(guests: GuestScene, delivery: Awaitable[Delivered], room: Room, user: str) -> None:
    """Waits for the refusal, in a message or in the place of the form."""
    chat = guests.chat
    assert isinstance(chat, SlackChat)
    chat.close_forms(user)
    before = len(room.text())
    await delivery

    def refusal() -> bool:
        shown = [modal.visible_text for modal in guests.open_forms(user) if not modal.fields]
        text = " ".join([*shown, room.text()[before:]])
        return CANNOT_USE in text if guests.guests == "off" else "can view runs but can't" in text

    await until(refusal)
    assert not any(modal.fields for modal in guests.open_forms(user))
