"""The chat in a terminal: numbers press, names speak, forms ask, scripts fail where they should."""

import io
from collections.abc import Callable, Sequence

import pytest

from bot.surfaces.console.chat import Chat, Controls
from bot.surfaces.console.surface import person, room
from bot.surfaces.console.terminal import Piped, Screen, Script
from commands.model.messages import Via
from tests.bot.scripted_app import ScriptedApp


class Talk:
    """A chat with a scripted application, on a screen that is a text."""

    def __init__(self, controls: Controls | None = None) -> None:
        self.room = ScriptedApp()
        self.out = io.StringIO()
        self.screen = Screen(self.out, 80)
        me, place = person("ana"), room()
        self.chat = Chat(self.room.console, self.room.handle, self.screen, place=place, me=me, controls=controls)

    async def script(self, *lines: str) -> str:
        await self.chat.run(Script(self.screen, lines))
        return self.out.getvalue()

    @property
    def texts(self) -> Sequence[str]:
        return [message.text for message in self.room.messages]


@pytest.fixture
def talk() -> Talk:
    return Talk()


async def test_a_number_presses_the_latest_cards_button(talk: Talk) -> None:
    printed = await talk.script('start "database failover"', "1")
    assert talk.texts == ['start "database failover"', ""]
    press = talk.room.messages[1]
    assert (press.via, press.reply.post) == (Via.BUTTON, "card")
    assert press.intent is not None
    assert (press.intent["verb"], list(press.intent["tasks"])) == ("finish", ["T1"])
    assert "Ana did: finish" in printed
    assert talk.chat.failed == []


async def test_a_button_that_is_not_there(talk: Talk) -> None:
    assert "There is no button 3 here. Nothing changed." in await talk.script("start x", "3")
    assert talk.texts == ["start x"]
    assert talk.chat.failed


async def test_a_name_in_front_speaks_as_a_teammate(talk: Talk) -> None:
    printed = await talk.script("ben: finish T2", "T2: a title", "comment T2: fine")
    assert [(message.actor.id, message.text) for message in talk.room.messages] == [
        ("ben", "finish T2"),
        ("ana", "T2: a title"),
        ("ana", "comment T2: fine"),
    ]
    assert "(only Ben sees this)\nBen did: finish" in printed


async def test_the_root_command_is_optional(talk: Talk) -> None:
    await talk.script("/run next", "next", "/run")
    assert talk.texts == ["next", "next", ""]


async def test_an_edit_is_printed_only_when_something_changed(talk: Talk) -> None:
    printed = await talk.script("start x", "edit", "edit")
    assert printed.count("[1 Finish T1]") == 1


async def test_a_form_is_asked_field_by_field_until_it_is_right(talk: Talk) -> None:
    printed = await talk.script("form", "amber", "x", "", "a good sentence")
    assert "What is going on: too short" in printed
    assert talk.room.messages[0].via is Via.FORM
    assert talk.room.messages[0].intent == {
        "verb": "status",
        "run": "R1",
        "health": "amber",
        "text": "a good sentence",
        "next": "",
    }


async def test_a_form_button_opens_the_form_and_empty_keeps_what_stands(talk: Talk) -> None:
    await talk.script("start x", "2", "2", "fine so far", "30m")
    intent = talk.room.messages[1].intent
    assert intent is not None
    assert (intent["health"], intent["text"], intent["next"]) == ("amber", "fine so far", "30m")


@pytest.mark.parametrize("lines", [("form", ":cancel"), ("form", "amber"), ("form", *["purple"] * 9)])
async def test_a_form_that_is_given_up_changes_nothing(talk: Talk, lines: tuple[str, ...]) -> None:
    assert "Given up. Nothing changed." in await talk.script(*lines)
    assert talk.texts == []
    assert talk.chat.failed


async def test_a_script_ends_at_the_first_line_that_fails(talk: Talk) -> None:
    await talk.script("# a comment", "", "start x", "fail", "start y")
    assert talk.texts == ["start x", "fail"]
    assert talk.chat.failed == ["line 4, fail: it failed"]


async def test_a_line_that_has_to_fail(talk: Talk) -> None:
    await talk.script("!fail", "! which", "start x")
    assert talk.texts == ["fail", "which"]
    assert talk.chat.failed == ["line 2, which: it did not fail"]


async def test_a_question_is_answered_by_a_number(talk: Talk) -> None:
    await talk.script("which", "2")
    assert talk.room.messages[1].intent is not None
    assert talk.room.messages[1].intent["pick"] == {"run": "R2"}
    assert talk.chat.failed == []


async def test_what_was_not_recorded_is_said(talk: Talk) -> None:
    assert "Not surely recorded" in await talk.script("unrecorded")
    assert talk.chat.failed


async def test_a_pipe_goes_on_after_a_failure_and_ends_at_quit(talk: Talk) -> None:
    await talk.chat.run(Piped(talk.screen, io.StringIO("fail\nstart x\n:quit\nstart y\n")))
    assert talk.texts == ["fail", "start x"]
    assert talk.chat.failed == []
    assert talk.out.getvalue().startswith("\n> fail\nThere is no task T9.\n")


async def test_the_end_of_the_input_ends_the_chat(talk: Talk) -> None:
    await talk.chat.run(Piped(talk.screen, io.StringIO("start x")))
    assert talk.texts == ["start x"]


async def test_controls_are_words_with_a_colon() -> None:
    flipped: list[str] = []

    def flip(word: str) -> Callable[[], str]:
        def flipping() -> str:
            flipped.append(word)
            return f"flipped {word}"

        return flipping

    talk = Talk(Controls({":down": flip("down"), ":up": flip("up")}))
    printed = await talk.script(":down", ":up", ":sideways")
    assert flipped == ["down", "up"]
    assert ":sideways is not a word here. There are: :down, :up, :quit" in printed
    assert talk.texts == []


async def test_what_happens_in_another_channel_is_not_drawn(talk: Talk) -> None:
    elsewhere = talk.room.messages
    await talk.script("start x")
    before = talk.out.getvalue()
    await talk.room.handle(elsewhere[0].model_copy(update={"place": room("other")}))
    assert talk.out.getvalue() == before
