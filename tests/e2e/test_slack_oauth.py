"""Workspaces install the Slack app themselves, and one process serves all of them."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from adapters.local import SAMPLES
from tests.e2e.process import Liaison, until
from tests.fakes.slack_host import Browser, HostedSlack, SlackHost

KEY, OTHER_KEY = "a2V5X29mX29uZV93b3Jrc3BhY2VfZm9yX3Rlc3RzISE=", "b3RoZXIta2V5LW9mLXRoaXJ0eS10d28tYnl0ZXMhISE="
Tables = dict[str, dict[str, Any]]
OPS, ANA = "C0OPS", "U0ANA"  # the same ids in every workspace


@pytest_asyncio.fixture(loop_scope="session")
async def host() -> AsyncIterator[SlackHost]:
    async with SlackHost() as host:
        for team, name in (("T1", "Acme"), ("T2", "Birch"), ("T3", "Cedar")):
            populate(host.add(team, name))
        yield host


def populate(workspace: HostedSlack) -> None:
    workspace.add_user(ANA, "ana", email=f"ana@{workspace.team_name.lower()}.example")
    workspace.add_channel(OPS, "ops", members=(ANA,))


def settings(host: SlackHost, *, workspaces_of_local: Sequence[str] = (), **changes: Any) -> Tables:
    slack = {
        "client_id": host.client_id,
        "client_secret": host.client_secret,
        "encryption_keys": [KEY],
        "workspaces": ["T1", "T2"],
        "signing_secret": host.signing_secret,
        "api_url": host.api_url,
    }
    local = {"kind": "local", "path": str(SAMPLES), "workspaces": list(workspaces_of_local)}
    return {"slack": {**slack, **changes}, "platforms.local": local}


async def install(host: SlackHost, liaison: Liaison, *teams: str) -> None:
    async with Browser(host, liaison.url) as browser:
        for team in teams:
            status, page = await browser.install(team)
            assert status == 200, page
            assert f"Liaison is installed in {host.workspaces[team].team_name}." in page


async def start_run(workspace: HostedSlack, liaison: Liaison) -> None:
    await workspace.command(liaison.url, "start Database failover", user=ANA, channel=OPS)
    await workspace.wait_for_post("T1 ")


async def readiness(liaison: Liaison) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{liaison.url}/readyz") as response:
        body: dict[str, Any] = await response.json()
        return body


async def test_one_process_serves_two_workspaces_and_neither_sees_the_other(
    tmp_path: Path, host: SlackHost
) -> None:
    acme, birch = host.workspaces["T1"], host.workspaces["T2"]
    async with Liaison(tmp_path, settings(host)) as liaison:
        await install(host, liaison, "T1", "T2")
        await start_run(acme, liaison)
        assert not birch.posts
        await birch.command(liaison.url, "show R1", user=ANA, channel=OPS)
        await birch.wait_for_private("I can't find a run R1 that you have access to.")
        await birch.command(liaison.url, "finish R1.T1", user=ANA, channel=OPS)
        await birch.command(liaison.url, "runs", user=ANA, channel=OPS)
        await birch.wait_for_private("No active runs")
        await start_run(birch, liaison)
        await birch.press(liaison.url, "Begin T1", user=ANA)
        await birch.wait_for_post("running")
        assert [post.channel for post in acme.bot_posts if "R2" in post.visible_text] == []
        assert "running" not in acme.bot_posts[0].visible_text
        parts = (await readiness(liaison))["parts"]
        assert parts["slack workspace T1"] is parts["slack workspace T2"] is True
        _, output = await liaison.run("doctor")
        assert "signed in as liaison in Acme" in output
        assert "signed in as liaison in Birch" in output


async def test_the_workspace_of_the_bot_token_is_served_beside_those_that_installed(
    tmp_path: Path, host: SlackHost
) -> None:
    acme, birch = host.workspaces["T1"], host.workspaces["T2"]
    tables = settings(host, bot_token=host.issue_token(acme), workspaces=["T2"])
    async with Liaison(tmp_path, tables) as liaison:
        await install(host, liaison, "T2")
        for workspace in (acme, birch):
            await start_run(workspace, liaison)
            await workspace.mention(liaison.url, "whoami", user=ANA, channel=OPS)
            await workspace.wait_for_private(f"ana@{workspace.team_name.lower()}.example")
        async with Browser(host, liaison.url) as browser:  # its own token is not given back
            assert (await browser.install("T1"))[0] == 403
        await acme.command(liaison.url, "help", user=ANA, channel=OPS)
        await acme.wait_for_private("start")


async def test_a_state_is_valid_once_and_in_the_browser_that_began(tmp_path: Path, host: SlackHost) -> None:
    async with (
        Liaison(tmp_path, settings(host)) as liaison,
        Browser(host, liaison.url) as browser,
        Browser(host, liaison.url) as other,
    ):
        callback = host.authorize(await browser.begin(), "T1")
        status, page = await other.open(callback)
        assert (status, "This installation was started in another browser" in page) == (400, True)
        await other.begin()
        assert (await other.open(callback))[0] == 400
        assert (await browser.open(f"{callback}x"))[0] == 400
        assert (await browser.open(callback))[0] == 200
        status, page = await browser.open(callback)
        assert (status, "open /slack/install here" in page) == (400, True)
        assert len(host.calls("POST", "oauth.v2.access")) == 1
        denied, page = await browser.install("T2", deny=True)
        assert (denied, "The installation was cancelled." in page) == (200, True)
        status, page = await browser.open(f"{liaison.url}/slack/oauth_redirect?error=<script>alert(1)</script>")
        assert "script" not in page


async def test_a_code_that_slack_refuses_installs_nothing(tmp_path: Path, host: SlackHost) -> None:
    async with Liaison(tmp_path, settings(host, client_secret="another-secret")) as liaison:
        async with Browser(host, liaison.url) as browser:
            status, page = await browser.install("T1")
        assert (status, "Slack didn&#x27;t confirm the installation" in page) == (400, True)
        assert not host.tokens


async def test_a_workspace_that_is_not_named_is_refused_and_its_token_given_back(
    tmp_path: Path, host: SlackHost
) -> None:
    async with Liaison(tmp_path, settings(host, workspaces=[])) as liaison:
        async with Browser(host, liaison.url) as browser:
            status, page = await browser.install("T3")
        assert (status, "Liaison doesn&#x27;t serve Cedar." in page) == (403, True)
        assert list(host.ended.values()) == ["token_revoked"]
        cedar = host.workspaces["T3"]
        answer = await cedar.command(liaison.url, "help", user=ANA, channel=OPS)
        assert "Liaison isn't installed in this workspace." in answer.json["text"]
        assert (await cedar.mention(liaison.url, "help", user=ANA, channel=OPS)).status == 200
        assert not cedar.bot_posts


@pytest.mark.parametrize("how", ["uninstalled", "token_revoked", "account_inactive"])
async def test_a_workspace_that_removed_the_app_is_forgotten_until_it_installs_again(
    tmp_path: Path, host: SlackHost, how: str
) -> None:
    acme, birch = host.workspaces["T1"], host.workspaces["T2"]
    async with Liaison(tmp_path, settings(host)) as liaison:
        await install(host, liaison, "T1", "T2")
        await start_run(birch, liaison)
        if how == "uninstalled":
            assert (await birch.uninstall(liaison.url)).status == 200
        else:
            birch.end_token(how)
            await birch.command(liaison.url, "runs", user=ANA, channel=OPS)
        state = await until(lambda: gone(liaison, "slack workspace T2"), within=60)
        assert state["ready"]
        answer = await birch.command(liaison.url, "help", user=ANA, channel=OPS)
        assert "isn't installed" in answer.json["text"]
        _, output = await liaison.run("doctor")
        assert "Birch (T2) is not served: " in output
        await start_run(acme, liaison)
        await install(host, liaison, "T2")
        await birch.command(liaison.url, "finish T1", user=ANA, channel=OPS)
        await birch.wait_for_post("done")


async def gone(liaison: Liaison, part: str) -> dict[str, Any] | None:
    state = await readiness(liaison)
    return state if part not in state["parts"] else None


def files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


async def test_tokens_are_encrypted_at_rest_and_survive_a_restart_and_a_new_key(
    tmp_path: Path, host: SlackHost
) -> None:
    acme = host.workspaces["T1"]
    async with Liaison(tmp_path, settings(host)) as liaison:
        await install(host, liaison, "T1")
        await liaison.stop()
        assert not files_with(tmp_path, acme.token)
        text = liaison.config.read_text()
        liaison.config.write_text(text.replace(KEY, OTHER_KEY))
        with pytest.raises(AssertionError):
            await liaison.start()
        sentence = "slack.encryption_keys: none of these keys decrypts the stored token of Acme (T1)"
        assert sentence in liaison.log.read_text()
        code, output = await liaison.run("doctor")
        assert code == 1
        assert sentence in output
        liaison.config.write_text(text.replace(f'"{KEY}"', f'"{OTHER_KEY}", "{KEY}"'))
        await liaison.start()
        await liaison.stop()
        liaison.config.write_text(text.replace(KEY, OTHER_KEY))  # the old key is not needed any more
        await liaison.start()
        await start_run(acme, liaison)
        assert host.client_secret not in liaison.log.read_text()
        assert acme.token not in liaison.log.read_text()


async def test_a_grid_organisation_installs_the_app_once(tmp_path: Path, host: SlackHost) -> None:
    grid = host.add("T7", "Grid", organization="E7")
    populate(grid)
    grid.channels[OPS].members.add(grid.add_user("U0BEN", "ben", email="ben@grid.example"))
    async with Liaison(tmp_path, settings(host, workspaces=["E7"])) as liaison:
        await install(host, liaison, "T7")
        await start_run(grid, liaison)
        await grid.press(liaison.url, "Begin T1", user=ANA)
        await grid.wait_for_post("running")
        await grid.mention(liaison.url, "mine", user=ANA, channel=OPS)
        await grid.wait_for_private("T1")
        assert (await readiness(liaison))["parts"]["slack workspace E7"]
        await grid.command(liaison.url, "assign T2 @ben", user=ANA, channel=OPS)  # looked up in Ana's workspace
        await grid.wait_for_post("assigned T2")
        await grid.direct_post(liaison.url, "start Third-party outage", user=ANA)  # so are their channels
        await grid.until(lambda: any("#ops" in post.visible_text or "#ops" in post.labels for post in grid.posts))


async def test_socket_mode_delivers_for_all_workspaces(tmp_path: Path, host: SlackHost) -> None:
    tables = settings(host, app_token=host.app_token)
    del tables["slack"]["signing_secret"]
    async with Liaison(tmp_path, tables) as liaison:
        await install(host, liaison, "T1", "T2")
        for team in ("T1", "T2"):
            workspace = host.workspaces[team]
            await workspace.command("socket", "start Database failover", user=ANA, channel=OPS)
            await workspace.wait_for_post("T1 ")


async def test_a_platform_is_used_only_in_the_workspaces_that_it_names(tmp_path: Path, host: SlackHost) -> None:
    acme, birch = host.workspaces["T1"], host.workspaces["T2"]
    async with Liaison(tmp_path, settings(host, workspaces_of_local=["T1"])) as liaison:
        await install(host, liaison, "T1", "T2")
        await start_run(acme, liaison)
        for command in ("runbooks", "start Database failover", "show local:R1", "use R1", "status R1"):
            before = len(birch.ephemerals)
            await birch.command(liaison.url, command, user=ANA, channel=OPS)
            await birch.until(lambda before=before: len(birch.ephemerals) > before)  # type: ignore[misc]
        assert not birch.bot_posts
        shown = " ".join(post.visible_text for post in birch.ephemerals)
        assert "I can't find a run R1 that you have access to." in shown
        assert "Confirm the primary" not in shown


async def test_a_run_crosses_workspaces_only_if_its_platform_names_both(tmp_path: Path, host: SlackHost) -> None:
    """[access] read = "members" opens the runs of the platform to every member, but not to another workspace."""
    acme, birch = host.workspaces["T1"], host.workspaces["T2"]
    both: Sequence[str] = ["T1", "T2"]
    for named, text in (([], "can't find"), (both, "Database failover")):
        folder = tmp_path / f"{len(named)}-named"
        folder.mkdir()
        liaison = Liaison(folder, settings(host, workspaces_of_local=named))
        with liaison.config.open("a") as config:
            config.write('[access]\nread = [{who = ["members"], platform = "local"}]\n')
        async with liaison:
            await install(host, liaison, "T1", "T2")
            acme.channels[OPS].messages.clear()
            await start_run(acme, liaison)
            await birch.command(liaison.url, "show R1", user=ANA, channel=OPS)
            await birch.wait_for_private(text)
