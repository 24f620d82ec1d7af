"""Forms: what they ask for, who may open them, validation, and the filled form after a failure."""

from dataclasses import replace

import pytest

from adapters.errors import Unreachable
from adapters.models import RunbookInput
from adapters.protocol import Capability, Emulated, Unsupported
from adapters.writes import Op
from commands.forms.known_runbooks import KnownRunbooks
from commands.forms.opening import form_for_line, open_form
from commands.forms.options import search_options
from commands.forms.submission import FormErrors, submit
from commands.model.access_rules import AccessRules
from commands.model.card import Field, Form
from commands.model.errors import Ambiguous, CommandError, Missing, NotAllowed, Stale
from commands.model.intents import OpenForm
from commands.model.messages import Actor
from commands.registry import COMMANDS
from commands.text.catalogue import plain_text
from tests.commands.room import ANA, EVE, HERE, Room, button_labels, find_button, private_text

THREAD = HERE.model_copy(update={"thread": "t1"})
TASK_VERBS = ("finish", "begin", "skip", "hold", "reopen", "assign", "approve", "reject")


async def opened(room: Room, about: str, *, by: Actor = ANA, **fill: str) -> Form:
    request = OpenForm.model_validate({"about": about, "run": fill.pop("run", ""), "fill": fill})
    return await open_form(request, by, HERE, room.services)


def values(form: Form) -> dict[str, str]:
    return {field.name: field.value for field in form.fields}


def field_of(form: Form, name: str) -> Field:
    return next(field for field in form.fields if field.name == name)


async def test_the_status_form_shows_the_present_status_and_is_filled_with_it(room: Room) -> None:
    await room.start()
    form = await opened(room, "status")
    assert (form.run, form.title, form.submit) == ("R1", "Update status", "Post update")
    assert [plain_text(line) for line in form.intro] == ["For R1 Primary down in EU.", "No status update yet."]
    assert values(form) == {"health": "", "text": "", "soon": "off", "next": ""}
    await room.type("status amber replica lagging --next 30m")
    form = await opened(room, "status")
    assert "replica lagging" in plain_text(form.intro[1])
    assert values(form) == {"health": "amber", "text": "", "soon": "30m", "next": ""}
    health = field_of(form, "health")
    assert health.kind == "radio"
    assert [option.label for option in health.options] == [
        "🟢 Green: under control", "🟠 Amber: at risk", "🔴 Red: users affected",
    ]  # fmt: skip


async def test_the_status_form_keeps_an_update_that_was_promised_for_a_clock_time(room: Room) -> None:
    """Posting it as it is would otherwise drop the promise."""
    await room.start()
    await room.type("status amber replica lags --next tomorrow 9am")
    kept = values(await opened(room, "status"))
    assert (kept["soon"], kept["next"]) == ("off", "2026-05-05 09:00")


@pytest.mark.parametrize(
    ("soon", "at", "due"), [("15m", "", "15m"), ("off", "", "off"), ("off", "14:30", "14:30"), ("", "", "")]
)
def test_a_time_replaces_the_choice_of_the_next_update(soon: str, at: str, due: str) -> None:
    read = submit("status", "R1", {"health": "", "text": "so far", "soon": soon, "next": at}, COMMANDS)
    assert not isinstance(read, FormErrors)
    assert read["next"] == due


async def test_a_form_asks_for_the_run_first_if_there_are_several(room: Room) -> None:
    await room.start()
    await room.type("start Third-party outage", place=THREAD)
    form = await opened(room, "comment")
    assert form.run == ""
    run = form.fields[0]
    assert ([option.value for option in run.options], run.refreshes) == (["R1", "R2"], True)
    assert [field.name for field in form.fields] == ["run", "text"]
    assert (await opened(room, "comment", run="R2")).run == "R2"
    chosen = await open_form(OpenForm(about="comment", fill={"run": "R2", "text": "x"}), ANA, HERE, room.services)
    assert (chosen.run, values(chosen)) == ("R2", {"text": "x", "task": ""})
    assert submit("comment", "", {"run": "R2", "text": "hello", "task": ""}, COMMANDS) == {
        "verb": "comment", "run": "R2", "options": {}, "text": "hello", "task": "",
    }  # fmt: skip
    assert submit("comment", "", {"run": "", "text": "hello"}, COMMANDS) == FormErrors(
        {"run": "This field is required."}
    )


