"""``do``: what a platform offers is listed, asked about, and carried once."""

import pytest

from adapters.errors import OutcomeUnknown, Unreachable
from adapters.models import PlatformAction
from adapters.protocol import Native
from adapters.writes import Op
from commands.cards.run_card import live_card
from commands.forms.opening import open_form
from commands.model.card import Link
from commands.model.intents import DoAction, OpenForm
from commands.model.ports import AccessRules
from tests.commands.world import BEN, EVE, HERE, Room, button, labels, shown, traces

# The sentences of an offer are the adapter's own: these are some that the local catalogue finds in ours.
FLAG = PlatformAction(id="flag:1", label="form.do_end", warning="said.nothing_changed", note="run.rehearsal")
PAGE = PlatformAction(id="page:1", label="button.mine", link="https://tines.example/pages/form")


@pytest.fixture
async def offering(room: Room) -> Room:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.ACTION: Native()}
    first = (await room.run("R1")).run.tasks[0].id
    task = PlatformAction(id="run:1", label="button.command", task=first)
    room.platform.offered = (FLAG, task, PAGE)
    return room


async def test_alone_it_lists_what_is_offered(offering: Room) -> None:
    answer = await offering.type("do")
    assert shown(answer).splitlines()[:3] == [
        "What Local runbooks offers for R1 Primary down in EU",
        "End the run   a rehearsal",
        "T1 Run its command",
    ]
    assert labels(answer) == ["End the run", "T1 Run its command"]
    assert answer.private is not None
    assert answer.private.lines[2] == (Link("My tasks", PAGE.link),)
    assert answer.result == "done"
    assert offering.platform.carried == ["start"]


@pytest.mark.parametrize("line", ["do end the run", "press END THE", "do R1 end the run", "do flag:1"])
async def test_it_asks_first_and_then_does_it_once(offering: Room, line: str) -> None:
    asked = await offering.type(line)
    assert asked.result == "question"
    assert shown(asked) == ("Do “End the run” for R1 Primary down in EU? Nothing changed. Nothing was done yet.")
    assert labels(asked) == ["Do it", "Cancel"]
    assert offering.platform.carried == ["start"]
    done = await offering.press(button(asked, "Do it"), by=BEN)
    assert shown(done).startswith("R1 Primary down in EU: “End the run” is done. Receipt ")
    assert traces(done)[0].startswith("Ben pressed “End the run” on R1 Primary down in EU (")
    assert offering.platform.carried == ["start", "do"]
    again = await offering.press(button(asked, "Do it"))
    assert "has done that already" in shown(again)
    assert offering.platform.carried == ["start", "do"]


async def test_cancelled_nothing_is_done(offering: Room) -> None:
    asked = await offering.press(button(await offering.type("do"), "End the run"))
    assert "Nothing changed" in shown(await offering.press(button(asked, "Cancel")))
    assert offering.platform.carried == ["start"]


async def test_what_is_about_a_task_names_it(offering: Room) -> None:
    asked = await offering.press(button(await offering.type("do"), "T1 Run its command"))
    assert shown(asked).startswith("Do “T1 Run its command” for R1 ")
    done = await offering.press(button(asked, "Do it"))
    assert shown(done).startswith("T1 Confirm the primary is down: “Run its command” is done.")
    assert (await offering.type("do T1")).result == "question"


async def test_once_confirmed_the_platform_is_not_asked_again_what_there_is(offering: Room) -> None:
    asked = await offering.type("do end the run")
    offering.platform.raises["offers"] = Unreachable("local", "offers")
    assert (await offering.press(button(asked, "Do it"))).result == "done"


async def test_no_answer_is_not_called_done(offering: Room) -> None:
    asked = await offering.type("do end the run")
    offering.platform.raises["do"] = OutcomeUnknown("local", "do")
    answer = await offering.press(button(asked, "Do it"))
    assert answer.result == "question"
    assert "“End the run” on R1" in shown(answer)
    assert [press.label for press in answer.activity[0].buttons] == ["It is there", "Write it again"]


