"""Reading runs, runbooks and comments; pages and their traps; what the pace and the limits are."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.errors import BadResponse, NotFound, RateLimited
from adapters.http.client import HttpClients
from adapters.models import Health, RunKey, RunState, TaskKey, TaskState
from adapters.protocol import CheckStatus
from adapters.runrunit.adapter import PACE, Runrunit
from adapters.runrunit.settings import RunrunitSettings
from tests.adapters.runrunit.acting import MARK, begin, execute, finish
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.subject import connected


async def test_a_run_as_it_is(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, third, _ = fake.world.steps(run)
    fake.world.add_part(first, "ana-reis")
    fake.world.play(first, first.part("ana-reis"))
    fake.world.deliver(second)
    third.waits_for.append(first.id)
    run.stage = 42
    shown = await runrunit.read(str(run.id))
    assert [task.state for task in shown.tasks] == [
        TaskState.RUNNING,
        TaskState.DONE,
        TaskState.WAITING,
        TaskState.READY,
    ]
    assert shown.tasks[2].waits_for == (str(first.id),)
    assert shown.tasks[0].assignees[0].email == "ana@example.com"
    assert shown.tasks[0].started_by == "Ana Reis"
    assert shown.title == "R7 Primary down"  # its key is for finding it
    assert (shown.health, shown.health_text) == (Health.AMBER, "Em risco: amarelo")
    fake.world.deliver(run)
    assert (await runrunit.read(str(run.id))).state is RunState.FINISHED


async def test_tasks_added_to_a_run_stand_behind_its_own(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    await runrunit.read(str(run.id))
    added = fake.world.task("Tell support")
    run.waits_for.append(added.id)
    assert [task.title for task in (await runrunit.read(str(run.id))).tasks][-1] == "Tell support"
    fake.world.deliver(added)
    assert (await runrunit.read(str(run.id))).tasks[-1].state is TaskState.DONE


async def test_reading_again_costs_two_requests(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    await runrunit.read(str(run.id))
    fake.seen.clear()
    await runrunit.read(str(run.id))
    assert len(fake.seen) == 2


async def test_people_who_cannot_be_listed_are_still_shown(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.fault("answer", path="/users$", status=403, times=99)
    run = fake.world.run()
    fake.world.add_part(fake.world.step(run), "ana-reis")
    shown = await runrunit.read(str(run.id))
    assert [person.name for person in shown.tasks[0].assignees] == ["Ana Reis"]
    await runrunit.read(str(run.id))
    assert len(fake.calls("GET", "/users$")) == 1


async def test_runs_are_neither_steps_nor_added_tasks(runrunit: Runrunit, fake: RunrunitFake) -> None:
    old, new, over = fake.world.run("R1 old [AAAA]"), fake.world.run("R2 new [BBBB]"), fake.world.run("R3 over")
    added = fake.world.task("Tell support")
    old.waits_for.append(added.id)
    fake.world.deliver(fake.world.step(old))
    fake.world.deliver(over)
    fake.world.task("another project's").project = 99
    heads = await runrunit.runs("")
    assert [(head.title, head.done, head.total) for head in heads] == [("R2 new", 0, 4), ("R1 old", 1, 4)]
    assert heads[0].link == f"{fake.url}/pt-BR/tasks/{new.id}"
    asked = fake.calls("GET", "/tasks$")[0].query
    assert asked == {"project_id": "7", "limit": "100", "is_closed": "false"}


async def test_lists_are_read_to_their_last_page(runrunit: Runrunit, fake: RunrunitFake) -> None:
    for number in range(7):
        fake.world.template(f"Runbook {number}")
    fake.most = 3
    assert len(await runrunit.runbooks("")) == 8
    pages = [seen.query.get("page") for seen in fake.seen]
    assert pages == [None, "2", "3"]
    assert {seen.path for seen in fake.seen} == {"/api/v1.0/project_templates/3/task_templates"}


async def test_every_list_asks_for_full_pages(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """The default is said to be 100 for all, and 1000 for tasks: nobody has to know."""
    run = fake.world.run()
    await runrunit.runbooks("")
    await runrunit.runs("")
    await runrunit.read(str(run.id))
    await runrunit.comments(str(run.id), None)
    await runrunit.actions(await runrunit.read(str(run.id)))
    one = rf"/(tasks/{run.id}|project_templates/3/task_templates/\d+)$"
    lists = [seen for seen in fake.calls("GET", "") if not re.search(one, seen.path)]
    assert {seen.query.get("limit") for seen in lists} == {"100"}
    assert len({seen.path for seen in lists}) == 7


async def test_small_pages_are_read_on_and_on(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """A server that gives less than was asked for, as it may."""
    for number in range(29):
        fake.world.template(f"Runbook {number}")
    fake.most = 2
    assert len(await runrunit.runbooks("")) == 30


async def test_a_runbook_says_what_it_is_for(runrunit: Runrunit, fake: RunrunitFake) -> None:
    (template,) = fake.world.templates.values()
    assert (await runrunit.runbook(str(template.id))).description == ""
    fake.world.descriptions[template.id] = (
        "<p>When the <b>primary</b> is gone.</p><p>Not for the cache &amp; co.</p>"
    )
    shown = await runrunit.runbook(str(template.id))
    assert shown.description == "When the primary is gone.\nNot for the cache & co."
    fake.fault("answer", path="/descriptions$", status=403)
    assert len((await runrunit.runbook(str(template.id))).tasks) == 4  # it can be read all the same


async def test_a_tasks_instructions_are_its_description(runrunit: Runrunit, fake: RunrunitFake) -> None:
    step = fake.world.step(fake.world.run())
    assert await runrunit.instructions(str(step.id)) == ""
    fake.world.descriptions[step.id] = "Ask from two zones: ping < 5 ms"
    assert await runrunit.instructions(str(step.id)) == "Ask from two zones: ping < 5 ms"
    fake.fault("answer", path="/description$", status=500, times=3)
    assert await runrunit.instructions(str(step.id)) == ""


async def test_page_1_again_is_the_end(runrunit: Runrunit, fake: RunrunitFake) -> None:
    fake.endless = True
    assert len(await runrunit.runbooks("")) == 1
    assert len(fake.seen) == 2


async def test_steps_without_end_are_not_half_a_run(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.task("R1 long")
    for number in range(30):
        fake.world.task(f"step {number}", parent=run.id)
    fake.most = 1
    with pytest.raises(BadResponse) as endless:
        await runrunit.read(str(run.id))
    assert endless.value.key == "runrunit.endless"


@pytest.mark.parametrize("id", ["", "abc", "../users", "1/deliver", "٣", "9" * 30])
async def test_what_is_no_number_is_not_asked(runrunit: Runrunit, fake: RunrunitFake, id: str) -> None:
    with pytest.raises(NotFound) as unknown:
        await runrunit.read(id)
    assert unknown.value.key == "runrunit.not_an_id"
    assert fake.seen == []


@pytest.mark.parametrize("body", ["", "<html></html>", "[", "{}", "null"])
async def test_a_list_that_is_none(runrunit: Runrunit, fake: RunrunitFake, body: str) -> None:
    fake.fault("answer", status=200, body=body, times=99)
    with pytest.raises(BadResponse):
        await runrunit.runs("")


async def test_comments_of_a_task_say_who(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.comment(step.id, "by hand", user="ben-costa")
    fake.world.comment(step.id, "moved", user=None)
    fake.world.comment(step.id, "gone").deleted = True
    fake.world.comment(step.id, "seen\nfrom two zones\n— Ana via Slack (7K2F)")
    fake.world.comment(run.id, "of the run")
    shown = await runrunit.comments(str(run.id), str(step.id))
    assert [(one.text, one.by, one.task) for one in shown] == [
        ("by hand", "Ben Costa", str(step.id)),
        ("moved", "Runrun.it", str(step.id)),
        ("seen\nfrom two zones", "Ana via Slack", str(step.id)),
    ]


@pytest.mark.parametrize(
    ("link", "id"),
    [
        ("{site}/pt-BR/tasks/{step}", "step"),
        ("{site}/en/tasks/{run}?tab=1#comments", "run"),
        ("{site}/tasks/{run}", "run"),
        ("{site}/pt-BR/projects/{run}", None),
        ("{site}.example.com/pt-BR/tasks/{run}", None),
        ("ftp://runrun.it/tasks/1", None),
    ],
)
async def test_links_of_its_pages_are_known_and_others_are_not(
    runrunit: Runrunit, fake: RunrunitFake, link: str, id: str | None
) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    await runrunit.read(str(run.id))
    found = runrunit.parse_link(link.format(site=fake.url, run=run.id, step=step.id))
    key = RunKey(platform="runrunit", id=str(run.id))
    wanted = {"run": key, "step": TaskKey(run=key, id=str(step.id)), None: None}
    assert found == wanted[id]


async def test_every_call_has_both_keys_and_one_pace(fake: RunrunitFake) -> None:
    """A second table of the same account, with another user's token, waits for the same 80 calls a minute."""
    http = HttpClients()
    one, other = connected(fake, http), connected(fake, http, user_token="another")
    assert PACE.calls == 80
    assert one._api.caller.rate_limiter is other._api.caller.rate_limiter
    await one.runs("")
    headers = {name.lower(): value for name, value in fake.seen[0].headers.items()}
    assert (headers["app-key"], headers["user-token"]) == (fake.app_key, fake.user_token)
    await http.close()


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({}, 55, 60),
        ({"RateLimit-Reset": "20"}, 15, 20),
        (
            {"RateLimit-Reset": (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S UTC")},
            3000,
            3600,
        ),
    ],
)
async def test_too_many_means_to_wait(
    runrunit: Runrunit, fake: RunrunitFake, headers: dict[str, str], least: float, most: float
) -> None:
    run = fake.world.run()
    fake.fault("answer", method="POST", status=429, headers=headers)
    with pytest.raises(RateLimited) as limited:
        await execute(runrunit, finish(run, fake.world.step(run)))
    assert least <= limited.value.retry_after <= most
    asked = len(fake.seen)
    with pytest.raises(RateLimited):
        await runrunit.execute(begin(run, fake.world.step(run)), MARK)
    assert len(fake.seen) == asked  # not even its reads went out


