"""``start``: the card is posted first, one run is started, and the card also shows a refusal."""

from adapters.errors import OutcomeUnknown, Rejected, Unreachable
from adapters.writes import Op
from commands.cards.run_card import live_card
from commands.model.intents import Retry
from commands.text.catalogue import plain_text
from tests.commands.room import (
    BEN,
    DAN,
    HERE,
    NOW,
    ON_SLACK,
    Room,
    activity_texts,
    button_labels,
    find_button,
    private_text,
)

THREAD = HERE.model_copy(update={"thread": "t1"})


async def test_start_posts_the_card_and_binds_the_channel(room: Room) -> None:
    answer = await room.type("start database failover --name Primary down in EU")
    assert private_text(answer).startswith("R1 Primary down in EU: started. Receipt ")
    assert room.responder.posted_cards == [("R1", "inc-42")]
    tracked = await room.run("R1")
    assert tracked.run.title == "R1 Primary down in EU"
    assert tracked.started
    assert len(tracked.run.tasks) == 4
    assert await room.runs.for_thread(HERE) == tracked
    assert activity_texts(answer)[0].startswith("Ana started R1 Primary down in EU (")


async def test_a_start_in_a_thread_does_not_rebind_the_channel(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    first, second = await room.run("R1"), await room.run("R2")
    assert (await room.runs.for_thread(HERE)) == first
    assert (await room.runs.for_thread(THREAD)) == second


async def test_a_second_start_in_the_channel_does_not_rebind_it(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage")
    assert (await room.runs.for_thread(HERE)) == await room.run("R1")


async def test_nothing_is_started_where_liaison_cannot_post(room: Room) -> None:
    room.responder.is_blocked = True
    answer = await room.type("start database failover")
    assert private_text(answer) == "I'm not in #inc-42. Nothing was done. Type /invite @liaison, then try again."
    assert button_labels(answer) == ["Try again"]
    assert room.platform.executed == []
    assert not (await room.runs.active_heads())
    room.responder.is_blocked = False
    assert "started" in private_text(await room.press(find_button(answer, "Try again")))


async def test_the_card_of_a_refused_start_says_why_and_has_no_button(room: Room) -> None:
    room.platform.errors["start"] = Rejected("local", "start", said="line 3: no such task", reasons=("a", "b"))
    answer = await room.type("start database failover")
    assert answer.result == "failed"
    assert "line 3: no such task" in private_text(answer)
    assert "• a" in private_text(answer)
    assert answer.changed_runs == ("R1",)
    card = live_card(await room.run("R1"), room.services, NOW)
    assert plain_text(card.title) == "R1 Database failover was not started."
    assert "line 3: no such task" in plain_text(card.lines[0])
    assert not card.buttons, "the same would be refused again"


async def test_the_card_of_a_start_that_may_work_later_has_try_again(room: Room) -> None:
    room.platform.errors["start"] = Unreachable("local", "start")
    answer = await room.type("start database failover")
    assert button_labels(answer) == ["Try again", "Dismiss"]
    card = live_card(await room.run("R1"), room.services, NOW)
    assert plain_text(card.title) == "R1 Database failover was not started."
    assert [press.label for press in card.buttons] == ["Try again"]
    assert isinstance(card.buttons[0].intent, Retry)
    room.platform.errors.clear()
    again = await room.press(card.buttons[0], by=BEN)
    assert "R2 Database failover: started" in private_text(again)


async def test_an_unreachable_platform_starts_nothing(room: Room) -> None:
    room.platform.errors["runbooks"] = Unreachable("local", "runbooks")
    answer = await room.type("start database failover")
    assert "isn't responding" in private_text(answer)
    assert "Nothing was sent" in private_text(answer)
    assert button_labels(answer) == ["Try again"]
    assert not room.responder.posted_cards


async def test_a_start_with_an_unknown_outcome_keeps_its_card(room: Room) -> None:
    room.platform.errors["start"] = OutcomeUnknown("local", "start")
    answer = await room.type("start database failover")
    assert answer.result == "question"
    assert [press.label for press in answer.activity[0].buttons] == ["It was done", "Send it again"]
    card = live_card(await room.run("R1"), room.services, NOW)
    assert plain_text(card.title) == "The start of R1 Database failover isn't confirmed"
    shown = private_text(await room.type("show R1"))
    assert "local didn't confirm it (sent at " in shown
    assert "Don't start it again." in shown


async def test_a_second_start_within_ten_minutes_is_confirmed_first(room: Room) -> None:
    await room.start()
    answer = await room.type("start database failover", by=BEN)
    assert (
        "R1 Primary down in EU was started here from the same runbook less than 10 minutes ago."
        in private_text(answer)
    )
    assert button_labels(answer) == ["Start another", "Cancel"]
    assert answer.result == "question"
    assert len([step for step in room.platform.executed if step.startswith("start")]) == 1
    done = await room.press(find_button(answer, "Start another"), by=BEN)
    assert "Database failover: started" in private_text(done)


async def test_a_second_start_after_ten_minutes_is_not_confirmed(room: Room) -> None:
    await room.start()
    room.wait(minutes=11)
    assert "started" in private_text(await room.type("start database failover"))


async def test_a_start_that_alerts_people_is_confirmed_first(room: Room) -> None:
    room.platform.runbook_changes = {"alerts": "SMS to 12 people", "irreversible": True, "rehearsable": True}
    answer = await room.type("start database failover")
    assert private_text(answer).splitlines()[1:] == [
        "It has 4 tasks.",
        "It notifies people: SMS to 12 people.",
        "It can't be undone.",
    ]
    assert button_labels(answer) == ["Start live", "Rehearsal", "Cancel"]
    assert room.platform.executed == []
    assert private_text(await room.press(find_button(answer, "Cancel"))) == "Cancelled. Nothing changed."
    late = await room.press(find_button(answer, "Start live"), by=BEN)
    assert "Ana already handled this" in private_text(late)


async def test_a_rehearsal_is_not_confirmed(room: Room) -> None:
    room.platform.runbook_changes = {"alerts": "SMS to 12 people", "rehearsable": True}
    assert "started" in private_text(await room.type("start database failover --rehearsal"))


async def test_starting_the_title_of_an_active_run_shows_that_run(room: Room) -> None:
    await room.type("start database failover --name Primary down in EU")
    answer = await room.type("start primary down in eu")
    assert (
        "I can't find a runbook called “primary down in eu”, but the run R1 Primary down in EU is active"
        in private_text(answer)
    )
    assert not (await room.run("R1")).run.state.is_over
    assert [tracked.handle for tracked in await room.runs.active_heads()] == ["R1"]
    assert button_labels(answer) == ["Show R1"]


async def test_a_title_that_matches_several_runbooks_is_a_choice(room: Room) -> None:
    answer = await room.type("start a --name EU")
    assert answer.result == "failed"
    room.platform.runbook_changes = {"title": "Same"}
    answer = await room.type("start same --name EU")
    assert button_labels(answer) == ["Same (4 tasks)", "Same (2 tasks)"]
    room.platform.runbook_changes = {}
    assert answer.private is not None
    done = await room.press(answer.private.buttons[0])
    assert "EU: started" in private_text(done)


async def test_start_without_a_runbook_lists_them(room: Room) -> None:
    answer = await room.type("start")
    assert sorted(button_labels(answer)) == ["Database failover", "Third-party outage"]
    assert answer.result == "question"


async def test_a_misspelt_runbook_is_suggested_as_a_button(room: Room) -> None:
    answer = await room.type("start datbse failovr exercise")
    assert "I can't find a runbook called" in private_text(answer)
    assert "Database failover" in button_labels(answer)


async def test_an_unknown_platform_gets_the_list_of_platforms(room: Room) -> None:
    answer = await room.type("start failover --on jira")
    assert "I can't find a platform “jira”" in private_text(answer)
    assert "local" in private_text(answer)


async def test_a_start_that_is_repeated_after_a_crash_starts_no_second_run(room: Room) -> None:
    first = await room.type("start database failover", key="K1")
    room.platform.errors["runbooks"] = Unreachable("local", "runbooks")
    again = await room.repeat("K1")
    assert private_text(again) == private_text(first)
    assert len([step for step in room.platform.executed if step.startswith("start")]) == 1


async def test_a_start_that_was_done_in_part_continues_with_its_run(room: Room) -> None:
    room.platform.parts[Op.START] = ("copy", "start")
    room.platform.errors["start:start"] = Rejected(
        "local", "start", key="platform.forbidden", said="late", retry_with=("level=error",)
    )
    answer = await room.type("start database failover")
    assert "Only part of starting R1 went through: the copy" in private_text(answer)
    assert [line for line in activity_texts(answer) if "only part of starting R1 went through" in line]
    assert not [line for line in activity_texts(answer) if "Nothing" in line], "a copy was made"
    assert (await room.run("R1")).started
    room.platform.errors.clear()
    done = await room.press(find_button(answer, "Do it anyway"))
    assert "R1 Database failover: started" in private_text(done)
    assert list(room.runs.tracked) == ["R1"]


async def test_an_unknown_owner_is_refused_before_anything_is_sent(room: Room) -> None:
    answer = await room.type("start database failover --owner @zoe")
    assert "I can't find anyone called “@zoe” here" in private_text(answer)
    assert room.platform.executed == []


async def test_an_owner_who_could_not_read_the_run_is_asked_about_first(room: Room) -> None:
    room.memberships.outsiders.add((DAN.id, HERE.channel))
    question = await room.type("start Database failover --owner @dan", place=ON_SLACK)
    assert "Dan isn't in #inc-42 and will be able to see this run." in private_text(question)
    assert question.result == "question"
    started = await room.press(find_button(question, "Start it anyway"), place=ON_SLACK)
    assert started.result == "done"
    owner = (await room.run(started.changed_runs[0])).run.owner
    assert owner is not None
    assert owner.name == "Dan"