async def test_a_page_is_only_shown(offering: Room) -> None:
    answer = await offering.type("do my tasks")
    assert shown(answer).startswith("That is a page: My tasks")
    assert (answer.result, offering.platform.carried) == ("done", ["start"])


async def test_a_name_that_is_not_offered(offering: Room) -> None:
    answer = await offering.type("do make coffee")
    assert shown(answer) == "“make coffee” is not offered for R1 Primary down in EU. Nothing changed."
    assert labels(answer) == ["End the run", "T1 Run its command"]


async def test_several_of_one_name_are_told_apart_by_their_buttons(offering: Room) -> None:
    offering.platform.offered = (FLAG, FLAG.model_copy(update={"id": "flag:2"}))
    answer = await offering.type("do end the run")
    assert answer.result == "question"
    assert answer.private is not None
    assert [press.intent for press in answer.private.buttons] == [
        DoAction(run="R1", action="flag:1"),
        DoAction(run="R1", action="flag:2"),
    ]


async def test_more_than_five_are_done_by_name(offering: Room) -> None:
    offering.platform.offered = tuple(FLAG.model_copy(update={"id": f"flag:{n}"}) for n in range(7))
    answer = await offering.type("do")
    assert len(labels(answer)) == 5
    assert shown(answer).endswith("For the others: /run do NAME")


async def test_nothing_is_offered_now(offering: Room) -> None:
    offering.platform.offered = ()
    assert "offers nothing more to do for R1" in shown(await offering.type("do"))


async def test_where_a_platform_has_no_such_thing_it_is_neither_done_nor_named(room: Room) -> None:
    await room.start()
    answer = await room.type("do something")
    assert "offers nothing more to do from here. Nothing changed; write it into the runbook" in shown(answer)
    assert "/run do" not in shown(await room.type("help"))
    form = await open_form(OpenForm(run="R1", about="more"), HERE, room.world)
    assert "do" not in [option.value for option in form.fields[0].options]


async def test_where_it_has_it_help_and_the_form_name_it(offering: Room) -> None:
    assert "/run do [WHAT]" in shown(await offering.type("help"))
    form = await open_form(OpenForm(run="R1", about="more"), HERE, offering.world)
    assert "do" in [option.value for option in form.fields[0].options]
    assert labels(await offering.submit({"verb": "do", "run": "R1"})) == ["End the run", "T1 Run its command"]


async def test_everybody_may_look_and_not_press(offering: Room) -> None:
    menu = await offering.type("do", by=EVE)
    assert labels(menu) == ["End the run", "T1 Run its command"]
    assert "may look" in shown(await offering.press(button(menu, "End the run"), by=EVE))
    asked = await offering.type("do end the run")
    offering.allow(AccessRules(write=["@ana"]))
    assert "Nothing changed" in shown(await offering.press(button(asked, "Do it"), by=BEN))
    assert offering.platform.carried == ["start"]


async def test_two_runs_in_one_place_write_nothing_unnamed(offering: Room) -> None:
    await offering.type("start Third-party outage", place=HERE.model_copy(update={"thread": "t2"}))
    asked = await offering.type("do end the run")
    assert "Several runs are active here" in shown(asked)
    assert offering.platform.carried == ["start", "start"]


async def test_the_platforms_own_button_stands_on_the_live_card_and_asks_first(offering: Room) -> None:
    offering.platform.of_run = {"own_buttons": ("End the run",)}
    known = await offering.runs.refresh("R1")
    card = live_card(known, offering.world, offering.now())
    assert [press.label for press in card.buttons][-2:] == ["More…", "End the run"]
    asked = await offering.press(card.buttons[-1])
    assert shown(asked).startswith("Do “End the run” for R1 Primary down in EU?")
    assert offering.platform.carried == ["start"]


async def test_several_of_them_stand_behind_one_button(offering: Room) -> None:
    offering.platform.of_run = {"own_buttons": ("End the run", "Restart service")}
    known = await offering.runs.refresh("R1")
    card = live_card(known, offering.world, offering.now())
    assert card.buttons[-1].label == "2 other actions…"
    assert "End the run" in labels(await offering.press(card.buttons[-1]))
