"""Tines' error responses."""

import pytest

from adapters.errors import Conflict, NotFound, Rejected
from adapters.tines.adapter import Tines
from adapters.writes import AddComment, EndRun
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.helpers import ANA, add_open_case, execute_steps, run_key


@pytest.mark.parametrize("status", [404, 410])
async def test_not_found_says_that_the_key_may_lack_permission(fake: TinesFake, tines: Tines, status: int) -> None:
    case = add_open_case(fake)
    fake.fault("answer", status=status, body='{"error": "Not Found"}', times=9)
    with pytest.raises(NotFound) as error:
        await tines.read(str(case.id))
    assert (error.value.key, error.value.said) == ("tines.not_found", "")
    with pytest.raises(NotFound):
        await execute_steps(tines, EndRun(run=run_key(case), by=ANA))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": "Name is too long"}', "Name is too long"),
        ('{"errors": [{"message": "no"}, "never"]}', "no; never"),
        ('{"errors": {"name": ["is missing"]}}', "name: is missing"),
        ("plain words", "plain words"),
        ("<html>oops</html>", "HTTP 422"),
        ("", ""),
        ('{"code": 42}', "code: 42"),
        ("[[[[[[[1]]]]]]]", ""),
    ],
)
async def test_an_error_body_of_any_shape_is_read(fake: TinesFake, tines: Tines, body: str, said: str) -> None:
    case = add_open_case(fake)
    fake.fault("answer", method="POST", status=422, body=body)
    with pytest.raises(Rejected) as error:
        await execute_steps(tines, AddComment(run=run_key(case), by=ANA, text="x"))
    assert error.value.said == said
    fake.fault("answer", method="POST", status=409, body=body)
    with pytest.raises(Conflict):
        await execute_steps(tines, AddComment(run=run_key(case), by=ANA, text="x"))