async def test_the_doctor_names_the_setting(runrunit: Runrunit, fake: RunrunitFake) -> None:
    http = HttpClients()
    (wrong,) = await connected(fake, http, project_template_id=99).check()
    assert wrong.status is CheckStatus.FIX
    assert "platforms.runrunit.project_template_id" in wrong.fix
    (refused,) = await connected(fake, http, user_token="wrong").check()
    assert "user_token" in refused.fix
    fake.world.users.clear()
    assert "user_token" in (await runrunit.check())[-1].fix
    await http.close()


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://runrun.it/api/v1.0/", "https://runrun.it/api/v1.0"),
        ("https://runrun.it", "https://runrun.it/api/v1.0"),
    ],
)
def test_settings_take_the_address_as_people_have_it(fake: RunrunitFake, given: str, url: str) -> None:
    assert RunrunitSettings.model_validate(_table(fake, url=given)).url == url


@pytest.mark.parametrize(
    "wrong", [{"url": "runrun.it"}, {"app_key": " "}, {"project_id": 0}, {"type_id": "one"}, {"extra": 1}]
)
def test_settings_refuse_what_is_wrong(fake: RunrunitFake, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunrunitSettings.model_validate(_table(fake, **wrong))


def _table(fake: RunrunitFake, **changed: Any) -> dict[str, Any]:
    return {key: value for key, value in fake.settings().items() if key != "kind"} | changed
