"""A task is not a run, and a run, a draft or an open incident is not a runbook: refused, or asked first."""

import pytest

from adapters.errors import Rejected, Unreachable
from adapters.models import Person, RunbookKey, RunKey, RunSummary
from adapters.writes import StartRun, WriteMarker
from tests.commands.room import NOW, Room, button_labels, find_button, private_text


async def test_a_run_is_not_started_as_a_runbook(room: Room) -> None:
    tracked = await room.start()
    for reference in (str(tracked.run.key), f"https://local.example/{tracked.run.key.id}"):
        answer = await room.type(f"start {reference}")
        assert answer.result == "failed"
        assert "R1 Primary down in EU is a run (active), not a runbook" in private_text(answer)
    await room.type("finish T1-T4")
    await room.type("end R1")
    assert "is a run (finished), not a runbook" in private_text(await room.type(f"start {tracked.run.key}"))
    assert room.platform.executed.count("start") == 1


async def test_a_task_is_not_started_as_a_runbook(room: Room) -> None:
    tracked = await room.start()
    task = tracked.run.tasks[0].id
    answer = await room.type(f"start https://local.example/{tracked.run.key.id}/{task}")
    assert "This link is a task, not a runbook" in private_text(answer)
    assert room.platform.executed == ["start"]


async def test_what_is_no_runbook_is_started_only_after_a_question_that_says_what_it_is(room: Room) -> None:
    room.platform.runbook_changes = {"warning": "run.paused"}
    asked = await room.type("start Database failover")
    assert asked.result == "question"
    assert "paused" in private_text(asked)
    assert button_labels(asked) == ["Start it anyway", "Cancel"]
    assert room.platform.executed == []
    assert (await room.press(find_button(asked, "Start it anyway"))).result == "done"


async def test_a_link_to_something_that_is_no_run_changes_nothing_and_is_not_listed(room: Room) -> None:
    room.platform.errors["read"] = Rejected("local", "show", said="it is a step")
    answer = await room.type("finish https://local.example/77 T1")
    assert answer.result == "failed"
    assert room.platform.executed == []
    assert "local.example" not in private_text(await room.type("runs"))
    assert "77" not in private_text(await room.type("runs"))


@pytest.mark.parametrize(
    "line",
    [
        "end {link}",
        "show {link}",
        "comments {link}",
        "finish T1 --run {link}",
        "status green all is well --run {link}",
        "begin {link}",
        "finish local:77.T1",
        "end local:77",
        "start {task}",
        "start {run}",
    ],
)
async def test_what_is_no_run_gets_no_handle(room: Room, line: str) -> None:
    tracked = await room.start()
    run = f"https://local.example/{tracked.run.key.id}"
    room.platform.errors["read"] = Rejected("local", "show", said="it is a step")
    links = {"link": "https://local.example/77", "run": run, "task": f"{run}/{tracked.run.tasks[0].id}"}
    answer = await room.type(line.format(**links))
    assert answer.result in ("failed", "question"), private_text(answer)
    assert room.platform.executed == ["start"]
    del room.platform.errors["read"]
    room.wait(minutes=15)
    assert (await room.start(name="The next one")).handle == "R2"


@pytest.mark.parametrize("line", ["show {link}", "finish T1 --run {link}", "begin {link}/{task}"])
async def test_a_run_that_was_unknown_gets_a_handle_once_it_is_read(room: Room, line: str) -> None:
    book = RunbookKey(platform="local", id="failover.md")
    start = StartRun(by=Person(name="Ben"), runbook=book, title="Elsewhere", handle="")
    key = (await room.platform.inner.execute(start, WriteMarker(code="7K2F", who="Ben", at=NOW))).run
    assert key is not None
    task = (await room.platform.inner.read(key.id)).tasks[0].id
    answer = await room.type(line.format(link=f"https://local.example/{key.id}", task=task))
    assert answer.result == "done", private_text(answer)
    assert (await room.run("R1")).run.key == key


async def test_a_run_that_was_never_read_has_no_counts(room: Room) -> None:
    summary = RunSummary(key=RunKey(platform="local", id="x-1"), title="From elsewhere")
    await room.runs.track(summary)
    room.platform.errors["read"] = Unreachable("local", "show")
    room.platform.errors["runs"] = Unreachable("local", "runs")
    assert "0 of 0" not in private_text(await room.type("runs"))
