"""What an answer to a change of a task is taken for."""

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import a_run, execute, finish
from tests.adapters.xurrent.fake import XurrentFake


async def test_a_note_that_is_wanted_is_asked_for_whatever_else_is_wrong(
    xurrent: Xurrent, fake: XurrentFake
) -> None:
    run = a_run(fake)
    body = '{"message":"Validation Failed","errors":[["status","is refused"],["note","Note can\'t be blank"]]}'
    fake.fault("answer", method="PATCH", status=422, body=body)
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, finish(run, fake.world.tasks_of(run)[0]))
    assert refused.value.key == "xurrent.note_needed"
    assert refused.value.said == "status: is refused; note: Note can't be blank"


async def test_an_answer_as_short_as_the_documents_sample_is_one(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    short = '{"anticipated_assignment_at": "...", "...": "..."}'
    fake.fault("answer", method="PATCH", status=200, body=short)
    assert (await execute(xurrent, finish(run, fake.world.tasks_of(run)[0]))).tasks == ()


@pytest.mark.parametrize("body", ["<html>maintenance</html>", "[]", "{}", "null", ""])
async def test_an_answer_that_is_no_task_leaves_it_unknown(xurrent: Xurrent, fake: XurrentFake, body: str) -> None:
    run = a_run(fake)
    fake.fault("answer", method="PATCH", status=200, body=body)
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, finish(run, fake.world.tasks_of(run)[0]))
