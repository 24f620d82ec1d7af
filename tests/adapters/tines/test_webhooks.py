"""Calling webhooks: which URLs are allowed, and that none gets the API key."""

import pytest
from aiohttp import web

from adapters.errors import OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.testing.fake_server import Fake, Seen
from adapters.tines.adapter import Tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import make_button
from tests.adapters.tines.helpers import add_open_case, effects
from tests.adapters.tines.test_actions import list_own_actions, press


class OtherSite(Fake):
    """A site that does not belong to the tenant."""

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.Response(status=200, text="thanks")


async def test_a_press_is_one_post_without_the_api_key(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.actions = [{**make_button(fake), "url": f"{fake.url}/webhook/claim-case/s3cr3t?a=1&b="}]
    (button,) = await list_own_actions(tines, case)
    result = await press(tines, case, button)
    assert result.message == "tines.pressed"
    (seen,) = fake.calls("POST", "^/webhook/")
    assert dict(seen.query) == {"a": "1", "b": "", "assignee": "john@doe.com"}
    assert "Authorization" not in seen.headers
    assert fake.token not in str(seen)
    assert seen.json["case_id"] == case.id
    assert seen.json["pressed_by"] == "Ana via Slack"
    assert seen.json["action"] == "Claim case"
    assert effects(fake) == ["press"]


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example.com/webhook/x/y",
        "https://localhost/webhook/x/y",
        "https://intranet/webhook/x/y",
        "https://10.0.0.7/webhook/x/y",
        "https://[::1]/webhook/x/y",
        "https://127.1/webhook/x/y",
        "https://0x7f.1/webhook/x/y",
        "https://127.0.0.1./webhook/x/y",
        "https://vault.internal/webhook/x/y",
        "https://ana:secret@tenant.tines.com/webhook/x/y",
        "ftp://tenant.tines.com/x",
        "javascript:alert(1)",
        "https://tenant.tines.com:99999/webhook/x",
        "/webhook/x/y",
        "",
    ],
)
async def test_a_forbidden_url_is_not_listed(fake: TinesFake, tines: Tines, url: str) -> None:
    case = add_open_case(fake)
    case.actions = [{**make_button(fake), "url": url}]
    assert await list_own_actions(tines, case) == []


async def test_another_site_is_called_without_the_api_key(
    fake: TinesFake, tines: Tines, http: HttpClients
) -> None:
    other_site = OtherSite()
    async with other_site:
        assert not tines.webhooks.is_allowed(f"{other_site.url}/hook")  # not https
        await tines.webhooks.post(f"{other_site.url}/hook", {"case_id": 1})
        (seen,) = other_site.seen
    assert "Authorization" not in seen.headers
    assert fake.token not in str(seen)
    assert tines.webhooks.is_allowed("https://other.example.com/hook")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_refusal_does_not_show_the_url(fake: TinesFake, tines: Tines, status: int) -> None:
    case = add_open_case(fake)
    case.actions = [make_button(fake)]
    (button,) = await list_own_actions(tines, case)
    fake.fault("answer", method="POST", path="^/webhook/", status=status, body="no /webhook/claim-case/s3cr3t")
    with pytest.raises(Rejected) as error:
        await press(tines, case, button)
    assert error.value.key == "tines.webhook_refused"
    assert "s3cr3t" not in str(error.value)


async def test_a_server_error_leaves_the_outcome_unknown(fake: TinesFake, tines: Tines) -> None:
    case = add_open_case(fake)
    case.actions = [make_button(fake)]
    (button,) = await list_own_actions(tines, case)
    fake.fault("answer", method="POST", path="^/webhook/", status=502, body="bad /webhook/claim-case/s3cr3t")
    with pytest.raises(OutcomeUnknown) as error:
        await press(tines, case, button)
    assert "s3cr3t" not in str(error.value)
