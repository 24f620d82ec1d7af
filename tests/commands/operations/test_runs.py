"""What is said about a run, and to it: comments, tasks added, the end, and everything that only reads."""

import pytest

from adapters.errors import RateLimited, Rejected, Unreachable
from adapters.models import Person
from adapters.protocol import Emulated
from adapters.writes import EndRun, Op, WriteMarker
from commands.model.intents import Comment, DecideOutcome, Stop
from commands.model.messages import Place
from commands.model.outcomes import Done
from commands.verbs.move import MoveCard
from tests.commands.room import (
    ANA,
    BEN,
    EVE,
    HERE,
    Room,
    activity_texts,
    button_labels,
    find_button,
    private_rows,
    private_text,
    public_text,
)

OTHER = Place(surface="console", channel="other")


async def test_a_comment_on_a_task_quotes_what_was_stored(room: Room) -> None:
    await room.start()
    answer = await room.type("comment T2: called twice\nno answer")
    assert "T2 Page the DBA: comment added. Receipt " in private_text(answer)
    assert "“called twice”" in private_text(answer)
    assert activity_texts(answer)[0].startswith("Ana commented on T2 Page the DBA: called twice (")


async def test_a_task_is_added_to_a_stage(room: Room) -> None:
    await room.start()
    answer = await room.type("add Check DNS --stage triage")
    assert "T5 Check DNS: added to R1 Primary down in EU" in private_text(answer)
    unknown = await room.type("add Check DNS --stage Aftermath")
    assert button_labels(unknown) == ["Triage", "Fail over"]
    assert "Check DNS" in private_text(await room.press(find_button(unknown, "Triage")))


async def test_a_task_is_added_between_others(room: Room) -> None:
    await room.start()
    answer = await room.type("add Test again --after T1,T2 --before T4")
    assert "T5 Test again: added to R1 Primary down in EU" in private_text(answer)
    new, last = (await room.run("R1")).run.tasks[-1], (await room.run("R1")).run.tasks[-2]
    waits = {task.title: task.waits_for for task in (await room.run("R1")).run.tasks}
    assert (new.title, len(waits["Test again"]), new.id in waits[last.title]) == ("Test again", 2, True)
    by_title = await room.type('add Once more --after "test again"')
    assert "T6 Once more: added" in private_text(by_title)
    unknown = await room.type("add Look --before T99")
    assert "I can't find a task “T99” in R1" in private_text(unknown)


async def test_where_a_platform_puts_no_task_between_others_nothing_is_added(room: Room) -> None:
    await room.start()
    room.platform.errors["steps:add"] = Rejected("local", "add", key="add.no_places")
    refused = await room.type("add Look --after T1")
    assert "Nothing was added. Leave out --after and --before" in private_text(refused)
    assert len((await room.run("R1")).run.tasks) == 4


async def test_end_asks_while_tasks_are_open(room: Room) -> None:
    await room.start()
    answer = await room.type("end")
    assert "R1 Primary down in EU still has 4 open tasks: T1, T2, T3, T4. End it anyway?" in private_text(answer)
    assert answer.result == "question"
    done = await room.press(find_button(answer, "End R1"), by=BEN)
    assert "R1 Primary down in EU: ended" in private_text(done)
    assert room.responder.reminders == {"R1": None}
    again = await room.type("end R1")
    assert "was already finished by" in private_text(again)
    assert " by Ben at " in private_text(again)
    assert again.result == "done"


async def test_end_asks_nothing_when_all_is_done(room: Room) -> None:
    await room.start()
    await room.type("finish T1-T4")
    assert "ended" in private_text(await room.type("end"))


async def test_end_carried_again_after_a_crash_gives_the_same_answer(room: Room) -> None:
    await room.start()
    first = await room.type("end R1 --yes", key="K1")
    assert private_text(await room.type("end R1 --yes", key="K1")) == private_text(first)


async def test_show_moves_this_places_card_and_draws_another_places(room: Room) -> None:
    await room.start()
    here = await room.type("show")
    assert here.move_card == "R1"
    assert here.private is None
    there = await room.type("show R1", place=OTHER)
    assert there.move_card == ""
    assert private_text(there).startswith("R1 Primary down in EU")


async def test_a_platform_that_does_not_answer_shows_what_was_read_last(room: Room) -> None:
    await room.start()
    room.platform.errors["read"] = Unreachable("local", "show")
    answer = await room.type("show R1", place=OTHER)
    assert "isn't responding. Showing the run as of 14:05 UTC." in private_text(answer)


