"""The checks of ``liaison doctor``."""

import pytest

from adapters.cutover.adapter import Cutover
from adapters.http.client import HttpClients
from adapters.protocol import CheckStatus
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.harness import connect_adapter


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"token": "wrong"}, "token"),
        ({"workspace_id": "99"}, "workspace_id"),
        ({"api_version": "1999-01-01"}, "role"),
    ],
)
async def test_a_failed_check_names_the_setting(
    fake: CutoverFake, settings: dict[str, str], expected: str
) -> None:
    http = HttpClients()
    (check,) = await connect_adapter(fake, http, **settings).check()
    assert check.status is CheckStatus.FIX
    assert expected in check.fix
    await http.close()


async def test_a_working_connection_passes_the_check(fake: CutoverFake, cutover: Cutover) -> None:
    results = await cutover.check()
    assert [check.status for check in results] == [CheckStatus.OK]
    assert "Operations" in results[0].summary
    assert len(fake.seen) == 2