async def test_a_form_cannot_open_without_a_run(room: Room) -> None:
    with pytest.raises(Missing):
        await opened(room, "hold")


async def test_rights_are_checked_before_a_form_opens(room: Room) -> None:
    await room.start()
    for about in ("status", "hold", "end", "start", "more"):
        with pytest.raises(NotAllowed):
            await opened(room, about, by=EVE, run="" if about == "start" else "R1")
    room.allow(AccessRules(end=("ben",)))
    with pytest.raises(NotAllowed):
        await opened(room, "end", run="R1")


async def test_a_form_that_could_only_fail_does_not_open(room: Room) -> None:
    await room.start()
    with pytest.raises(Missing, match=r"task\.none_to"):
        await opened(room, "reopen", run="R1")
    can: dict[Op, Capability] = {Op.SKIP: Unsupported("Skip it there.")}
    room.platform.capabilities = {**room.platform.capabilities, **can}
    with pytest.raises(CommandError, match=r"said\.unsupported"):
        await opened(room, "skip", run="R1")
    await room.type("end --yes")
    with pytest.raises(Stale):
        await opened(room, "status", run="R1")


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


async def test_only_tasks_that_the_verb_fits_are_offered(room: Room) -> None:
    await room.start()
    await room.type("finish T1")
    for about, fitting in {"reopen": ["T1"], "skip": ["T2", "T3", "T4"], "begin": ["T2"]}.items():
        found = await search_options("R1", "task", "", room.services, about=about)
        assert [option.value for option in found] == fitting, about


async def test_tasks_are_searched_by_a_short_word_or_number_of_their_titles(room: Room) -> None:
    """From the first character that somebody types."""
    await room.start()
    await room.type("add Reboot host 199")
    for query, found in (("199", ["T5"]), ("dba", ["T2"]), ("p", ["T1", "T2"])):
        options = await search_options("R1", "task", query, room.services, about="finish")
        assert sorted(option.value for option in options) == found, query


async def test_runbooks_are_searched_and_a_failing_platform_gives_an_empty_list(room: Room) -> None:
    found = await search_options("", "runbook", "fail", room.services)
    assert [(one.value, one.label) for one in found] == [("local:failover.md", "Database failover (local)")]
    room.platform.errors["runbooks"] = Unreachable("local", "runbooks")
    assert await search_options("", "runbook", "fail", room.services) == []


async def test_a_platform_that_is_slow_or_away_keeps_no_form_waiting(room: Room) -> None:
    known = KnownRunbooks()

    async def titles(query: str = "") -> list[str]:
        found = await search_options("", "runbook", query, room.services, known=known)
        return [option.label for option in found]

    everything = ["Database failover (local)", "Third-party outage (local)"]
    assert sorted(await titles()) == everything
    room.platform.errors["runbooks"] = Unreachable("local", "runbooks")
    assert sorted(await titles()) == everything
    assert await titles("fail") == everything[:1]


async def test_the_start_form_is_filled_except_for_the_runbook(room: Room) -> None:
    form = await opened(room, "start")
    assert values(form) == {"runbook": "", "name": "", "owner": "U1", "channel": "inc-42", "rehearsal": "no"}
    assert (field_of(form, "owner").shown, field_of(form, "channel").shown) == ("Ana", "#inc-42")
    assert field_of(form, "runbook").refreshes
    direct = HERE.model_copy(update={"direct": True})
    form = await open_form(OpenForm(about="start"), ANA, direct, room.services)
    assert values(form)["channel"] == ""


async def test_the_start_form_asks_for_the_values_of_the_chosen_runbook(room: Room) -> None:
    room.platform.runbook_changes = {
        "inputs": (
            RunbookInput(name="region", options=("eu-1", "us-1")),
            RunbookInput(name="lag", title="Lag (s)"),
        )
    }
    form = await opened(room, "start", runbook="local:failover.md", name="EU")
    assert [field.name for field in form.fields] == [
        "runbook", "set.region", "set.lag", "name", "owner", "channel", "rehearsal",
    ]  # fmt: skip
    assert field_of(form, "runbook").options[0].label == "Database failover (local)"
    region, lag = field_of(form, "set.region"), field_of(form, "set.lag")
    assert ([option.value for option in region.options], lag.label) == (["eu-1", "us-1"], "Lag (s)")
    submitted = {"runbook": "local:failover.md", "set.region": "eu-1", "set.lag": ""}
    assert submit("start", "", submitted, COMMANDS) == FormErrors({"set.lag": "This field is required."})
    read = submit("start", "", {**submitted, "set.lag": "40", "channel": "ops"}, COMMANDS)
    assert not isinstance(read, FormErrors)
    assert (read["values"], read["channel"]) == ({"region": "eu-1", "lag": "40"}, "ops")


