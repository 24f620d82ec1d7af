"""A token goes only to its platform, and is removed from whatever the platform responds."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from adapters.errors import AdapterError, BadResponse, Rejected, Unreachable
from adapters.http.client import HttpClient, HttpClients
from adapters.testing.fake_server import Fake, Seen

TOKEN = "c0ffee-c0ffee-c0ffee"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "App-Key": "another-key-0123", "Accept": "application/json"}


class Echo(Fake):
    """A gateway that quotes the request, with the status in the path."""

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.Response(status=int(seen.path.strip("/")), text=f"you said {dict(seen.headers)}")


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    async with Echo() as fake:
        yield fake


def client(url: str, token: str = TOKEN) -> HttpClient:
    return HttpClients().client(
        "example", url, credential=token, headers={**HEADERS, "Authorization": f"Bearer {token}"}
    )


@pytest.mark.parametrize("status", ["200", "302", "400", "401", "403", "404", "409", "422", "500", "503"])
@pytest.mark.parametrize("write", [False, True])
async def test_a_token_is_removed_from_what_the_platform_says(echo: Echo, status: str, write: bool) -> None:
    http = client(echo.url)
    with pytest.raises(AdapterError) as refused:
        await (http.write("POST", status, operation="x") if write else http.read(status, operation="x"))
    assert TOKEN in echo.seen[-1].headers["Authorization"]
    for secret in (TOKEN, "another-key-0123"):
        assert secret not in f"{refused.value} {refused.value.said} {refused.value.facts}"
    if status == "422":
        assert isinstance(refused.value, Rejected)
        assert "Bearer [secret]" in refused.value.said
    if status == "200" and not write:
        assert isinstance(refused.value, BadResponse)


async def test_a_token_that_no_header_can_hold_is_neither_sent_nor_shown(echo: Echo) -> None:
    with pytest.raises(Unreachable) as refused:
        await client(echo.url, f"{TOKEN}\n").write("POST", "200", operation="x")
    assert TOKEN not in refused.value.said
    assert echo.seen == []
