"""The health check."""

from adapters.http.client import HttpClients
from adapters.protocol import CheckStatus
from adapters.tines.adapter import Tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter


async def test_a_failed_check_names_the_setting_to_fix(fake: TinesFake, tines: Tines, http: HttpClients) -> None:
    connection, stories = await tines.check()
    assert (connection.status, "team 276" in connection.summary) == (CheckStatus.OK, True)
    assert (stories.status, stories.summary.endswith(": Enrich alert, Restart service")) == (CheckStatus.OK, True)
    assert "[platforms.tines.stories]" in stories.summary
    fake.hides_stories = True
    assert len(await tines.check()) == 1
    fake.template.tags = []
    assert "runbook-template" in (await tines.check())[1].summary
    (team,) = await connect_adapter(fake, http, team_id="999").check()
    assert (team.status, "team_id" in team.fix) == (CheckStatus.FIX, True)
    (token,) = await connect_adapter(fake, http, token="other").check()
    assert (token.status, "platforms.tines.token" in token.fix) == (CheckStatus.FIX, True)


async def test_the_stories_in_the_settings_are_checked(fake: TinesFake, http: HttpClients) -> None:
    address = f"{fake.url}/webhook/restart/s3cr3t"
    tines = connect_adapter(
        fake, http, stories={"restart service": address, "Enrich alert": address, "Other": address}
    )
    fake.world.stories[0].disabled = True
    _, disabled, unknown = await tines.check()
    assert (disabled.status, "“restart service”" in disabled.summary) == (CheckStatus.FIX, True)
    assert "[platforms.tines.stories]" in disabled.fix
    assert (unknown.status, "“Other”" in unknown.summary) == (CheckStatus.OK, True)
    fake.hides_stories = True
    _, hidden = await tines.check()
    assert (hidden.status, "can't see" in hidden.summary) == (CheckStatus.OK, True)