async def test_a_platform_that_asks_to_wait_is_not_called_unresponsive(room: Room) -> None:
    await room.start()
    error = room.platform.errors["read"] = RateLimited("local", "show", retry_after=600)
    answer = await room.type("show R1", place=OTHER)
    assert "is limiting requests until" in private_text(answer)
    assert f"{error.until:%H:%M UTC}. Showing the run as of 14:05" in private_text(answer)


async def test_reads_name_the_writes_that_still_wait(room: Room) -> None:
    await room.start()
    room.runs.queued["R1"] = 2
    assert "2 changes to R1 are still pending." in private_text(await room.type("next"))
    room.runs.queued["R1"] = 1
    assert "One change to R1 is still pending." in private_text(await room.type("show"))


async def test_a_task_is_shown_with_who_waits_for_whom(room: Room) -> None:
    await room.start()
    await room.type("comment T3: careful")
    answer = await room.type("show T3")
    lines = private_text(answer).splitlines()
    assert lines[0] == "T3 Promote the replica"
    assert lines[1] == "waiting for T1, T2"
    assert "T4 is waiting for this task." in private_text(answer)
    assert "careful" in private_text(answer)
    assert button_labels(answer) == ["Comment", "Read comments"]
    first = await room.type("show T1")
    assert "Ask from two zones." in private_text(first)
    assert button_labels(first) == ["Begin T1", "Finish T1", "Comment", "Read comments"]


async def test_what_a_platform_tells_of_each_task_alone_is_asked_for(room: Room) -> None:
    await room.start()
    assert "No instructions." in private_text(await room.type("show T3"))
    room.platform.instructions_text = "Only where a task says nothing itself"
    assert "Only where a task says nothing itself" in private_text(await room.type("show T3"))
    assert "Only where" not in private_text(await room.type("show T1"))


async def test_runs_that_others_ended_are_no_longer_under_way(room: Room) -> None:
    """The platform does not list them any more, and nobody told us."""
    known = await room.start()
    mark = WriteMarker(code="7K2F", who="Cy", at=room.now())
    await room.platform.inner.execute(EndRun(run=known.run.key, by=Person(name="Cy")), mark)
    assert "Primary down in EU" not in private_text(await room.type("runs"))
    assert (await room.run("R1")).run.state.is_over


async def test_show_finds_tasks_runs_and_runbooks_by_title(room: Room) -> None:
    await room.start()
    assert private_text(await room.type("show promote the replica")).startswith("T3 Promote the replica")
    assert (await room.type("show primary down in EU")).move_card == "R1"
    assert private_text(await room.type("show third-party outage")).startswith("Third-party outage")
    reference = await room.type("show local:outage.md")
    assert private_text(reference).startswith("Third-party outage")


async def test_a_link_shows_what_it_points_to(room: Room) -> None:
    known = await room.start()
    id = known.run.key.id
    answer = await room.type(f"https://local.example/{id}/{known.run.tasks[2].id}", place=OTHER)
    assert private_text(answer).startswith("T3 Promote the replica")


async def test_next_lists_what_can_begin(room: Room) -> None:
    await room.start()
    answer = await room.type("next")
    assert answer.private is not None
    rows = [row.handle for section in answer.private.sections for row in section.rows]
    assert rows == ["T1", "T2"]
    assert button_labels(answer) == ["Begin T1", "Begin T2"]
    titles = [private_text(answer).splitlines()[0]]
    for line in ("begin T1", "begin T2"):
        await room.type(line)
        titles.append(private_text(await room.type("next")).splitlines()[0])
    assert titles == [
        "Ready to begin in R1 Primary down in EU",
        "Ready to begin or running in R1 Primary down in EU",
        "Running in R1 Primary down in EU. Nothing else is ready to begin.",
    ]


async def test_next_says_that_a_run_was_never_started(room: Room) -> None:
    room.platform.errors["start"] = Rejected("local", "start", said="no such owner")
    await room.type("start Database failover")
    answer = await room.type("next R1")
    assert private_text(answer) == "R1 Database failover was never started, so it has no tasks."
    assert button_labels(answer) == ["Show R1"]


@pytest.mark.parametrize("line", ["show", "next", "T1", "comments", "status"])
async def test_a_start_that_failed_is_not_the_run_of_anything(room: Room, line: str) -> None:
    await room.type("start Nothing like this")
    assert "No run is active here." in private_text(await room.type(line))


async def test_what_was_never_started_is_said_so_and_not_that_it_has_ended(room: Room) -> None:
    room.platform.errors["start"] = Rejected("local", "start", said="not today")
    await room.type("start Database failover")
    assert private_text(await room.type("use R1")) == "R1 Database failover was never started. Nothing changed."
    comments = private_text(await room.type("comments R1"))
    assert comments == "R1 Database failover was never started, so it has no comments."


