"""Dispatch: the run of a line, access, and completed choices."""

import pytest

from adapters.models import TaskState
from commands.dispatch import Route, route
from commands.lookup.message_intent import lacks_run, message_needs_current_rights, needs_place_run
from commands.model.access_rules import AccessRules
from commands.model.card import Answer
from commands.model.intents import Choose, Finish, Show, Start, Status
from commands.model.messages import Membership, Message, Place, Via
from commands.registry import COMMANDS
from tests.commands.room import ANA, BEN, EVE, HERE, NOW, Room, button_labels, find_button, private_text

THREAD = HERE.model_copy(update={"thread": "t1"})
OTHER = Place(surface="console", channel="other")


def message_with(text: str, where: Place = HERE) -> Message:
    return Message(key="K", actor=ANA, place=where, via=Via.COMMAND, at=NOW, text=text)


async def routed(room: Room, text: str, where: Place = HERE) -> Route:
    result = await route(message_with(text, where), room.services)
    assert isinstance(result, Route), result
    return result


async def test_the_only_active_run_of_the_channel_and_its_threads_is_used(room: Room) -> None:
    await room.start(place=THREAD)
    room.runs.bound.pop((HERE.key, ""))
    result = await routed(room, "finish T1")
    assert result.queue == "R1"
    assert result.intent is not None
    assert result.intent["run"] == "R1"
    assert result.lacks_run


