"""The chat in a terminal: numbers press buttons, names are teammates, forms ask, and scripts can fail."""

import io
from collections.abc import Callable, Sequence

import pytest

from adapters.toolkit.messages import in_language
from bot.surfaces.console.chat import Chat, Controls
from bot.surfaces.console.forms import matching_options
from bot.surfaces.console.surface import Console, person, room
from bot.surfaces.console.terminal import Piped, Screen, Script
from commands.model.card import Option
from commands.model.messages import Membership, Via
from tests.bot.scripted_app import ScriptedApp


class ConsoleHarness:
    """A chat with a scripted application, and its screen as text."""

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
def harness() -> ConsoleHarness:
    return ConsoleHarness()


async def test_a_number_presses_the_latest_cards_button(harness: ConsoleHarness) -> None:
    printed = await harness.script('start "database failover"', "1")
    assert harness.texts == ['start "database failover"', ""]
    press = harness.room.messages[1]
    assert (press.via, press.reply.post) == (Via.BUTTON, "card")
    assert press.intent is not None
    assert (press.intent["verb"], list(press.intent["tasks"])) == ("finish", ["T1"])
    assert "Ana did: finish" in printed
    assert harness.chat.failed == []


async def test_a_number_without_a_button_is_reported(harness: ConsoleHarness) -> None:
    assert "There is no button 3 here. Nothing changed." in await harness.script("start x", "3")
    assert harness.texts == ["start x"]
    assert harness.chat.failed


async def test_a_line_with_a_name_is_a_teammates_message(harness: ConsoleHarness) -> None:
    printed = await harness.script("ben: finish T2", "T2: a title", "comment T2: fine")
    assert [(message.actor.id, message.text) for message in harness.room.messages] == [
        ("ben", "finish T2"),
        ("ana", "T2: a title"),
        ("ana", "comment T2: fine"),
    ]
    assert "(only Ben sees this)\nBen did: finish" in printed


async def test_the_root_command_is_optional(harness: ConsoleHarness) -> None:
    await harness.script("/run next", "next", "/run")
    assert harness.texts == ["next", "next", ""]


async def test_an_edit_is_printed_only_when_something_changed(harness: ConsoleHarness) -> None:
    printed = await harness.script("start x", "edit", "edit")
    assert printed.count("[1 Finish T1]") == 1


async def test_a_form_is_asked_field_by_field_until_it_is_valid(harness: ConsoleHarness) -> None:
    printed = await harness.script("form", "amber", "x", "", "a good sentence")
    assert "What is going on: too short" in printed
    assert harness.room.messages[0].via is Via.FORM
    assert harness.room.messages[0].intent == {
        "verb": "status",
        "run": "R1",
        "health": "amber",
        "text": "a good sentence",
        "next": "",
    }


async def test_an_empty_answer_keeps_the_fields_value(harness: ConsoleHarness) -> None:
    await harness.script("start x", "2", "2", "fine so far", "30m")
    intent = harness.room.messages[1].intent
    assert intent is not None
    assert (intent["health"], intent["text"], intent["next"]) == ("amber", "fine so far", "30m")


@pytest.mark.parametrize("lines", [("form", ":cancel"), ("form", "amber"), ("form", *["purple"] * 9)])
async def test_a_cancelled_form_submits_nothing(harness: ConsoleHarness, lines: tuple[str, ...]) -> None:
    assert "Cancelled. Nothing changed." in await harness.script(*lines)
    assert harness.texts == []
    assert harness.chat.failed


async def test_a_form_says_that_what_was_typed_is_none_of_the_options(harness: ConsoleHarness) -> None:
    printed = await harness.script("form", "purple", "amber", "a good sentence", "")
    assert "None of these is purple. Type a number:\n  1 " in printed
    assert [message.via for message in harness.room.messages] == [Via.FORM]


async def test_a_script_ends_at_the_first_line_that_fails(harness: ConsoleHarness) -> None:
    await harness.script("# a comment", "", "start x", "fail", "start y")
    assert harness.texts == ["start x", "fail"]
    assert harness.chat.failed == ["line 4, fail: it failed"]


async def test_a_line_with_an_exclamation_mark_must_fail(harness: ConsoleHarness) -> None:
    await harness.script("!fail", "! which", "start x")
    assert harness.texts == ["fail", "which"]
    assert harness.chat.failed == ["line 2, which: it did not fail"]


async def test_a_question_is_answered_by_a_number(harness: ConsoleHarness) -> None:
    await harness.script("which", "2")
    assert harness.room.messages[1].intent is not None
    assert harness.room.messages[1].intent["pick"] == {"run": "R2"}
    assert harness.chat.failed == []


async def test_a_message_that_is_not_recorded_is_reported(harness: ConsoleHarness) -> None:
    assert "couldn't confirm that this was saved" in await harness.script("unrecorded")
    assert harness.chat.failed


async def test_a_pipe_continues_after_a_failure_and_ends_at_quit(harness: ConsoleHarness) -> None:
    await harness.chat.run(Piped(harness.screen, io.StringIO("fail\nstart x\n:quit\nstart y\n")))
    assert harness.texts == ["fail", "start x"]
    assert harness.chat.failed == []
    assert harness.out.getvalue().startswith("\n> fail\nThere is no task T9.\n")


async def test_the_end_of_the_input_ends_the_chat(harness: ConsoleHarness) -> None:
    await harness.chat.run(Piped(harness.screen, io.StringIO("start x")))
    assert harness.texts == ["start x"]


async def test_controls_start_with_a_colon() -> None:
    flipped: list[str] = []

    def flip(word: str) -> Callable[[], str]:
        def flipping() -> str:
            flipped.append(word)
            return f"flipped {word}"

        return flipping

    harness = ConsoleHarness(Controls({":down": flip("down"), ":up": flip("up")}))
    printed = await harness.script(":down", ":up", ":sideways")
    assert flipped == ["down", "up"]
    assert "Unknown command :sideways. Available: :down, :up, :quit" in printed
    assert harness.texts == []


async def test_controls_work_in_the_middle_of_a_form() -> None:
    harness = ConsoleHarness(Controls({":up": lambda: "up again"}))
    printed = await harness.script("form", ":up", "amber", "x", "", "a good sentence")
    assert "up again" in printed
    assert harness.room.messages[0].via is Via.FORM


def test_two_letters_choose_nothing_by_accident() -> None:
    options = [Option("T1", "T1 Confirm the primary is down"), Option("T2", "T2 Page the DBA")]
    assert matching_options("do", options) == []
    assert matching_options("t2", options) == matching_options("dba", options) == matching_options("2", options)


async def test_quit_leaves_a_form_and_the_chat(harness: ConsoleHarness) -> None:
    await harness.script("form", ":quit", "finish T1")
    assert harness.texts == []


async def test_entries_of_another_channel_are_not_printed(harness: ConsoleHarness) -> None:
    messages = harness.room.messages
    await harness.script("start x")
    before = harness.out.getvalue()
    await harness.room.handle(messages[0].model_copy(update={"place": room("other")}))
    assert harness.out.getvalue() == before


async def test_the_chat_is_in_the_current_language(harness: ConsoleHarness) -> None:
    with in_language("pt-BR"):
        printed = await harness.script("start x", "3")
    assert "Não há botão 3 aqui. Nada mudou." in printed


async def test_liaison_itself_is_nobody_to_assign_a_task_to() -> None:
    console = Console()
    (liaison,) = await console.find_people("@Liaison", room())
    (ben,) = await console.find_people("@ben", room())
    assert (liaison.membership, ben.membership) == (Membership.BOT, Membership.MEMBER)