async def test_a_run_belongs_to_the_channel_that_was_chosen(room: Room) -> None:
    read = submit("start", "", {"runbook": "local:failover.md", "channel": "other"}, COMMANDS)
    assert not isinstance(read, FormErrors)
    await room.submit(read)
    there = HERE.model_copy(update={"channel": "other", "channel_name": ""})
    assert await room.services.runs.for_channel(HERE) == []
    assert [tracked.handle for tracked in await room.services.runs.for_channel(there)] == ["R1"]


async def test_a_run_cannot_be_put_where_runs_are_not_allowed(room: Room) -> None:
    room.allow(AccessRules(places=("inc-42",)))
    read = submit("start", "", {"runbook": "local:failover.md", "channel": "other"}, COMMANDS)
    assert not isinstance(read, FormErrors)
    assert (await room.submit(read)).result == "failed"


async def test_each_form_of_a_task_does_what_its_verb_does(room: Room) -> None:
    await room.start()
    given = {"task": "T1", "note": "by hand", "reason": "some words", "person": "@ben"}
    for about in ("begin", "hold", "assign", "finish", "reopen", "skip"):
        form = await opened(room, about, run="R1", task="T1")
        read = submit(about, "R1", {name: given.get(name, "") for name in values(form)}, COMMANDS)
        assert not isinstance(read, FormErrors), about
        answer = await room.submit(read)
        assert answer.result == "done", (about, private_text(answer))


async def test_the_end_form_has_a_box_to_tick_while_tasks_are_open(room: Room) -> None:
    await room.start()
    form = await opened(room, "end", run="R1")
    sure = field_of(form, "sure")
    assert (sure.kind, sure.options[0].label, sure.hint) == ("check", "End it with 4 open tasks", "T1, T2, T3, T4")
    assert submit("end", "R1", {"text": "over", "sure": ""}, COMMANDS) == FormErrors(
        {"sure": "This field is required."}
    )
    read = submit("end", "R1", {"text": "over", "sure": "yes"}, COMMANDS)
    assert not isinstance(read, FormErrors)
    assert (await room.submit(read)).result == "done"


@pytest.mark.parametrize(
    ("about", "missing"),
    [
        ("finish", {"task"}),
        ("hold", {"task", "reason"}),
        ("reject", {"task", "reason"}),
        ("assign", {"task", "person"}),
        ("comment", {"text"}),
        ("add", {"title"}),
        ("status", {"text"}),
        ("end", set()),
        ("start", {"runbook"}),
    ],
)
def test_a_missing_value_is_reported_at_its_field(about: str, missing: set[str]) -> None:
    read = submit(about, "R1", {}, COMMANDS)
    assert (set(read.errors) if isinstance(read, FormErrors) else set()) == missing


def test_lengths_choices_and_due_times_are_checked() -> None:
    read = submit("status", "R1", {"text": "x" * 3001, "next": "soon", "health": "blue", "soon": "1y"}, COMMANDS)
    assert isinstance(read, FormErrors)
    assert set(read.errors) == {"text", "next", "health", "soon"}
    assert "Use at most 3000 characters." in read.errors["text"]
    assert "soon" in read.errors["next"]
    assert isinstance(submit("nonsense", "R1", {"text": "x"}, COMMANDS), FormErrors)


async def test_a_failed_submission_offers_the_filled_form(room: Room) -> None:
    await room.start()
    room.platform.errors["status"] = Unreachable("local", "status")
    read = submit("status", "R1", {"health": "amber", "text": "a long text", "soon": "30m"}, COMMANDS)
    assert not isinstance(read, FormErrors)
    answer = await room.submit(read)
    assert button_labels(answer) == ["Try again", "Dismiss"]
    again = find_button(answer, "Try again").intent
    assert isinstance(again, OpenForm)
    form = await open_form(again, ANA, HERE, room.services)
    assert (form.about, form.run) == ("status", "R1")
    assert values(form) == {"health": "amber", "text": "a long text", "soon": "30m", "next": ""}