async def test_a_write_never_guesses_between_two_runs(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("comment hello")
    assert answer.result == "question"
    assert button_labels(answer) == ["R1 Primary down in EU", "R2 Third-party outage"]
    assert private_text(answer) == "Several runs are active here. Which one do you mean?"
    done = await room.press(find_button(answer, "R2 Third-party outage"), by=BEN)
    assert "R2 Third-party outage: comment added" in private_text(done)
    assert "“hello”" in private_text(done)
    late = await room.press(find_button(answer, "R1 Primary down in EU"))
    assert "Ben already handled this" in private_text(late)


async def test_a_choice_has_the_key_of_the_message_and_not_its_text(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("comment hello", key="K7")
    assert answer.private is not None
    assert answer.private.buttons[0].intent == Choose(key="K7", values={"run": "R1"})


async def test_a_thread_uses_its_own_run(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    assert (await routed(room, "finish T1", THREAD)).queue == "R2"


async def test_a_write_in_a_channel_without_a_run_offers_runs_of_other_channels(room: Room) -> None:
    await room.start(place=OTHER)
    answer = await room.type("finish T1")
    assert button_labels(answer) == ["R1 Primary down in EU"]
    assert answer.result == "question"


async def test_without_any_run_the_answer_has_buttons(room: Room) -> None:
    answer = await room.type("finish T1")
    assert "No run is active here. Start one, or name the run." in private_text(answer)
    assert button_labels(answer) == ["Start a run…", "Runbooks"]
    assert answer.result == "failed"


async def test_a_read_may_use_the_run_that_the_person_used_last(room: Room) -> None:
    await room.start(place=OTHER)
    result = await routed(room, "next")
    assert result.intent is not None
    assert result.intent["run"] == "R1"
    assert result.queue == ""


async def test_runs_are_found_by_handle_title_link_and_id(room: Room) -> None:
    tracked = await room.start()
    for reference in ("R1", "r1", '"Primary down in EU"', '"primary down"', f"local:{tracked.run.key.id}"):
        assert (await routed(room, f"finish T1 --run {reference}", OTHER)).queue == "R1", reference
    assert (await routed(room, f"finish https://local.example/{tracked.run.key.id}/1", OTHER)).queue == "R1"


async def test_an_unknown_run_is_refused(room: Room) -> None:
    await room.start()
    assert private_text(await room.type("finish T1 --run R9")) == "I can't find a run R9 that you have access to."
    answer = await room.type('finish T1 --run "primery donw in EU soon"')
    assert "I can't find an active run called" in private_text(answer)


async def test_tasks_of_two_runs_are_refused(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage")
    answer = await room.type("finish R1.T1 R2.T1")
    assert "R1 and R2 are two different runs. Name one at a time." in private_text(answer)


async def test_reads_join_no_queue(room: Room) -> None:
    await room.start()
    assert (await routed(room, "show T1")).queue == ""
    assert (await routed(room, "status")).queue == ""
    assert (await routed(room, "status green all fine")).queue == "R1"


async def test_a_start_goes_on_in_the_queue_of_its_run_once_its_runbook_is_found(room: Room) -> None:
    first = await routed(room, "start Database failover")
    assert first.starting
    assert first.queue == ""
    for _ in range(2):
        result = await room.execute_once(message_with("start Database failover"), first)
        assert isinstance(result, Route)
        assert (result.starting, result.queue) == (True, "R1"), "the same key, the same handle"
    unknown = await routed(room, "start No such runbook at all")
    assert isinstance(await room.execute_once(message_with("start No such runbook at all"), unknown), Answer)
    assert list(room.runs.tracked) == ["R1"]


def test_which_intents_a_start_holds_back() -> None:
    assert needs_place_run(Finish(tasks=("T1",)), COMMANDS)
    assert needs_place_run(Show(), COMMANDS)
    assert needs_place_run(Status(), COMMANDS)
    assert needs_place_run(Start(runbook="x"), COMMANDS)
    assert not needs_place_run(Finish(tasks=("R7.T1",)), COMMANDS)
    assert not needs_place_run(Finish(run="R7", tasks=("T1",)), COMMANDS)
    assert not needs_place_run(Show(what="R7", kind="run"), COMMANDS)
    assert not needs_place_run(Choose(key="K", values={"run": "R7"}), COMMANDS)


def test_a_line_that_cannot_be_parsed_is_not_held_back(room: Room) -> None:
    message = Message(key="K", actor=ANA, place=HERE, via=Via.COMMAND, at=NOW, text="finsh T1")
    assert not lacks_run(message, room.services)


async def test_a_misspelt_verb_offers_the_corrected_line(room: Room) -> None:
    await room.start()
    answer = await room.type("finsh T1")
    assert private_text(answer) == "Unknown command finsh. Did you mean:"
    assert button_labels(answer) == ["Finish T1", "Help"]
    assert "T1 Confirm the primary is down: done" in private_text(
        await room.press(find_button(answer, "Finish T1"))
    )


async def test_the_title_of_a_runbook_shows_its_steps_and_start(room: Room) -> None:
    answer = await room.type("Database failover")
    assert private_text(answer).startswith("Database failover")
    assert button_labels(answer) == ["Start", "Start with options…"]
    assert "started" in private_text(await room.press(find_button(answer, "Start")))


async def test_an_unknown_text_gets_the_help_button(room: Room) -> None:
    answer = await room.type("thanks a lot")
    assert "I can't find a command, run, task or runbook called “thanks a lot”." in private_text(answer)
    assert button_labels(answer)[-1] == "Help"


async def test_a_guest_can_only_read(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1", by=EVE)
    assert "Guests can view runs but can't change runs. Nothing changed" in private_text(answer)
    assert answer.result == "failed"
    assert "T1" in private_text(await room.type("show T1", by=EVE))
    assert "start runs" in private_text(await room.type("start Database failover", by=EVE))
    assert list(room.runs.tracked) == ["R1"]


async def test_a_button_needs_the_right_of_whoever_presses_it(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("comment hello")
    refused = await room.press(find_button(answer, "R1 Primary down in EU"), by=EVE)
    assert "Guests can view runs" in private_text(refused)
    done = await room.press(find_button(answer, "R1 Primary down in EU"), by=BEN)
    assert "comment added" in private_text(done)


async def test_a_refusal_says_who_is_allowed_and_where(room: Room) -> None:
    await room.start()
    room.allow(AccessRules(end=("ana",), places=("#inc-42",)))
    assert "Only ana can end runs. Nothing changed." in private_text(await room.type("end --yes", by=BEN))
    elsewhere = await room.type("finish R1.T1", place=OTHER)
    assert "Runs can only be changed in #inc-42. Nothing changed" in private_text(elsewhere)
    assert "ended" in private_text(await room.type("end --yes"))


async def test_a_choice_that_is_not_stored_any_more_says_so(room: Room) -> None:
    answer = await room.press(Choose(key="long ago", values={"run": "R1"}))
    assert "This button has expired. Nothing changed" in private_text(answer)


async def test_a_choice_of_a_choice_completes_the_first_command(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("end")
    first = await room.press(find_button(answer, "R1 Primary down in EU"))
    assert "open tasks" in private_text(first)
    assert button_labels(first) == ["End R1", "Leave it open"]
    assert "R1 Primary down in EU: ended" in private_text(await room.press(find_button(first, "End R1")))


async def test_a_write_after_the_end_of_the_run_names_that_run(room: Room) -> None:
    await room.start()
    await room.type("end --yes")
    answer = await room.type("finish T1")
    assert "R1 Primary down in EU has ended, and no other run is active here." in private_text(answer)
    assert button_labels(answer) == ["Show R1", "Start a run…", "Runbooks"]


@pytest.mark.parametrize("membership", [Membership.GUEST, Membership.UNKNOWN])
async def test_rights_lost_while_the_message_waited_count(room: Room, membership: Membership) -> None:
    await room.start()
    result = await routed(room, "finish T1")
    demoted = ANA.model_copy(update={"membership": membership})
    message = Message(key="K", actor=demoted, place=HERE, via=Via.COMMAND, at=NOW, text="finish T1")
    answer = await room.execute(message, result)
    assert answer.result == "failed"
    assert "Nothing changed" in private_text(answer)
    assert (await room.run("R1")).run.tasks[0].state is not TaskState.DONE
    assert (await room.execute(message, result, has_begun=True)).result == "done"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("finish T1", True),
        ("start Database failover", True),
        ("whoami", True),
        ("show", False),
        ("next", False),
        ("nonsense", False),
        ("comment " + "a " * 20_000, True),
    ],
)
def test_a_write_needs_current_rights(room: Room, text: str, expected: bool) -> None:
    message = Message(key="K", actor=ANA, place=HERE, via=Via.COMMAND, at=NOW, text=text)
    assert message_needs_current_rights(message, room.services) is expected
