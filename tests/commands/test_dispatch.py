"""The place queue: which run a line means, who may, and what a choice completes."""

from commands.dispatch import Route, lacks_run, needs_place_run, route
from commands.model.intents import Choose, Finish, Show, Start, Status
from commands.model.messages import Message, Place, Via
from commands.model.ports import AccessRules
from commands.registry import COMMANDS
from tests.commands.world import ANA, BEN, EVE, HERE, NOW, Room, button, labels, shown

THREAD = HERE.model_copy(update={"thread": "t1"})
OTHER = Place(surface="console", channel="other")


async def ticket(room: Room, text: str, where: Place = HERE) -> Route:
    message = Message(key="K", actor=ANA, place=where, via=Via.COMMAND, at=NOW, text=text)
    decided = await route(message, room.world, NOW)
    assert isinstance(decided, Route), decided
    return decided


async def test_the_one_active_run_of_the_channel_and_its_threads_is_meant(room: Room) -> None:
    await room.start(place=THREAD)
    room.runs.bound.pop((HERE.key, ""))
    decided = await ticket(room, "finish T1")
    assert decided.queue == "R1"
    assert decided.intent is not None
    assert decided.intent["run"] == "R1"
    assert decided.lacks_run


async def test_a_write_never_guesses_between_two_runs(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("comment hello")
    assert answer.result == "question"
    assert labels(answer) == ["R1 Primary down in EU", "R2 Third-party outage"]
    assert "Nothing changed" in shown(answer)
    done = await room.press(button(answer, "R2 Third-party outage"), by=BEN)
    assert "R2 Third-party outage: comment added" in shown(done)
    assert "“hello”" in shown(done)
    late = await room.press(button(answer, "R1 Primary down in EU"))
    assert "Ben has done that already" in shown(late)


async def test_a_choice_carries_the_key_and_not_the_text(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("comment hello", key="K7")
    assert answer.private is not None
    assert answer.private.buttons[0].intent == Choose(key="K7", pick={"run": "R1"})


async def test_a_thread_means_its_own_run(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    assert (await ticket(room, "finish T1", THREAD)).queue == "R2"


async def test_a_write_where_no_run_is_offers_those_of_elsewhere(room: Room) -> None:
    await room.start(place=OTHER)
    answer = await room.type("finish T1")
    assert labels(answer) == ["R1 Primary down in EU"]
    assert answer.result == "question"


async def test_with_no_run_at_all_there_is_something_to_press(room: Room) -> None:
    answer = await room.type("finish T1")
    assert "No run is active here. Nothing changed" in shown(answer)
    assert labels(answer) == ["Start a run…", "Runbooks"]
    assert answer.result == "failed"


async def test_a_read_may_guess_the_run_somebody_touched_last(room: Room) -> None:
    await room.start(place=OTHER)
    decided = await ticket(room, "next")
    assert decided.intent is not None
    assert decided.intent["run"] == "R1"
    assert decided.queue == ""


async def test_runs_are_named_by_handle_name_and_reference(room: Room) -> None:
    known = await room.start()
    for words in ("R1", "r1", '"Primary down in EU"', '"primary down"', f"local:{known.run.key.id}"):
        assert (await ticket(room, f"finish T1 --run {words}", OTHER)).queue == "R1", words
    assert (await ticket(room, f"finish https://local.example/{known.run.key.id}/1", OTHER)).queue == "R1"


async def test_a_run_that_is_not_there(room: Room) -> None:
    await room.start()
    assert shown(await room.type("finish T1 --run R9")) == "There is no R9. Nothing changed."
    answer = await room.type('finish T1 --run "primery donw in EU soon"')
    assert "No active run is called" in shown(answer)


async def test_tasks_of_two_runs_are_refused(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage")
    answer = await room.type("finish R1.T1 R2.T1")
    assert "R1 and R2 are two runs. Nothing changed" in shown(answer)


async def test_reads_join_no_queue_and_problems_end_in_the_place(room: Room) -> None:
    await room.start()
    assert (await ticket(room, "show T1")).queue == ""
    assert (await ticket(room, "status")).queue == ""
    assert (await ticket(room, "status green all fine")).queue == "R1"


async def test_a_start_is_a_ticket_of_its_own_reserved_run(room: Room) -> None:
    decided = await ticket(room, "start Database failover")
    assert decided.starting
    assert decided.queue == "R1"
    assert (await ticket(room, "start Database failover")).queue == "R1", "the same key, the same handle"


def test_what_a_start_holds_back() -> None:
    assert needs_place_run(Finish(tasks=("T1",)), COMMANDS)
    assert needs_place_run(Show(), COMMANDS)
    assert needs_place_run(Status(), COMMANDS)
    assert needs_place_run(Start(runbook="x"), COMMANDS)
    assert not needs_place_run(Finish(tasks=("R7.T1",)), COMMANDS)
    assert not needs_place_run(Finish(run="R7", tasks=("T1",)), COMMANDS)
    assert not needs_place_run(Show(what="R7", kind="run"), COMMANDS)
    assert not needs_place_run(Choose(key="K", pick={"run": "R7"}), COMMANDS)


def test_what_cannot_be_read_is_not_held_back(room: Room) -> None:
    message = Message(key="K", actor=ANA, place=HERE, via=Via.COMMAND, at=NOW, text="finsh T1")
    assert not lacks_run(message, room.world)


async def test_a_mistyped_verb_offers_the_line_as_it_was_meant(room: Room) -> None:
    await room.start()
    answer = await room.type("finsh T1")
    assert shown(answer) == "finsh is not a word here. Nothing changed."
    assert labels(answer) == ["Finish T1", "Help"]
    assert "T1 Confirm the primary is down: done" in shown(await room.press(button(answer, "Finish T1")))


async def test_a_runbooks_title_shows_its_steps_and_start(room: Room) -> None:
    answer = await room.type("Database failover")
    assert shown(answer).startswith("Database failover")
    assert labels(answer) == ["Start", "Start with a name…"]
    assert "started" in shown(await room.press(button(answer, "Start")))


async def test_words_that_mean_nothing_get_something_to_press(room: Room) -> None:
    answer = await room.type("thanks a lot")
    assert "“thanks a lot” is no command, run, task or runbook here." in shown(answer)
    assert labels(answer)[-1] == "Help"


async def test_a_guest_may_only_read(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1", by=EVE)
    assert "Guests may look, and not change runs. Nothing changed" in shown(answer)
    assert answer.result == "failed"
    assert "T1" in shown(await room.type("show T1", by=EVE))
    assert "start runs" in shown(await room.type("start Database failover", by=EVE))
    assert list(room.runs.kept) == ["R1"]


async def test_a_button_is_authorised_for_its_presser_and_the_choice_stays_open(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("comment hello")
    refused = await room.press(button(answer, "R1 Primary down in EU"), by=EVE)
    assert "Guests may look" in shown(refused)
    done = await room.press(button(answer, "R1 Primary down in EU"), by=BEN)
    assert "comment added" in shown(done)


async def test_lists_of_people_and_places_say_who_and_where(room: Room) -> None:
    await room.start()
    room.allow(AccessRules(end=("ana",), places=("#inc-42",)))
    assert "Only ana may end runs. Nothing changed." in shown(await room.type("end --yes", by=BEN))
    elsewhere = await room.type("finish R1.T1", place=OTHER)
    assert "Runs are changed only in #inc-42. Nothing changed" in shown(elsewhere)
    assert "ended" in shown(await room.type("end --yes"))


async def test_a_forgotten_choice_says_so(room: Room) -> None:
    answer = await room.press(Choose(key="long ago", pick={"run": "R1"}))
    assert "not kept any more. Nothing changed" in shown(answer)


async def test_a_choice_of_a_choice_completes_the_first_command(room: Room) -> None:
    await room.start()
    await room.type("start Database failover --name Second", place=THREAD)
    assert list(room.runs.kept) == ["R1", "R2"]
    await room.runs.cancel_start("R2")
    await room.type("start Third-party outage", place=THREAD)
    answer = await room.type("end")
    first = await room.press(button(answer, "R1 Primary down in EU"))
    assert "open tasks" in shown(first)
    assert labels(first) == ["End R1", "Leave it open"]
    assert "R1 Primary down in EU: ended" in shown(await room.press(button(first, "End R1")))


async def test_where_the_run_is_over_it_is_said_which_one(room: Room) -> None:
    await room.start()
    await room.type("end --yes")
    answer = await room.type("finish T1")
    assert "R1 Primary down in EU is over, and no other run is active here. Nothing changed" in shown(answer)
    assert labels(answer) == ["Show R1", "Start a run…", "Runbooks"]