@pytest.mark.parametrize(
    ("values", "about"),
    [
        ({"task": "T1", "reason": "why"}, "hold"),
        ({"task": "T1", "note": "note"}, "finish"),
        ({"task": "T1", "person": "@ben"}, "assign"),
        ({"title": "Check DNS", "person": "@ben", "stage": "Triage"}, "add"),
        ({"text": "hello", "task": "T2"}, "comment"),
        ({"health": "red", "text": "down", "soon": "off", "next": "14:30"}, "status"),
        (
            {"runbook": "local:failover.md", "name": "EU", "owner": "@ben", "channel": "ops", "rehearsal": "yes"},
            "start",
        ),
    ],
)
async def test_a_retried_form_has_the_submitted_values(room: Room, values: dict[str, str], about: str) -> None:
    await room.start()
    run = "" if about == "start" else "R1"
    read = submit(about, run, values, COMMANDS)
    assert not isinstance(read, FormErrors)
    room.messages.intents["K"] = read
    form = await open_form(OpenForm(about="retry", fill={"key": "K"}), ANA, HERE, room.services)
    assert form.about == about
    assert {field.name: field.value for field in form.fields} == values


async def test_a_form_for_a_message_that_is_not_stored_cannot_open(room: Room) -> None:
    with pytest.raises(CommandError):
        await open_form(OpenForm(about="retry", fill={"key": "gone"}), ANA, HERE, room.services)


def test_a_line_with_only_a_verb_opens_its_form(room: Room) -> None:
    requests = {
        text: form_for_line(text, room.services)
        for text in ("start", "comment", "add", "status", "finish T1", "x")
    }
    assert {text: form.about for text, form in requests.items() if form} == {
        "start": "start", "comment": "comment", "add": "add",
    }  # fmt: skip


async def test_a_button_more_of_an_older_card_offers_each_form_that_fits(room: Room) -> None:
    await room.start()
    with pytest.raises(Ambiguous, match=r"form\.more") as offered:
        await opened(room, "more", run="R1")
    labels = [button.label for button in offered.value.buttons]
    assert labels == ["Comment…", "Hold…", "Skip…", "Assign…", "Add a task…"]
    for button in offered.value.buttons:
        assert isinstance(button.intent, OpenForm)
        assert (await open_form(button.intent, ANA, HERE, room.services)).run == "R1"


async def test_a_button_more_offers_only_supported_verbs(room: Room) -> None:
    await room.start()
    can: dict[Op, Capability] = {
        Op.SKIP: Unsupported("Skip it there."),
        Op.HOLD: Emulated("saved in Liaison only"),
    }
    room.platform.capabilities = {**room.platform.capabilities, **can}
    with pytest.raises(Ambiguous) as offered:
        await opened(room, "more", run="R1")
    labels = [button.label for button in offered.value.buttons]
    assert "Hold…" in labels
    assert "Skip…" not in labels


def test_a_form_more_that_is_still_open_can_be_submitted() -> None:
    for do, missing in {"hold": {"task", "text"}, "comment": {"text"}, "": {"do"}, "dance": {"do"}}.items():
        read = submit("more", "R1", {"do": do, "task": "", "text": "", "person": ""}, COMMANDS)
        assert (set(read.errors) if isinstance(read, FormErrors) else set()) == missing
    read = submit("more", "R1", {"do": "hold", "task": "t1", "text": "why", "person": ""}, COMMANDS)
    assert read == {"verb": "hold", "run": "R1", "options": {}, "tasks": ["T1"], "reason": "why"}


async def test_several_people_can_be_picked_where_the_platform_can_have_several(room: Room) -> None:
    await room.start()
    kinds = {field.name: field.kind for field in (await opened(room, "assign")).fields}
    assert kinds["person"] == "person"
    several = replace(room.services.platform_types["local"], several_assignees=True)
    room.services = replace(room.services, platform_types={"local": several})
    kinds = {field.name: field.kind for field in (await opened(room, "assign")).fields}
    assert kinds["person"] == "people"
