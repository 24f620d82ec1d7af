"""Mapping recorded responses, and damaged ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.models import Health, Person, Run, RunState, TaskState
from adapters.playbooks import mapping
from adapters.playbooks.wire import WirePage, WirePlaybook, WirePosts, WireRun
from tests.adapters.mutations import damaged
from tests.adapters.playbooks import samples

NAMES = ("playbooks-1.20", "playbooks-2.x", "playbooks-0.6.0")
SITE = "https://chat.example.com"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ANA = "9ugcjbqarjdn8poop5zsn15y9h"


class KnownNames:
    """Only Ana's name is known. The bot is @relay."""

    bot = "1zpkt5q58bdpxm47ntzndcbr7h"

    def person(self, id: str) -> Person:
        return Person(id=id, name="Ana" if id == ANA else "")


def body(recording: str, name: str) -> Any:
    return next(item["response"]["body"] for item in samples.exchanges(recording) if item["name"] == name)


def map_run(wire: Any) -> Run:
    return mapping.to_run(WireRun.model_validate(wire), "playbooks", SITE, KnownNames(), NOW)


def all_recorded_runs() -> list[Any]:
    runs = []
    for recording in NAMES:
        for exchange in samples.exchanges(recording):
            answer = exchange["response"]["body"]
            if isinstance(answer, dict) and "checklists" in answer and "owner_user_id" in answer:
                runs.append(answer)
            elif isinstance(answer, dict):
                runs += [item for item in answer.get("items") or () if "owner_user_id" in item]
    return [*runs, *(hook["body"] for hook in samples.webhooks("playbooks-1.20"))]


def test_every_recorded_run_is_map_run() -> None:
    runs = all_recorded_runs()
    assert len(runs) >= 15
    for wire in runs:
        run = map_run(wire)
        assert run.key.id == wire["id"]
        assert len({task.id for task in run.tasks}) == len(run.tasks)
        assert {task.stage for task in run.tasks} <= {stage.id for stage in run.stages}
        assert Run.model_validate_json(run.model_dump_json()) == run
        head = mapping.to_summary(WireRun.model_validate(wire), "playbooks", SITE)
        assert (head.done, head.total) == (run.summary().done, run.summary().total)


@pytest.mark.parametrize("recording", ["playbooks-1.20", "playbooks-2.x"])
def test_there_are_enough_recordings(recording: str) -> None:
    assert len(samples.exchanges(recording)) >= 12


def test_a_recorded_run_in_detail() -> None:
    run = map_run(body("playbooks-1.20", "channel"))
    assert (run.title, run.state, run.health) == ("Primary down in EU", RunState.ACTIVE, Health.UNSET)
    assert [stage.title for stage in run.stages] == ["Triage", "Fail over"]
    assert [(task.title, task.state) for task in run.tasks] == [
        ("Confirm primary is down", TaskState.DONE),
        ("Page the DBA", TaskState.RUNNING),
        ("Tell support", TaskState.READY),
        ("Promote replica", TaskState.READY),
        ("Repoint the app", TaskState.READY),
    ]
    first = run.tasks[0]
    assert first.id == "y7bhacwx63gr9rka7zxokatyxw"
    assert [person.name for person in first.assignees] == ["Ana"]
    assert first.finished_at == datetime(2026, 11, 21, 17, 25, 53, 723000, tzinfo=UTC)
    assert first.finished_by is None  # the bot did it for somebody else
    assert run.tasks[1].command == "/echo hi"
    assert run.update_due == datetime(2026, 11, 21, 17, 35, 54, 179000, tzinfo=UTC)
    assert run.link == f"{SITE}/playbooks/runs/{run.key.id}"
    assert run.home is not None
    assert run.home.channel == "9rdgd7wtutyk5bs8jjer683kcw"


def test_a_finished_run_has_no_update_due() -> None:
    run = map_run(body("playbooks-1.20", "get_after_finish"))
    assert (run.state, run.update_due) == (RunState.FINISHED, None)


def test_a_playbooks_2_run_in_detail() -> None:
    run = map_run(body("playbooks-2.x", "get_run"))
    assert [task.state for task in run.tasks] == [
        TaskState.DONE,
        TaskState.RUNNING,
        TaskState.SKIPPED,
        TaskState.READY,
    ]
    assert "Only with a breach" not in [task.title for task in run.tasks]
    assert run.tasks[3].due_at is not None
    assert run.tasks[0].instructions.startswith("Ask the customer")


