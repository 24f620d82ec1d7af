"""What the doctor says, and that every refusal of the server has its sentence."""

import pytest

from adapters.errors import AdapterError, CredentialsRejected, Rejected, Unsupported
from adapters.http.client import HttpClients
from adapters.http.responses import Response
from adapters.playbooks import PLATFORM
from adapters.playbooks.errors import explain_for
from adapters.playbooks.settings import PlaybooksSettings
from adapters.protocol import CheckStatus
from adapters.toolkit.messages import load_messages
from tests.adapters.playbooks import recorded
from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.subject import PlaybooksSubject, connect

REFUSALS = [
    (400, '{"error":"message must not be empty"}', True, "playbooks.empty_message"),
    (400, '{"error":"the reminder must be set and not 0"}', True, "playbooks.reminder"),
    (400, '{"error":"cannot modify a finished run"}', True, "playbooks.finished"),
    (400, '{"error":"unable to create playbook run"}', True, "playbooks.cannot_start"),
    (400, '{"error":"invalid owner"}', True, "playbooks.owner"),
    (400, '{"error":"Bad parameter"}', False, "platform.rejected"),
    (400, '{"id":"model.post.is_valid.msg.app_error","message":"Invalid message."}', True, "playbooks.too_long"),
    (401, "Not authorized\n", False, "playbooks.token"),
    (403, '{"error":"Not authorized"}', False, "playbooks.hidden"),
    (403, '{"error":"Not authorized"}', True, "playbooks.not_participant"),
    (403, '{"error":"your license does not allow this"}', True, "playbooks.licence"),
    (404, "404 page not found\n", True, "playbooks.no_route"),
    (405, "", True, "playbooks.no_route"),
    (
        501,
        '{"id":"app.plugin.disabled.app_error","message":"Plugins have been disabled."}',
        False,
        "playbooks.plugins_off",
    ),
]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("404: Not Found", Unsupported),
        ('{"detail":"Not Found"}', Unsupported),
        ('{"error":"Not found","details":""}', type(None)),  # the general rule: NotFound
        ('{"id":"app.post.get.app_error","message":"No such post.","status_code":404}', type(None)),
    ],
)
def test_a_thing_that_is_not_there_is_no_missing_route(body: str, kind: type) -> None:
    assert isinstance(explain_for("playbooks")(Response(404, {}, body.encode()), "comment", True), kind)
    assert explain_for("playbooks")(Response(404, {}, body.encode()), "show", False) is None


@pytest.mark.parametrize(("status", "body", "is_write", "key"), REFUSALS)
def test_what_a_refusal_means(status: int, body: str, is_write: bool, key: str) -> None:
    error = explain_for("playbooks")(Response(status, {}, body.encode()), "show", is_write)
    assert error is not None
    assert error.key == key
    if key.startswith("playbooks."):
        assert key in load_messages(PLATFORM.messages)


@pytest.mark.parametrize("body", ["", "[]", "null", '{"error": 5}', "<html>", "\xff"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422, 500, 501, 503])
def test_a_refusal_in_any_words_is_read(status: int, body: str) -> None:
    error = explain_for("playbooks")(Response(status, {"content-type": "text/html"}, body.encode()), "show", True)
    assert error is None or isinstance(error, AdapterError)


@pytest.mark.parametrize("name", ["playbooks-1.20", "playbooks-2.x", "playbooks-0.6.0"])
def test_every_recorded_refusal_is_understood(name: str) -> None:
    for exchange in recorded.exchanges(name):
        answer, method = exchange["response"], exchange["request"]["method"]
        if answer["status"] < 400:
            continue
        body = answer["body"] if isinstance(answer["body"], str) else recorded.text(answer["body"])
        error = explain_for("playbooks")(Response(answer["status"], {}, body.encode()), "show", method != "GET")
        assert (error is None) == (answer["status"] == 500), exchange["name"]
        if answer["status"] in (404, 405):
            assert isinstance(error, Unsupported)
        if answer["status"] == 401:
            assert isinstance(error, CredentialsRejected)


async def _problem(fake: PlaybooksFake, **settings: str) -> tuple[str, str]:
    http = HttpClients()
    problems = await connect(fake, http, **settings).check()
    await http.close()
    assert problems[-1].status is CheckStatus.FIX
    return problems[-1].summary, problems[-1].fix


async def test_a_healthy_site(either: PlaybooksSubject) -> None:
    problems = await either.adapter.check()
    assert [problem.status for problem in problems] == [CheckStatus.OK, CheckStatus.OK]
    assert "@relay" in problems[0].summary
    assert "1 playbooks" in problems[1].summary


async def test_what_the_doctor_finds(either: PlaybooksSubject) -> None:
    fake = either.fake
    what, fix = await _problem(fake, token="wrong")
    assert "refuses the token" in what
    assert "[platforms.playbooks] token" in fix
    assert "wrong" not in what + fix
    what, fix = await _problem(fake, url=f"{fake.url}/nowhere")
    assert "SiteURL" in fix
    what, fix = await _problem(fake, team="sales")
    assert "sales" in what
    assert "Invite people" in fix
    what, _ = await _problem(fake, team="z" * 26)
    assert "not in the team" in what
    fake.world.playbooks.clear()
    what, fix = await _problem(fake)
    assert "sees no playbook" in what
    fake.fault("answer", path="/plugins/", status=404, body="404 page not found\n", times=9)
    what, fix = await _problem(fake)
    assert "plugin does not answer" in what
    assert "Enable Plugin" in fix


async def test_the_doctor_without_a_server() -> None:
    fake = PlaybooksFake()
    async with fake:
        pass
    what, fix = await _problem(fake)
    assert "does not answer" in what
    assert "url" in fix


async def test_a_site_with_a_sub_path() -> None:
    async with PlaybooksFake(prefix="/chat") as fake:
        assert isinstance(fake, PlaybooksFake)
        http = HttpClients()
        adapter = connect(fake, http)
        assert [one.title for one in await adapter.runbooks("")] == ["Database failover"]
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
def test_the_site_is_read_from_what_people_paste(url: str) -> None:
    settings = PlaybooksSettings.model_validate({"url": url, "token": "x"})
    assert settings.url == "https://chat.example.com"
    assert "x" not in repr(settings.token)


async def test_a_team_the_bot_is_not_in_is_told_on_a_read(either: PlaybooksSubject) -> None:
    http = HttpClients()
    adapter = connect(either.fake, http, team="sales")
    with pytest.raises(Rejected) as refused:
        await adapter.runs("")
    assert refused.value.key == "playbooks.no_team"
    await http.close()
