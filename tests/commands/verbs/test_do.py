"""``do``: the actions of a platform are listed, confirmed, and executed once."""

import pytest

from adapters.errors import OutcomeUnknown, Unreachable
from adapters.models import PlatformAction
from adapters.protocol import Native, Unsupported
from adapters.writes import Op
from commands.cards.run_card import live_card
from commands.model.access_rules import AccessRules
from commands.model.card import Answer, Link
from commands.model.intents import DoAction
from commands.text.error_text import capability_text
from tests.commands.room import BEN, EVE, HERE, Room, activity_texts, button_labels, find_button, private_text

# An action's texts are in the adapter's catalogue. The local adapter has none, so these keys are of commands.
FLAG = PlatformAction(id="flag:1", label="form.title_end", warning="nothing.changed", note="run.rehearsal")
PAGE = PlatformAction(id="page:1", label="button.mine", link="https://tines.example/pages/form")


@pytest.fixture
async def acting(room: Room) -> Room:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.ACTION: Native()}
    first = (await room.run("R1")).run.tasks[0].id
    task = PlatformAction(id="run:1", label="button.command", task=first)
    room.platform.offered_actions = (FLAG, task, PAGE)
    return room


async def test_do_without_a_name_lists_the_actions(acting: Room) -> None:
    answer = await acting.type("do")
    assert private_text(answer).splitlines()[:3] == [
        "Local runbooks actions for R1 Primary down in EU",
        "End the run   rehearsal",
        "T1 Run the command",
    ]
    assert button_labels(answer) == ["End the run", "T1 Run the command"]
    assert answer.private is not None
    assert answer.private.lines[2] == (Link("My tasks", PAGE.link),)
    assert answer.result == "done"
    assert acting.platform.executed == ["start"]


@pytest.mark.parametrize("line", ["do end the run", "press END THE", "do R1 end the run", "do flag:1"])
async def test_an_action_is_confirmed_first_and_then_executed_once(acting: Room, line: str) -> None:
    asked = await acting.type(line)
    assert asked.result == "question"
    assert private_text(asked) == ("Go ahead with “End the run” on R1 Primary down in EU? Nothing changed.")
    assert button_labels(asked) == ["Go ahead", "Cancel"]
    assert acting.platform.executed == ["start"]
    done = await acting.press(find_button(asked, "Go ahead"), by=BEN)
    assert private_text(done).startswith("R1 Primary down in EU: “End the run” done. Receipt ")
    assert activity_texts(done)[0].startswith("Ben used “End the run” on R1 Primary down in EU (")
    assert acting.platform.executed == ["start", "do"]
    again = await acting.press(find_button(asked, "Go ahead"))
    assert "already handled this" in private_text(again)
    assert acting.platform.executed == ["start", "do"]


async def test_a_cancelled_action_is_not_executed(acting: Room) -> None:
    asked = await acting.press(find_button(await acting.type("do"), "End the run"))
    assert "Nothing changed" in private_text(await acting.press(find_button(asked, "Cancel")))
    assert acting.platform.executed == ["start"]


async def test_an_action_on_a_task_names_the_task(acting: Room) -> None:
    asked = await acting.press(find_button(await acting.type("do"), "T1 Run the command"))
    assert private_text(asked).startswith("Go ahead with “T1 Run the command” on R1 ")
    done = await acting.press(find_button(asked, "Go ahead"))
    assert private_text(done).startswith("T1 Confirm the primary is down: “Run the command” done.")
    assert (await acting.type("do T1")).result == "question"


async def test_a_confirmed_action_does_not_list_the_actions_again(acting: Room) -> None:
    asked = await acting.type("do end the run")
    acting.platform.errors["actions"] = Unreachable("local", "offers")
    assert (await acting.press(find_button(asked, "Go ahead"))).result == "done"


async def test_an_action_without_a_response_is_not_reported_as_done(acting: Room) -> None:
    asked = await acting.type("do end the run")
    acting.platform.errors["do"] = OutcomeUnknown("local", "do")
    answer = await acting.press(find_button(asked, "Go ahead"))
    assert answer.result == "question"
    assert "“End the run” on R1" in private_text(answer)
    assert [press.label for press in answer.activity[0].buttons] == ["It was done", "Send it again"]


async def test_an_action_that_is_a_page_is_only_linked(acting: Room) -> None:
    answer = await acting.type("do my tasks")
    assert private_text(answer).startswith("This action opens a page: My tasks")
    assert (answer.result, acting.platform.executed) == ("done", ["start"])


async def test_an_unknown_action_gets_the_list_of_actions(acting: Room) -> None:
    answer = await acting.type("do make coffee")
    assert private_text(answer) == "I can't find an action “make coffee” for R1 Primary down in EU."
    assert button_labels(answer) == ["End the run", "T1 Run the command"]


async def test_actions_with_the_same_name_are_chosen_by_button(acting: Room) -> None:
    acting.platform.offered_actions = (FLAG, FLAG.model_copy(update={"id": "flag:2"}))
    answer = await acting.type("do end the run")
    assert answer.result == "question"
    assert answer.private is not None
    assert [press.intent for press in answer.private.buttons] == [
        DoAction(run="R1", action="flag:1"),
        DoAction(run="R1", action="flag:2"),
    ]