async def test_home_does_not_say_here_of_a_run_that_is_elsewhere(room: Room) -> None:
    await room.start()
    await room.type("begin T1")
    assert "Active here: R1 " in private_text(await room.type("hello"))
    elsewhere = private_text(await room.type("hello", place=OTHER))
    assert "No run is active here. You last used R1 Primary down in EU" in elsewhere


@pytest.mark.parametrize("line", ["--help", "-h"])
async def test_help_is_asked_for_as_in_a_shell_too(room: Room, line: str) -> None:
    assert private_text(await room.type(line)) == private_text(await room.type("help"))


async def test_help_is_offered_once(room: Room) -> None:
    assert button_labels(await room.type("hlep")) == ["Help"]


@pytest.mark.parametrize(
    ("line", "label"), [("finsh T1", "Finish T1"), ("concluirr T1", "Concluir T1"), ("proxmo", "Próximo")]
)
async def test_what_was_probably_meant_is_in_the_language_that_was_typed(
    room: Room, line: str, label: str
) -> None:
    await room.start()
    assert button_labels(await room.type(line))[0] == label


async def test_a_flag_without_its_value_is_shown_with_one(room: Room) -> None:
    await room.start()
    answer = private_text(await room.type("finish T1 --run"))
    assert answer == "--run needs a value, for example: finish … --run R7"


async def test_mine_lists_my_tasks_of_all_runs(room: Room) -> None:
    await room.start()
    await room.start(place=OTHER)
    await room.type("begin R1.T1")
    await room.type("assign R2.T2 me")
    await room.type("assign R2.T1 @ben")
    answer = await room.type("mine")
    assert answer.private is not None
    assert private_text(answer) == "You have 2 open tasks"
    rows = [(section.title, row.handle) for section in answer.private.sections for row in section.rows]
    assert rows == [("R2 Primary down in EU", "T2"), ("R1 Primary down in EU (2026-05-04)", "T1")]
    assert button_labels(answer) == ["Finish R1.T1"]
    assert private_text(await room.type("mine", by=EVE)) == "You have no open tasks."


async def test_runs_are_listed_with_a_handle_each(room: Room) -> None:
    await room.start()
    answer = await room.type("runs")
    assert private_rows(answer) == ["R1 Primary down in EU: 0 of 4 done · on local"]
    assert button_labels(answer) == ["Show R1 Primary down in EU"]
    room.platform.errors["runs"] = Unreachable("local", "runs")
    answer = await room.type("runs")
    assert private_rows(answer) == ["R1 Primary down in EU: 0 of 4 done · on local"]
    assert "isn't responding" in private_text(answer)


async def test_runs_are_listed_with_the_red_ones_first(room: Room) -> None:
    await room.start()
    await room.type("status red --next none the vendor is down too")
    for _ in range(2):
        room.wait(minutes=11)
        await room.start()
    answer = await room.type("runs")
    assert [row.split()[0] for row in private_rows(answer)] == ["R1", "R3", "R2"]
    assert button_labels(answer)[0].startswith("Show R1 ")


async def test_runbooks_are_listed_and_start(room: Room) -> None:
    answer = await room.type("runbooks")
    assert "Database failover" in private_text(answer)
    assert button_labels(answer) == ["Start Database failover", "Start Third-party outage"]
    assert button_labels(await room.type("runbooks outage")) == ["Start Third-party outage"]


async def test_help_for_all_and_for_one(room: Room) -> None:
    assert "/run start and the name of a runbook" in private_text(await room.type("help")).replace("`", "")
    answer = await room.type("help all")
    assert "/run finish TASK… [NOTE] [--then TASK]" in private_text(answer)
    assert "choose" not in private_text(answer)
    room.platform.capabilities = {**room.platform.capabilities, Op.FINISH: Emulated("a tick")}
    one = await room.type("help done")
    assert private_text(one).startswith("finish: mark tasks as done")
    assert "• /run finish T3 promoted by hand" in private_text(one)
    assert "a tick." in private_text(one)


async def test_help_in_a_place_with_a_run_has_the_few_lines_that_most_people_need(room: Room) -> None:
    await room.start()
    await room.type("begin T1")
    answer = await room.type("help")
    assert private_text(answer).replace("`", "").splitlines() == [
        "You're in R1 Primary down in EU. Most people need four lines:",
        "• /run finish T1 followed by a note",
        "• /run status amber replica lags 40 s --next 15m",
        "• /run comment T1: the vendor answered",
        "• /run assign T2 @ben",
        "Type a command after /run, after @liaison, or in a direct message.",
    ]
    assert button_labels(answer) == ["Finish T1", "Update status", "Start a run…", "All commands"]


