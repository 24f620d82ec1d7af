"""How responses to an update of a task are read."""

import pytest

from adapters.errors import OutcomeUnknown, Rejected
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.helpers import create_run, execute, finish_write


async def test_a_required_note_is_asked_for_even_with_other_errors(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    run = create_run(fake)
    body = '{"message":"Validation Failed","errors":[["status","is refused"],["note","Note can\'t be blank"]]}'
    fake.fault("answer", method="PATCH", status=422, body=body)
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, finish_write(run, fake.account.tasks_of(run)[0]))
    assert refused.value.key == "xurrent.note_needed"
    assert refused.value.said == "status: is refused; note: Note can't be blank"


async def test_a_response_cut_short_like_the_documents_sample_is_accepted(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    run = create_run(fake)
    short = '{"anticipated_assignment_at": "...", "...": "..."}'
    fake.fault("answer", method="PATCH", status=200, body=short)
    assert (await execute(xurrent, finish_write(run, fake.account.tasks_of(run)[0]))).tasks == ()


@pytest.mark.parametrize("body", ["<html>maintenance</html>", "[]", "{}", "null", ""])
async def test_a_response_that_is_not_a_task_leaves_the_outcome_unknown(
    xurrent: XurrentAdapter, fake: XurrentFake, body: str
) -> None:
    run = create_run(fake)
    fake.fault("answer", method="PATCH", status=200, body=body)
    with pytest.raises(OutcomeUnknown):
        await execute(xurrent, finish_write(run, fake.account.tasks_of(run)[0]))
