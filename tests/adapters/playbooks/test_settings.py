"""The settings of a Playbooks platform."""

import pytest

from adapters.errors import Rejected
from adapters.http.client import HttpClients
from adapters.playbooks.settings import PlaybooksSettings
from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.harness import PlatformHarness, connect_adapter


async def test_a_site_can_have_a_sub_path() -> None:
    async with PlaybooksFake(prefix="/chat") as fake:
        assert isinstance(fake, PlaybooksFake)
        http = HttpClients()
        adapter = connect_adapter(fake, http)
        assert [item.title for item in await adapter.runbooks("")] == ["Database failover"]
        assert all(seen.path.startswith("/chat/") for seen in fake.seen)
        await http.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.example.com",
        "https://chat.example.com/",
        " https://chat.example.com/plugins/playbooks/api/v0/ ",
        "https://chat.example.com/api/v4",
    ],
)
def test_the_url_of_the_site_is_normalized(url: str) -> None:
    settings = PlaybooksSettings.model_validate({"url": url, "token": "x"})
    assert settings.url == "https://chat.example.com"
    assert "x" not in repr(settings.token)


async def test_reads_fail_if_the_bot_is_not_in_the_team(harness: PlatformHarness) -> None:
    http = HttpClients()
    adapter = connect_adapter(harness.fake, http, team="sales")
    with pytest.raises(Rejected) as error:
        await adapter.runs("")
    assert error.value.key == "playbooks.no_team"
    await http.close()
