"""Forms: opening, options, validation, and the filled form after a failure."""

import pytest

from adapters.errors import Unreachable
from adapters.protocol import Capability, Emulated, Unsupported
from adapters.writes import Op
from commands.forms.opening import form_for_line, open_form
from commands.forms.options import search_options
from commands.forms.submission import FormErrors, submit
from commands.model.card import Form
from commands.model.errors import CommandError, Missing
from commands.model.intents import OpenForm
from commands.registry import COMMANDS
from tests.commands.room import HERE, Room, button_labels, find_button, private_text

THREAD = HERE.model_copy(update={"thread": "t1"})


async def opened(room: Room, about: str, **fill: str) -> Form:
    request = OpenForm.model_validate({"about": about, "run": fill.pop("run", ""), "fill": fill})
    return await open_form(request, HERE, room.services)


def values(form: Form) -> dict[str, str]:
    return {field.name: field.value for field in form.fields}


async def test_a_form_is_for_the_run_of_the_channel(room: Room) -> None:
    await room.start()
    form = await opened(room, "status", text="so far")
    assert (form.run, form.title) == ("R1", "Update status")
    assert values(form) == {"health": "", "text": "so far", "next": ""}


async def test_a_form_asks_for_the_run_if_there_are_several(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    form = await opened(room, "comment")
    assert form.run == ""
    assert [option.value for option in form.fields[0].options] == ["R1", "R2"]
    assert submit("comment", "", {"run": "R2", "text": "hello", "task": ""}, COMMANDS) == {
        "verb": "comment", "run": "R2", "options": {}, "text": "hello", "task": "",
    }  # fmt: skip
    assert submit("comment", "", {"run": "", "text": "hello"}, COMMANDS) == FormErrors(
        {"run": "This field is required."}
    )


async def test_a_form_cannot_open_without_a_run(room: Room) -> None:
    with pytest.raises(Missing):
        await opened(room, "more")


async def test_a_form_is_filled_with_the_task_it_was_opened_for(room: Room) -> None:
    await room.start()
    form = await opened(room, "comment", run="R1", task="T2")
    task = form.fields[1]
    assert (task.kind, task.value) == ("search", "T2")
    assert task.options[0].label.startswith("T2 Page the DBA")


async def test_tasks_are_searched_by_handle_and_title_with_open_ones_first(room: Room) -> None:
    await room.start()
    await room.type("finish T1")
    found = await search_options("R1", "task", "", room.services)
    assert [option.value for option in found] == ["T2", "T3", "T4", "T1"]
    assert [option.value for option in await search_options("R1", "task", "t3", room.services)] == ["T3"]
    assert [option.value for option in await search_options("R1", "task", "replica", room.services)] == ["T3"]


async def test_runbooks_are_searched_and_a_failing_platform_gives_an_empty_list(room: Room) -> None:
    found = await search_options("", "runbook", "fail", room.services)
    assert [(one.value, one.label) for one in found] == [("local:failover.md", "Database failover (local)")]
    room.platform.errors["runbooks"] = Unreachable("local", "runbooks")
    assert await search_options("", "runbook", "fail", room.services) == []


async def test_each_verb_of_the_more_form_works(room: Room) -> None:
    await room.start()
    for do in ("begin", "hold", "comment", "status", "assign", "finish", "reopen", "skip", "add", "end"):
        read = submit("more", "R1", {"do": do, "task": "T1", "text": "some words", "person": "@ben"}, COMMANDS)
        assert not isinstance(read, FormErrors), do
        answer = await room.submit(read)
        assert answer.result in ("done", "question"), (do, private_text(answer))


@pytest.mark.parametrize(
    ("do", "missing"),
    [
        ("finish", {"task"}),
        ("hold", {"task", "text"}),
        ("assign", {"task", "person"}),
        ("comment", {"text"}),
        ("add", {"text"}),
        ("status", {"text"}),
        ("end", set()),
        ("", {"do"}),
        ("dance", {"do"}),
    ],
)
def test_a_missing_value_is_reported_at_its_field(do: str, missing: set[str]) -> None:
    read = submit("more", "R1", {"do": do, "task": "", "text": "", "person": ""}, COMMANDS)
    assert (set(read.errors) if isinstance(read, FormErrors) else set()) == missing


def test_lengths_choices_and_due_times_are_checked() -> None:
    read = submit("status", "R1", {"text": "x" * 3001, "next": "soon", "health": "blue"}, COMMANDS)
    assert isinstance(read, FormErrors)
    assert set(read.errors) == {"text", "next", "health"}
    assert "Use at most 3000 characters." in read.errors["text"]
    assert "soon" in read.errors["next"]
    assert isinstance(submit("nonsense", "R1", {"text": "x"}, COMMANDS), FormErrors)


async def test_a_failed_submission_offers_the_filled_form(room: Room) -> None:
    await room.start()
    room.platform.errors["status"] = Unreachable("local", "status")
    read = submit("status", "R1", {"health": "amber", "text": "a long text", "next": "30m"}, COMMANDS)
    assert not isinstance(read, FormErrors)
    answer = await room.submit(read)
    assert button_labels(answer) == ["Try again", "Dismiss"]
    again = find_button(answer, "Try again").intent
    assert isinstance(again, OpenForm)
    form = await open_form(again, HERE, room.services)
    assert (form.about, form.run) == ("status", "R1")
    assert values(form) == {"health": "amber", "text": "a long text", "next": "30m"}


@pytest.mark.parametrize(
    ("values", "about"),
    [
        ({"do": "hold", "task": "T1", "text": "why", "person": ""}, "more"),
        ({"do": "finish", "task": "T1", "text": "note", "person": ""}, "more"),
        ({"do": "end", "task": "", "text": "over", "person": ""}, "more"),
        ({"title": "Check DNS", "person": "@ben", "stage": "Triage"}, "add"),
        ({"text": "hello", "task": "T2"}, "comment"),
        ({"runbook": "local:failover.md", "name": "EU", "owner": "@ben", "rehearsal": "yes"}, "start"),
    ],
)
async def test_a_retried_form_has_the_submitted_values(room: Room, values: dict[str, str], about: str) -> None:
    await room.start()
    run = "" if about == "start" else "R1"
    read = submit(about, run, values, COMMANDS)
    assert not isinstance(read, FormErrors)
    room.messages.intents["K"] = read
    form = await open_form(OpenForm(about="retry", fill={"key": "K"}), HERE, room.services)
    assert form.about == about
    assert {field.name: field.value for field in form.fields} == values


async def test_a_form_for_a_message_that_is_not_stored_cannot_open(room: Room) -> None:
    with pytest.raises(CommandError):
        await open_form(OpenForm(about="retry", fill={"key": "gone"}), HERE, room.services)


def test_a_line_with_only_a_verb_opens_its_form(room: Room) -> None:
    requests = {
        text: form_for_line(text, room.services)
        for text in ("start", "comment", "add", "status", "finish T1", "x")
    }
    assert {text: form.about for text, form in requests.items() if form} == {
        "start": "start", "comment": "comment", "add": "add",
    }  # fmt: skip


async def test_the_more_form_offers_only_supported_verbs(room: Room) -> None:
    await room.start()
    can: dict[Op, Capability] = {Op.SKIP: Unsupported("Skip it there."), Op.REOPEN: Unsupported("Add a new task.")}
    room.platform.capabilities = {**room.platform.capabilities, **can, Op.HOLD: Emulated("saved in Liaison only")}
    verbs = [option.value for option in (await opened(room, "more")).fields[0].options]
    assert {"finish", "begin", "hold", "end"} <= set(verbs)
    assert not {"skip", "reopen"} & set(verbs)
    await room.type("hold T1 vendor is asleep")
    assert "reopen" in [option.value for option in (await opened(room, "more")).fields[0].options]
