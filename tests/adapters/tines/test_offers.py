"""What can be pressed about a case: its own buttons, and the stories of the settings. Our key goes nowhere."""

from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.http.client import HttpClients
from adapters.models import PlatformAction
from adapters.tines import PLATFORM
from adapters.tines.adapter import Tines
from adapters.tines.settings import TinesSettings
from adapters.tines.webhooks import Webhooks
from adapters.toolkit.messages import load_messages
from adapters.writes import Indeterminate, PerformAction, Recovery, WriteResult
from bot.config.settings import parse
from commands.text.catalogue import plain_text, translate
from tests.adapters.tines.acting import ANA, KNOWN, a_mark, an_open_case, done, key
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.subject import a_button, connected
from tests.adapters.tines.world import FakeCase
from tests.fakes.serving import Fake, Seen

SENTENCES = load_messages(PLATFORM.messages)


class Stranger(Fake):
    """Somebody else's site."""

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.Response(status=200, text="thanks")


async def offered(tines: Tines, case: FakeCase) -> list[PlatformAction]:
    """The case's buttons and the stories of the settings."""
    return [one for one in await everything(tines, case) if one.id.startswith(("action:", "story:"))]


async def everything(tines: Tines, case: FakeCase) -> list[PlatformAction]:
    return list(await tines.actions(await tines.read(str(case.id))))


async def press(tines: Tines, case: FakeCase, offer: PlatformAction, label: str = "Claim case") -> WriteResult:
    step = PerformAction(run=key(case), by=ANA, action=offer.id, label=label)
    assert tines.steps(step, None) == [step]
    assert tines.recovery(step) is Recovery.MANUAL
    assert await tines.reconcile(step, a_mark(), KNOWN) == Indeterminate()
    return await tines.execute(step, a_mark())


def label(offer: PlatformAction) -> str:
    return plain_text(translate(offer.label, SENTENCES, **offer.facts))


def warning(offer: PlatformAction) -> str:
    return plain_text(translate(offer.warning, SENTENCES, **offer.facts))


