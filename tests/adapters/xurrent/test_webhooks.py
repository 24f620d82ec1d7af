"""A new webhook is verified by opening its callback URL, on the account's own site only."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.change_sources import WebhookVerification
from adapters.errors import BadResponse, NotFound, Unreachable
from adapters.http.client import HttpClients
from adapters.testing.fake_server import Fake, Seen
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.links import Links
from adapters.xurrent.webhooks import callback_url
from bot.bootstrap import bootstrap
from bot.config.settings import load
from bot.surfaces.console.surface import Console
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.harness import connect_adapter


class Site(Fake):
    """The site that people open: every page exists."""

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.Response(text="verified")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site:
        yield site


def delivery(callback: object, event: str = "webhook.verify") -> bytes:
    return json.dumps({"webhook_id": 49, "event": event, "payload": {"callback": callback}}).encode()


def as_jwt(payload: bytes) -> bytes:
    """The delivery as a webhook policy sends it."""
    head, body = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b'{"alg":"rs256"}', payload))
    return json.dumps({"jwt": f"{head}.{body}.c2lnbmF0dXJl"}).encode()


@pytest.mark.parametrize("encode", [bytes, as_jwt])
async def test_the_callback_is_opened_once_without_the_token(
    fake: XurrentFake, http: HttpClients, site: Site, encode: Callable[[bytes], bytes]
) -> None:
    adapter = connect_adapter(fake, http, site=site.url)
    address = f"{site.url}/webhooks/49/verify?code=7aa6ef"
    assert isinstance(adapter, WebhookVerification)
    assert await adapter.verify_webhook(encode(delivery(address))) == address
    (seen,) = site.seen
    assert (seen.method, seen.path, seen.query) == ("GET", "/webhooks/49/verify", {"code": "7aa6ef"})
    assert not {name.lower() for name in seen.headers} & {"authorization", "x-xurrent-account"}
    assert fake.seen == []


async def test_a_callback_on_the_api_site_is_opened(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    fake.fault("answer", method="GET", path="/webhooks/", status=204)
    assert await xurrent.verify_webhook(delivery(f"{fake.url}/webhooks/49/verify"))
    assert Links("x", "https://api.au.xurrent.com/v1", "wdc").origins() == [
        "https://api.au.xurrent.com",
        "https://wdc.au.xurrent.com",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://EVIL/verify",
        "http://OURS@EVIL/verify",
        "//EVIL/v",
        "/verify",
        "https://OURS/v",
        "ftp://OURS/v",
        "http://[",
    ],
)
async def test_no_other_address_is_opened(
    xurrent: XurrentAdapter, fake: XurrentFake, site: Site, address: str
) -> None:
    for name, url in (("EVIL", site.url), ("OURS", fake.url)):
        address = address.replace(name, url.removeprefix("http://"))
    with pytest.raises(BadResponse) as refused:
        await xurrent.verify_webhook(delivery(address))
    assert refused.value.key == "platform.foreign_link"
    assert (site.seen, fake.seen) == ([], [])


async def test_a_failed_callback_raises(fake: XurrentFake, http: HttpClients, site: Site) -> None:
    adapter = connect_adapter(fake, http, site=site.url)
    payload = delivery(f"{site.url}/webhooks/49/verify")
    site.fault("answer", method="GET", status=404)
    with pytest.raises(NotFound):
        await adapter.verify_webhook(payload)
    site.fault("answer", method="GET", status=302, headers={"Location": "https://evil.example.com/"})
    with pytest.raises(BadResponse):
        await adapter.verify_webhook(payload)
    await site.stop()
    with pytest.raises(Unreachable):
        await adapter.verify_webhook(payload)


async def test_the_application_verifies_webhooks_and_survives_refusals(
    fake: XurrentFake, site: Site, tmp_path: Path
) -> None:
    table = "\n".join(f'{name} = "{value}"' for name, value in {**fake.settings(), "site": site.url}.items())
    file = tmp_path / "liaison.toml"
    file.write_text(f'[bot]\ndatabase_url = "sqlite:///{tmp_path}/l.db"\n[platforms.xurrent]\n{table}\n')
    app = bootstrap(load(file, {}).with_secret_key(), surfaces=[Console()])
    await app.start()
    app.resume()
    try:
        await app.verify_webhook("xurrent", delivery("https://evil.example.com/verify"))
        await app.verify_webhook("nowhere", delivery(f"{site.url}/verify"))
        await app.verify_webhook("xurrent", delivery(f"{site.url}/webhooks/49/verify"))
    finally:
        await app.stop()
    assert [seen.path for seen in site.seen] == ["/webhooks/49/verify"]


async def test_other_deliveries_open_nothing(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    for payload in (
        delivery(f"{fake.url}/x", event="task.update"),
        delivery(None),
        delivery({}),
        b'{"event":"webhook.verify","payload":null}',
        b'{"jwt":"a.b"}',
        b'{"jwt":7}',
        b"[]",
        b"",
        b"\xff",
    ):
        assert await xurrent.verify_webhook(payload) == ""
    assert fake.seen == []


@given(st.binary(max_size=60))
def test_no_delivery_crashes(payload: bytes) -> None:
    assert callback_url(payload) == ""
    assert callback_url(json.dumps({"jwt": payload.decode("latin-1")}).encode()) == ""