async def test_only_five_actions_have_a_button(acting: Room) -> None:
    acting.platform.offered_actions = tuple(FLAG.model_copy(update={"id": f"flag:{n}"}) for n in range(7))
    answer = await acting.type("do")
    assert len(button_labels(answer)) == 5
    assert private_text(answer).endswith("To use one of the others, type /run do NAME")


async def test_a_run_without_actions_says_so(acting: Room) -> None:
    acting.platform.offered_actions = ()
    assert "has no other actions for R1" in private_text(await acting.type("do"))


async def test_do_is_hidden_and_refused_where_the_platform_has_no_actions(room: Room) -> None:
    await room.start()
    answer = await room.type("do something")
    capability = room.platform.capabilities[Op.ACTION]
    assert isinstance(capability, Unsupported)
    instead = capability_text(capability.alternative, "local", room.services)
    assert private_text(answer) == f"There are no other actions on Local runbooks. {instead}"
    assert "/run do" not in private_text(await room.type("help all"))


async def test_do_is_in_help_where_the_platform_has_actions(acting: Room) -> None:
    assert "/run do [WHAT]" in private_text(await acting.type("help all"))
    assert button_labels(await acting.submit({"verb": "do", "run": "R1"})) == ["End the run", "T1 Run the command"]


async def test_everybody_can_list_the_actions_but_not_execute_them(acting: Room) -> None:
    menu = await acting.type("do", by=EVE)
    assert button_labels(menu) == ["End the run", "T1 Run the command"]
    assert "Guests can view runs but can't change runs." in private_text(
        await acting.press(find_button(menu, "End the run"), by=EVE)
    )
    asked = await acting.type("do end the run")
    acting.allow(AccessRules(write=["@ana"]))
    assert "Nothing changed" in private_text(await acting.press(find_button(asked, "Go ahead"), by=BEN))
    assert acting.platform.executed == ["start"]


async def test_an_action_with_several_runs_in_the_channel_asks_which(acting: Room) -> None:
    await acting.type("start Third-party outage", place=HERE.model_copy(update={"thread": "t2"}))
    asked = await acting.type("do end the run")
    assert "Several runs are active here" in private_text(asked)
    assert acting.platform.executed == ["start", "start"]


async def test_a_button_of_the_platform_is_on_the_live_card_and_asks_first(acting: Room) -> None:
    acting.platform.run_changes = {"own_buttons": ("End the run",)}
    tracked = await acting.runs.refresh("R1")
    card = live_card(tracked, acting.services, acting.now())
    asked = await acting.press(find_button(Answer(private=card), "End the run"))
    assert private_text(asked).startswith("Go ahead with “End the run” on R1 Primary down in EU?")
    assert acting.platform.executed == ["start"]


async def test_several_buttons_of_the_platform_share_one_on_the_live_card(acting: Room) -> None:
    acting.platform.run_changes = {"own_buttons": ("End the run", "Restart service")}
    tracked = await acting.runs.refresh("R1")
    card = live_card(tracked, acting.services, acting.now())
    several = find_button(Answer(private=card), "2 other actions…")
    assert "End the run" in button_labels(await acting.press(several))


FIELDS = PlatformAction(id="fields", label="menu.more", inputs=("region", "owner"))


async def test_an_action_that_takes_values_asks_for_them_and_passes_them_on(acting: Room) -> None:
    acting.platform.offered_actions = (FLAG, FIELDS)
    asked = await acting.type("do fields")
    assert "needs a value for region, owner. For example: /run do More… --set region=…" in private_text(asked)
    asked = await acting.type("do fields --set region=eu --set owner=ana")
    assert private_text(asked).startswith("Go ahead with “More… (region=eu, owner=ana)” on R1")
    done = await acting.press(find_button(asked, "Go ahead"))
    assert "“More… (region=eu, owner=ana)” done" in private_text(done)
    assert acting.platform.step_options[-1] == {"region": "eu", "owner": "ana"}


async def test_an_action_without_values_refuses_them(acting: Room) -> None:
    refused = await acting.type("do end the run --set region=eu")
    assert private_text(refused).startswith("“End the run” doesn't take values. Leave out --set.")
    assert acting.platform.executed == ["start"]


FAILING = PlatformAction(id="fail", label="menu.more", takes_note=True)


async def test_an_action_takes_the_persons_own_words(acting: Room) -> None:
    acting.platform.offered_actions = (FLAG, FAILING)
    asked = await acting.type("do more --note the disk is broken")
    assert private_text(asked) == "Go ahead with “More… (the disk is broken)” on R1 Primary down in EU?"
    assert "To add your own words, use --note." in private_text(await acting.type("do more"))
    await acting.press(find_button(asked, "Go ahead"))
    assert acting.platform.step_options[-1] == {"note": "the disk is broken"}
    refused = await acting.type("do end the run --note because")
    assert private_text(refused).startswith("“End the run” doesn't take a note. Leave out --note.")