async def test_whoami_says_standing_mail_and_rights(room: Room) -> None:
    answer = await room.type("whoami")
    assert "You're Ana (full member)." in private_text(answer)
    assert "Platforms know you as ana@x.example." in private_text(answer)
    assert "start runs, change runs, end runs" in private_text(answer)
    assert private_text(await room.type("whoami", by=EVE)).endswith("Here you can: view runs.")


async def test_use_says_that_changes_still_ask_where_another_run_is_active(room: Room) -> None:
    await room.start()
    room.wait(minutes=15)
    await room.start(place=HERE.model_copy(update={"thread": "1.2"}), name="Primary down in US")
    assert public_text(await room.type("use R1")).splitlines() == [
        "This channel now uses R1 Primary down in EU (set by Ana).",
        "Also active here: R2. A command that changes something still asks which run, unless you name it.",
    ]
    assert (await room.type("finish T1")).result == "question"


async def test_use_binds_and_tells_the_place(room: Room) -> None:
    await room.start(place=OTHER)
    assert button_labels(await room.type("use", by=BEN)) == ["R1 Primary down in EU"]
    question = await room.type("use R1", by=BEN)
    assert "Everybody in #inc-42 will be able to see and change it." in private_text(question)
    answer = await room.press(find_button(question, "Use it here"), by=BEN)
    assert public_text(answer) == "This channel now uses R1 Primary down in EU (set by Ben)."
    assert room.responder.posted_cards[-1] == ("R1", "inc-42")
    assert "T1" in private_text(await room.type("finish T1", by=BEN))
    refused = await room.type("use R1", by=EVE)
    assert "Guests can view runs" in private_text(refused)
    await room.type("end R1 --yes")
    assert private_text(await room.type("use R1")) == "R1 Primary down in EU has ended. Nothing changed."
    assert "No run is active here." in private_text(await room.type(""))


async def test_a_bare_command_shows_what_goes_on(room: Room) -> None:
    empty = await room.type("")
    assert "No run is active here." in private_text(empty)
    assert button_labels(empty) == ["Start a run…", "Runbooks", "My tasks", "Help"]
    await room.start()
    await room.type("begin T1")
    answer = await room.type("")
    assert "Active here: R1 Primary down in EU, 0 of 4 done, 1 running" in private_text(answer)
    assert private_rows(answer)[0].startswith("R1.T1 Confirm the primary is down: running · since 14:0")
    assert button_labels(answer) == ["Finish T1", "Begin T2", "Show R1", "Update status"]


async def test_stop_and_move(room: Room) -> None:
    await room.start()
    room.messages.stoppable |= {"K": "stopped", "L": "trying"}
    room.messages.intents |= {key: Comment(run="R1", text="hello").model_dump() for key in ("K", "L", "other")}
    assert private_text(await room.press(Stop(key="K"))) == "Stopped. Nothing was sent."
    assert "already being sent" in private_text(await room.press(Stop(key="L")))
    assert "too late" in private_text(await room.press(Stop(key="other")))
    assert (await room.press(MoveCard(run="R1"))).move_card == "R1"


async def test_a_persons_word_settles_an_unknown_write(room: Room) -> None:
    await room.type("start Database failover", key="K1")
    outcome = room.effect_log["K1", "start"]
    assert isinstance(outcome, Done)
    room.messages.outcomes["K1", "start", True] = outcome
    answer = await room.press(DecideOutcome(run="R1", key="K1", step="start", applied=True))
    assert "Noted: starting R1 went through. Receipt" in private_text(answer)
    gone = await room.press(DecideOutcome(run="R1", key="K1", step="other", applied=True))
    assert "already been resolved" in private_text(gone)


async def test_use_elsewhere_names_who_will_see_the_run(room: Room) -> None:
    await room.start(place=OTHER)
    room.memberships.people = [ANA, BEN, EVE]
    question = await room.type("use R1", by=BEN)
    assert "Everybody in #inc-42 will be able to see and change it: Ana, Ben, Eve." in private_text(question)
    room.memberships.people = [ANA, BEN] * 3
    question = await room.type("use R1", by=BEN)
    assert "Everybody in #inc-42 will be able to see and change it." in private_text(question)
    room.memberships.public = {HERE.channel}
    question = await room.type("use R1", by=BEN)
    assert "#inc-42 is public: every member will be able to see" in private_text(question)