def test_a_run_without_status_updates_has_no_update_due() -> None:
    """Playbooks keeps the interval of the playbook even if updates are disabled."""
    wire = body("playbooks-2.x", "get_run") | {"previous_reminder": 900 * 10**9}
    assert map_run(wire | {"status_update_enabled": True}).update_due is not None
    assert map_run(wire | {"status_update_enabled": False}).update_due is None


def test_the_time_of_a_status_is_that_of_its_post() -> None:
    """Snoozing the next update changes ``last_status_update_at`` too."""
    posts = [{"id": ANA, "create_at": at, "delete_at": gone} for at, gone in ((1000, 0), (3000, 0), (5000, 1))]
    wire = body("playbooks-2.x", "get_run") | {"status_posts": posts, "last_status_update_at": 9000}
    assert map_run(wire).health_at == datetime.fromtimestamp(3, UTC)
    assert map_run(wire | {"status_posts": None}).health_at is None


def test_the_state_of_a_run_is_read_from_is_active() -> None:
    assert map_run(body("playbooks-0.6.0", "get_run")).state is RunState.ACTIVE
    assert map_run(body("playbooks-0.6.0", "get_run_ended")).state is RunState.FINISHED


@pytest.mark.parametrize(
    ("recording", "name", "can_skip"),
    [
        ("playbooks-1.20", "get_run", False),
        ("playbooks-0.6.0", "get_run", False),
        ("playbooks-2.x", "get_run", True),
    ],
)
def test_a_run_shows_whether_its_server_can_skip(recording: str, name: str, can_skip: bool) -> None:
    assert WireRun.model_validate(body(recording, name)).can_skip is can_skip


def test_a_run_without_tasks_does_not_show_whether_its_server_can_skip() -> None:
    assert WireRun(id="x").can_skip is None


def test_channel_checklists_are_not_runs() -> None:
    runs = [WireRun.model_validate(item) for item in body("playbooks-2.x", "list_runs")["items"]]
    assert [mapping.is_listed(run) for run in runs] == [True, False]


def test_playbooks_in_a_list_and_alone() -> None:
    listed = WirePlaybook.model_validate(body("playbooks-1.20", "list_playbooks")["items"][0])
    runbook = mapping.to_runbook(listed, "playbooks", SITE, KnownNames())
    assert (runbook.title, runbook.task_count, runbook.tasks) == ("Database failover", 4, ())
    assert runbook.alerts == ""
    alone = WirePlaybook.model_validate(body("playbooks-2.x", "get_playbook"))
    runbook = mapping.to_runbook(alone, "playbooks", SITE, KnownNames())
    assert [stage.title for stage in runbook.stages] == ["Triage issue", "Fail over"]
    assert len({task.id for task in runbook.tasks}) == len(runbook.tasks) == 4
    assert runbook.alerts == "2 people are invited to its channel, it's announced in 1 other channel"


def test_ids_made_of_titles_find_tasks_with_ids() -> None:
    run = map_run(body("playbooks-1.20", "create_run"))
    assert all(task.id.startswith("~") for task in run.tasks)
    later = WireRun.model_validate(body("playbooks-1.20", "get_run"))
    for task in run.tasks:  # an id made of titles still finds the task
        [(checklist, item)] = mapping.find_positions(later, task.id)
        assert later.checklists[checklist].items[item].title == task.title


_ANSWERS = [
    exchange["response"]["body"]
    for recording in NAMES
    for exchange in samples.exchanges(recording)
    if isinstance(exchange["response"]["body"], dict)
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(all_recorded_runs()).flatmap(damaged))
def test_a_damaged_run_is_parsed_or_refused(wire: Any) -> None:
    try:
        parsed = WireRun.model_validate(wire)
    except ValidationError:
        return
    run = mapping.to_run(parsed, "playbooks", SITE, KnownNames(), NOW)
    assert mapping.to_summary(parsed, "playbooks", SITE).total == len(run.tasks)
    assert len({task.id for task in run.tasks}) == len(run.tasks) or _ids_repeat(parsed)
    for task in run.tasks:
        assert mapping.find_positions(parsed, task.id)


def _ids_repeat(run: WireRun) -> bool:
    ids = [item.id for checklist in run.checklists for item in checklist.items if item.id]
    return len(set(ids)) < len(ids)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(_ANSWERS).flatmap(damaged))
def test_a_damaged_list_is_parsed_or_refused(wire: Any) -> None:
    for model in (WirePage, WirePlaybook, WirePosts):
        try:
            parsed = model.model_validate(wire)
        except ValidationError:
            continue
        if isinstance(parsed, WirePlaybook):
            mapping.to_runbook(parsed, "playbooks", SITE, KnownNames())
