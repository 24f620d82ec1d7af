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


async def test_an_api_of_several_instances_needs_the_address_of_ours(fake: CutoverFake) -> None:
    """Every request says which instance it is for. Without that, Cutover doesn't know the token."""
    fake.core_url = "https://acme.cutover.com"
    http = HttpClients()
    (check,) = await connect_adapter(fake, http, core_url="").check()
    assert "core_url" in check.fix
    (check,) = await connect_adapter(fake, http, core_url="https://other.cutover.com").check()
    assert "core_url" in check.fix
    results = await connect_adapter(fake, http).check()
    assert [check.status for check in results] == [CheckStatus.OK]
    run = fake.world.planned("Restore test")
    link = (await connect_adapter(fake, http).runbook(run.id)).link
    assert link == f"https://acme.cutover.com/#/app/3/runbooks/{run.id}/current_version/tasks/list"
    await http.close()