async def test_the_buttons_of_a_case_are_offered(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    form = {"url": "https://tenant.tines.com/pages/form", "label": "Open form", "action_type": "page"}
    case.actions = [a_button(fake), form]
    button, page = await offered(tines, case)
    assert (label(button), button.link) == ("Claim case", "")
    assert warning(button).startswith("It calls 127.0.0.1, as the button in Tines does;")
    assert (label(page), page.link) == ("Open form", "https://tenant.tines.com/pages/form")
    assert (await tines.read(str(case.id))).own_buttons == ("Claim case",)


async def test_a_press_is_one_post_without_our_key(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    case.actions = [{**a_button(fake), "url": f"{fake.url}/webhook/claim-case/s3cr3t?a=1&b="}]
    (button,) = await offered(tines, case)
    told = await press(tines, case, button)
    assert told.message == "tines.pressed"
    (seen,) = fake.calls("POST", "^/webhook/")
    assert dict(seen.query) == {"a": "1", "b": "", "assignee": "john@doe.com"}
    assert "Authorization" not in seen.headers
    assert fake.token not in str(seen)
    assert seen.json["case_id"] == case.id
    assert seen.json["pressed_by"] == "Ana via Slack"
    assert seen.json["action"] == "Claim case"
    assert done(fake) == ["press"]


@pytest.mark.parametrize(
    "change",
    [{"url": "{url}/webhook/other/s3cr3t"}, {"query_params": {"status": "open"}}, {"action_type": "page"}, None],
)
async def test_what_changed_since_it_was_asked_is_not_called(
    fake: TinesFake, tines: Tines, change: dict[str, Any] | None
) -> None:
    case = an_open_case(fake)
    case.actions = [a_button(fake)]
    (button,) = await offered(tines, case)
    case.actions = [] if change is None else [{**a_button(fake), **change}]
    if change and "url" in change:
        case.actions[0]["url"] = change["url"].format(url=fake.url)
    with pytest.raises(Conflict) as gone:
        await press(tines, case, button)
    assert gone.value.key == "tines.offer_gone"
    assert done(fake) == []


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
async def test_what_must_not_be_called_is_not_offered(fake: TinesFake, tines: Tines, url: str) -> None:
    case = an_open_case(fake)
    case.actions = [{**a_button(fake), "url": url}]
    assert await offered(tines, case) == []


async def test_another_site_is_called_without_our_key(fake: TinesFake, tines: Tines, http: HttpClients) -> None:
    stranger = Stranger()
    async with stranger:
        assert not tines.pressing.webhooks.may_call(f"{stranger.url}/hook")  # not https
        await Webhooks(tines.caller, http).post(f"{stranger.url}/hook", {"case_id": 1})
        (seen,) = stranger.seen
    assert "Authorization" not in seen.headers
    assert fake.token not in str(seen)
    assert tines.pressing.webhooks.may_call("https://other.example.com/hook")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_refusal_is_told_without_the_address(fake: TinesFake, tines: Tines, status: int) -> None:
    case = an_open_case(fake)
    case.actions = [a_button(fake)]
    (button,) = await offered(tines, case)
    fake.fault("answer", method="POST", path="^/webhook/", status=status, body="no /webhook/claim-case/s3cr3t")
    with pytest.raises(Rejected) as refused:
        await press(tines, case, button)
    assert refused.value.key == "tines.webhook_refused"
    assert "s3cr3t" not in str(refused.value)


async def test_a_fault_leaves_it_unknown(fake: TinesFake, tines: Tines) -> None:
    case = an_open_case(fake)
    case.actions = [a_button(fake)]
    (button,) = await offered(tines, case)
    fake.fault("answer", method="POST", path="^/webhook/", status=502, body="bad /webhook/claim-case/s3cr3t")
    with pytest.raises(OutcomeUnknown) as unknown:
        await press(tines, case, button)
    assert "s3cr3t" not in str(unknown.value)


async def test_a_story_of_the_settings_is_offered_on_every_run(fake: TinesFake, http: HttpClients) -> None:
    tines = connected(fake, http, stories={"Restart service": f"{fake.url}/webhook/restart/s3cr3t"})
    case = an_open_case(fake)
    (story,) = await offered(tines, case)
    assert label(story) == "Restart service"
    assert warning(story).startswith("It starts that story in Tines for this case;")
    assert "s3cr3t" not in story.model_dump_json()
    told = await press(tines, case, story, "Restart service")
    assert told.message == "tines.pressed"
    (seen,) = fake.calls("POST", "^/webhook/restart/s3cr3t$")
    assert seen.json["case_id"] == case.id
    assert seen.json["story"] == "Restart service"
    with pytest.raises(Conflict):
        await press(tines, case, story.model_copy(update={"id": "story:Other"}), "Other")


def table(stories: object) -> dict[str, Any]:
    return {"kind": "tines", "url": "https://tenant.tines.com", "token": "t" * 20, "stories": stories}


def test_the_address_of_a_story_is_a_secret() -> None:
    address = "https://tenant.tines.com/webhook/restart/s3cr3t"
    settings = parse({"platforms": {"tines": table({"Restart service": address})}}, {})
    assert address in settings.secret_values()
    assert address not in repr(settings)
    text = f'{{"Restart service": "{address}"}}'
    alike = parse({"platforms": {"tines": table(None) | {"stories": text}}}, {})
    assert alike.platforms["tines"].options == settings.platforms["tines"].options


@pytest.mark.parametrize(
    "stories",
    [
        {"Restart": "http://tenant.tines.com/webhook/a/s3cr3t"},
        {"Restart": "https://tenant.tines.com@s3cr3t.example/x"},
        {"Restart": "s3cr3t"},
        {" ": "https://tenant.tines.com/webhook/a/s3cr3t"},
        "s3cr3t",
        ["https://tenant.tines.com/webhook/a/s3cr3t"],
    ],
)
def test_addresses_that_are_none_are_refused_unseen(stories: object) -> None:
    values = {name: value for name, value in table(stories).items() if name != "kind"}
    with pytest.raises(ValidationError) as refused:
        TinesSettings.model_validate(values)
    for problem in refused.value.errors():
        assert "s3cr3t" not in problem["msg"]
