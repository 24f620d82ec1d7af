"""The comments of a run: what people wrote and did in the case, in the order it happened."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.models import TaskState
from adapters.tines.adapter import Tines
from adapters.tines.errors import MESSAGES
from adapters.tines.wire import Activity
from adapters.toolkit.messages import load_messages
from adapters.writes import AddComment, BeginTask, FinishTask
from tests.adapters.tines import fake_requests
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter
from tests.adapters.tines.helpers import ANA, add_open_case, execute_steps, run_key
from tests.adapters.tines.world import FakeCase


async def lines(tines: Tines, case: FakeCase) -> list[tuple[str, str]]:
    return [(comment.by, comment.text) for comment in await tines.comments(str(case.id), None)]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_comments_and_what_happened_in_tines_are_in_order(
    fake: TinesFake, tines: Tines, newest_first: bool
) -> None:
    fake.newest_first = newest_first
    case = add_open_case(fake)
    ben, cleo = fake.world.users[1:3]
    fake.world.comment(case, "Looking at it", ben.email)
    fake.world.complete(case, case.task("Page the DBA"), True, cleo)
    await execute_steps(tines, AddComment(run=run_key(case), by=ANA, text="Seen it too"))
    fake.world.log(case, "FILE_ATTACHED_AND_COMMENTED", ben, "the log", filename="db.log")
    assert await lines(tines, case) == [
        ("Ben Okoro", "Looking at it"),
        ("Cleo Marsh", "Task completed"),
        ("Ana via Slack", "Seen it too"),
        (
            "Ben Okoro",
            f"File attached: the log (db.log {fake.url}/api/v2/cases/{case.id}/files/{last(case)}/download)",
        ),
    ]


def last(case: FakeCase) -> int:
    return case.activities[-1].id


@pytest.mark.parametrize("names_it", [str.upper, None])
async def test_an_activity_that_names_a_task_shows_its_title(fake: TinesFake, tines: Tines, names_it: Any) -> None:
    case = add_open_case(fake)
    task = case.task("Page the DBA")
    await tines.read(str(case.id))
    value = names_it(task.description) if names_it else str(task.id)
    fake.world.log(case, "TASK_COMPLETED", fake.world.users[2], value)
    ((_, text),) = await lines(tines, case)
    assert text.lower() == "task completed: page the dba"


async def test_a_change_through_liaison_is_shown_once(fake: TinesFake, tines: Tines) -> None:
    """Tines logs it as the API key's, and a comment under the person's name follows it."""
    case = add_open_case(fake)
    task = str(case.task("Page the DBA").id)
    await execute_steps(tines, FinishTask(run=run_key(case), by=ANA, task=task, note="she is on it"))
    assert await lines(tines, case) == [("Ana via Slack", "Finished: she is on it")]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_the_newest_are_found_in_a_few_requests(fake: TinesFake, tines: Tines, newest_first: bool) -> None:
    fake.newest_first = newest_first
    case = add_open_case(fake)
    for number in range(430):
        fake.world.comment(case, f"number {number}", "ben@example.com")
    fake.seen.clear()
    assert (await lines(tines, case))[-1] == ("Ben Okoro", "number 429")
    assert len(fake.seen) == (2 if newest_first else 6)


async def test_a_key_without_the_history_still_reads_comments(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    fake.world.comment(case, "Looking at it", "ben@example.com")
    fake.fault("answer", path=r"/activities$", status=404, body="{}", times=9)
    assert await lines(tines, case) == [("Ben Okoro", "Looking at it")]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("**Done**, see [the log](https://example.com/log)", "Done, see the log (https://example.com/log)"),
        ("## Found\nask <@user-12> and <@user-77>", "Found\nask @Ben Okoro and @77"),
        ("run `a ** b ** c` or 2 ** 3", "run `a ** b ** c` or 2 ** 3"),
    ],
)
async def test_a_comment_from_tines_is_readable(fake: TinesFake, tines: Tines, typed: str, shown: str) -> None:
    case = add_open_case(fake)
    fake.world.comment(case, typed, "cleo@example.com")
    assert await lines(tines, case) == [("Cleo Marsh", shown)]


def test_every_documented_activity_has_words() -> None:
    told = {key.removeprefix("tines.activity.").upper() for key in load_messages(MESSAGES) if "activity." in key}
    assert set(fake_requests.ACTIVITY_TYPES) - told == {"COMMENTED", "METADATA_UPDATED"}


def test_an_unreadable_activity_is_left_out() -> None:
    assert Activity.model_validate({"id": 1, "file": "no", "value": {}, "user": 3}).value == ""


# A task that was begun here, and completed and reopened in Tines


async def begun(fake: TinesFake, tines: Tines) -> tuple[FakeCase, BeginTask]:
    case = add_open_case(fake)
    begin = BeginTask(run=run_key(case), by=ANA, task=str(case.task("Page the DBA").id))
    await execute_steps(tines, begin, await tines.read(str(case.id)))
    assert await state(tines, begin) is TaskState.RUNNING
    return case, begin


async def state(tines: Tines, begin: BeginTask) -> TaskState:
    task = (await tines.read(begin.run_id)).task(begin.task)
    assert task is not None
    return task.state


@pytest.mark.parametrize("is_seen_completed", [False, True])
@pytest.mark.parametrize("sees_history", [False, True])
async def test_a_task_reopened_in_tines_does_not_run(
    fake: TinesFake, tines: Tines, is_seen_completed: bool, sees_history: bool
) -> None:
    if not (is_seen_completed or sees_history):
        pytest.skip("nothing shows it")
    case, begin = await begun(fake, tines)
    ben, task = fake.world.users[1], case.task("Page the DBA")
    fake.world.complete(case, task, True, ben)
    if is_seen_completed:
        assert await state(tines, begin) is TaskState.DONE
    fake.world.complete(case, task, False, ben)
    if not sees_history:
        fake.fault("answer", path=r"/activities$", status=404, body="{}", times=99)
    assert await state(tines, begin) is TaskState.READY
    await execute_steps(tines, begin, await tines.read(begin.run_id))
    assert await state(tines, begin) is TaskState.RUNNING


async def test_reopening_another_task_leaves_it_running(fake: TinesFake, tines: Tines) -> None:
    case, begin = await begun(fake, tines)
    other = case.task("Promote the replica")
    fake.world.complete(case, other, True, fake.world.users[1])
    fake.world.complete(case, other, False, fake.world.users[1])
    case.task("Page the DBA").updated_at = fake.world.now()
    assert await state(tines, begin) is TaskState.RUNNING


async def test_an_earlier_reopening_of_another_task_leaves_it_running(fake: TinesFake, tines: Tines) -> None:
    """The other task changes again later, so nothing dates the reopening to it any more."""
    case = add_open_case(fake)
    other, ben = case.task("Promote the replica"), fake.world.users[1]
    fake.world.complete(case, other, True, ben)
    fake.world.complete(case, other, False, ben)
    begin = BeginTask(run=run_key(case), by=ANA, task=str(case.task("Page the DBA").id))
    await execute_steps(tines, begin, await tines.read(str(case.id)))
    fake.world._clock += timedelta(minutes=5)
    fake.world.complete(case, other, True, ben)
    case.task("Page the DBA").updated_at = fake.world.now()
    assert await state(tines, begin) is TaskState.RUNNING


async def test_a_running_task_that_does_not_change_takes_no_request(fake: TinesFake, tines: Tines) -> None:
    case, begin = await begun(fake, tines)
    fake.seen.clear()
    await tines.read(str(case.id))
    assert len(fake.seen) == 2
    assert begin.task


async def test_a_reopening_is_found_after_a_restart(fake: TinesFake, tines: Tines, http: Any) -> None:
    case, begin = await begun(fake, tines)
    task = case.task("Page the DBA")
    fake.world.complete(case, task, True, fake.world.users[1])
    fake.world._clock += timedelta(minutes=5)
    fake.world.complete(case, task, False, fake.world.users[1])
    assert await state(connect_adapter(fake, http), begin) is TaskState.READY
