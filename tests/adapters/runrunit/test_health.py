"""The checks of ``liaison doctor``."""

from adapters.http.client import HttpClients
from adapters.protocol import CheckStatus
from adapters.runrunit.adapter import Runrunit
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.harness import connect_adapter


async def test_a_failed_check_names_the_setting(runrunit: Runrunit, fake: RunrunitFake) -> None:
    http = HttpClients()
    (check,) = await connect_adapter(fake, http, project_template_id=99).check()
    assert check.status is CheckStatus.FIX
    assert "platforms.runrunit.project_template_id" in check.fix
    (check,) = await connect_adapter(fake, http, user_token="wrong").check()
    assert "user_token" in check.fix
    fake.world.users.clear()
    assert "user_token" in (await runrunit.check())[-1].fix
    await http.close()
