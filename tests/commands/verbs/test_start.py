"""``start``: the card first, one run, and a refusal that the card tells too."""

from adapters.errors import OutcomeUnknown, Rejected, Unreachable
from adapters.writes import Op
from commands.cards.run_card import live_card
from commands.model.intents import Retry
from commands.text.catalogue import plain_text
from tests.commands.world import BEN, HERE, NOW, Room, button, labels, shown, traces

THREAD = HERE.model_copy(update={"thread": "t1"})


async def test_start_posts_its_card_and_binds_its_place(room: Room) -> None:
    answer = await room.type("start database failover --name Primary down in EU")
    assert shown(answer).startswith("R1 Primary down in EU: started. Receipt ")
    assert room.desk.opened == [("R1", "inc-42")]
    known = await room.run("R1")
    assert known.run.title == "R1 Primary down in EU"
    assert known.started
    assert len(known.run.tasks) == 4
    assert await room.runs.for_thread(HERE) == known
    assert traces(answer)[0].startswith("Ana started R1 Primary down in EU (")


async def test_a_start_in_a_thread_leaves_the_channel_to_the_run_that_has_it(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    first, second = await room.run("R1"), await room.run("R2")
    assert (await room.runs.for_thread(HERE)) == first
    assert (await room.runs.for_thread(THREAD)) == second


async def test_a_second_start_in_the_channel_does_not_take_the_channel(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage")
    assert (await room.runs.for_thread(HERE)) == await room.run("R1")


async def test_where_we_cannot_post_nothing_is_started(room: Room) -> None:
    room.desk.closed = True
    answer = await room.type("start database failover")
    assert shown(answer) == "I'm not in #inc-42. Nothing was done. Type /invite @liaison, then try again."
    assert labels(answer) == ["Try again"]
    assert room.platform.carried == []
    assert not (await room.runs.list_runs())
    room.desk.closed = False
    assert "started" in shown(await room.press(button(answer, "Try again")))


async def test_a_refused_start_is_told_by_its_card_with_try_again(room: Room) -> None:
    room.platform.raises["start"] = Rejected("local", "start", said="line 3: no such task", reasons=("a", "b"))
    answer = await room.type("start database failover")
    assert answer.result == "failed"
    assert "line 3: no such task" in shown(answer)
    assert "• a" in shown(answer)
    assert answer.changed_runs == ("R1",)
    card = live_card(await room.run("R1"), room.world, NOW)
    assert plain_text(card.title) == "R1 Database failover was not started."
    assert "line 3: no such task" in plain_text(card.lines[0])
    assert not card.buttons, "the same would be refused again"


async def test_a_start_that_may_pass_later_is_told_by_its_card_with_try_again(room: Room) -> None:
    room.platform.raises["start"] = Unreachable("local", "start")
    answer = await room.type("start database failover")
    assert labels(answer) == ["Try again", "Dismiss"]
    card = live_card(await room.run("R1"), room.world, NOW)
    assert plain_text(card.title) == "R1 Database failover was not started."
    assert [press.label for press in card.buttons] == ["Try again"]
    assert isinstance(card.buttons[0].intent, Retry)
    room.platform.raises.clear()
    again = await room.press(card.buttons[0], by=BEN)
    assert "R2 Database failover: started" in shown(again)


async def test_an_unreachable_platform_starts_nothing(room: Room) -> None:
    room.platform.raises["runbooks"] = Unreachable("local", "runbooks")
    answer = await room.type("start database failover")
    assert "isn't responding" in shown(answer)
    assert "Nothing was sent" in shown(answer)
    assert labels(answer) == ["Try again"]
    assert not room.desk.opened


async def test_an_unknown_start_keeps_its_card_and_its_place(room: Room) -> None:
    room.platform.raises["start"] = OutcomeUnknown("local", "start")
    answer = await room.type("start database failover")
    assert answer.result == "question"
    assert [press.label for press in answer.activity[0].buttons] == ["It was done", "Send it again"]
    card = live_card(await room.run("R1"), room.world, NOW)
    assert plain_text(card.title) == "Starting R1 Database failover…"


async def test_a_second_start_within_ten_minutes_asks_first(room: Room) -> None:
    await room.start()
    answer = await room.type("start database failover", by=BEN)
    assert "R1 Primary down in EU was started here from the same runbook less than 10 minutes ago." in shown(
        answer
    )
    assert labels(answer) == ["Start another", "Cancel"]
    assert answer.result == "question"
    assert len([one for one in room.platform.carried if one.startswith("start")]) == 1
    done = await room.press(button(answer, "Start another"), by=BEN)
    assert "Database failover: started" in shown(done)


async def test_ten_minutes_later_it_does_not_ask(room: Room) -> None:
    await room.start()
    room.wait(minutes=11)
    assert "started" in shown(await room.type("start database failover"))


async def test_a_start_that_reaches_people_asks_first(room: Room) -> None:
    room.platform.changes = {"alerts": "SMS to 12 people", "irreversible": True, "rehearsable": True}
    answer = await room.type("start database failover")
    assert shown(answer).splitlines()[1:] == [
        "It has 4 tasks.",
        "It notifies people: SMS to 12 people.",
        "It can't be undone.",
    ]
    assert labels(answer) == ["Start live", "Rehearsal", "Cancel"]
    assert room.platform.carried == []
    assert shown(await room.press(button(answer, "Cancel"))) == "Cancelled. Nothing changed."
    late = await room.press(button(answer, "Start live"), by=BEN)
    assert "Ana already handled this" in shown(late)


async def test_a_rehearsal_needs_no_question(room: Room) -> None:
    room.platform.changes = {"alerts": "SMS to 12 people", "rehearsable": True}
    assert "started" in shown(await room.type("start database failover --rehearsal"))


async def test_what_runs_already_is_shown_instead(room: Room) -> None:
    await room.type("start database failover --name Primary down in EU")
    answer = await room.type("start primary down in eu")
    assert (
        "I can't find a runbook called “primary down in eu”, but the run R1 Primary down in EU is active"
        in shown(answer)
    )
    assert not (await room.run("R1")).run.state.is_over
    assert [known.handle for known in await room.runs.list_runs()] == ["R1"]
    assert labels(answer) == ["Show R1"]


async def test_a_title_that_fits_several_runbooks_is_a_choice(room: Room) -> None:
    answer = await room.type("start a --name EU")
    assert answer.result == "failed"
    room.platform.changes = {"title": "Same"}
    answer = await room.type("start same --name EU")
    assert labels(answer) == ["Same (local)", "Same (local)"]
    room.platform.changes = {}
    assert answer.private is not None
    done = await room.press(answer.private.buttons[0])
    assert "EU: started" in shown(done)


async def test_start_alone_offers_the_runbooks(room: Room) -> None:
    answer = await room.type("start")
    assert sorted(labels(answer)) == ["Database failover", "Third-party outage"]
    assert answer.result == "question"


async def test_a_near_miss_is_a_guess_to_press(room: Room) -> None:
    answer = await room.type("start datbse failovr exercise")
    assert "I can't find a runbook called" in shown(answer)
    assert "Database failover" in labels(answer)


async def test_an_unknown_platform_is_named_with_those_there_are(room: Room) -> None:
    answer = await room.type("start failover --on jira")
    assert "I can't find a platform “jira”" in shown(answer)
    assert "local" in shown(answer)


async def test_carried_again_after_a_crash_it_starts_no_second_run(room: Room) -> None:
    first = await room.type("start database failover", key="K1")
    room.platform.raises["runbooks"] = Unreachable("local", "runbooks")
    again = await room.type("start database failover", key="K1")
    assert shown(again) == shown(first)
    assert len([one for one in room.platform.carried if one.startswith("start")]) == 1


async def test_a_start_that_was_done_in_part_keeps_its_run_and_goes_on_with_it(room: Room) -> None:
    room.platform.parts[Op.START] = ("copy", "start")
    room.platform.raises["start:start"] = Rejected(
        "local", "start", key="platform.forbidden", said="late", retry_with=("level=error",)
    )
    answer = await room.type("start database failover")
    assert "Only part of starting R1 went through: the copy" in shown(answer)
    assert [line for line in traces(answer) if "didn't go through" in line]
    assert not [line for line in traces(answer) if "Nothing" in line], "a copy was made"
    assert (await room.run("R1")).started
    room.platform.raises.clear()
    done = await room.press(button(answer, "Do it anyway"))
    assert "R1 Database failover: started" in shown(done)
    assert list(room.runs.kept) == ["R1"]


async def test_an_owner_is_found_before_anything_is_sent(room: Room) -> None:
    answer = await room.type("start database failover --owner @zoe")
    assert "I can't find anyone called “@zoe” here" in shown(answer)
    assert room.platform.carried == []
