"""The checks of ``liaison doctor``, and the manifest."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.protocol import CheckStatus
from bot.services.duties import Duties
from bot.surfaces.options import SlackOptions
from bot.surfaces.slack import SlackSurface
from bot.surfaces.slack.manifest import SCOPES, manifest, manifest_yaml
from tests.bot.surfaces.memory_state import MemoryState
from tests.bot.surfaces.slack.harness import options_for
from tests.fakes.slack import Slack

ROOT = Path(__file__).parents[4]


async def list_problems(options: SlackOptions) -> list[str]:
    surface = SlackSurface(
        options, command="/run", state=MemoryState(), now=lambda: datetime.now(UTC), duties=Duties()
    )
    results = await surface.check()
    return [f"{item.summary} -> {item.fix}" for item in results if item.status is CheckStatus.FIX]


async def test_a_good_setup_has_nothing_to_fix(slack: Slack) -> None:
    assert await list_problems(options_for(slack)) == []
    assert await list_problems(options_for(slack, socket_mode=True)) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"bot_token": SecretStr("xoxb-wrong")}, "slack.bot_token: invalid_auth"),
        ({"app_token": SecretStr("xapp-wrong")}, "slack.app_token: invalid_auth"),
        ({"signing_secret": None}, "Neither slack.signing_secret nor slack.app_token"),
        ({"api_url": "http://127.0.0.1:1/api/"}, "Can't reach Slack"),
    ],
)
async def test_each_wrong_setting_is_reported_with_its_fix(
    slack: Slack, change: dict[str, object], text: str
) -> None:
    results = await list_problems(options_for(slack).model_copy(update=change))
    assert len(results) == 1
    assert text in results[0]
    assert not results[0].endswith("-> ")
    assert "wrong" not in results[0]


async def test_missing_scopes_are_listed(slack: Slack) -> None:
    slack.scopes = ",".join(scope for scope in SCOPES if scope not in ("commands", "users:read.email"))
    results = await list_problems(options_for(slack))
    assert len(results) == 1
    assert "commands, users:read.email" in results[0]


def test_the_manifest_file_is_up_to_date() -> None:
    assert (ROOT / "manifest.yml").read_text() == manifest_yaml("/run", None, socket=True)


def test_the_manifest_uses_one_url() -> None:
    manifest_dict = manifest("/go", "https://bot.acme.example/", socket=False)
    address = "https://bot.acme.example/slack/events"
    command = manifest_dict["features"]["slash_commands"][0]
    assert (command["command"], command["url"], command["should_escape"]) == ("/go", address, True)
    assert manifest_dict["settings"]["event_subscriptions"]["request_url"] == address
    assert manifest_dict["settings"]["interactivity"]["request_url"] == address
    assert manifest_dict["settings"]["interactivity"]["message_menu_options_url"] == address
    assert "url" not in str(manifest("/go", None, socket=True))


def test_the_manifest_is_within_slacks_limits() -> None:
    manifest_dict = manifest("/run", None, socket=True)
    assert len(manifest_dict["features"]["shortcuts"]) <= 10
    assert all(len(shortcut["name"]) <= 24 for shortcut in manifest_dict["features"]["shortcuts"])
    assert len(manifest_dict["features"]["slash_commands"][0]["description"]) <= 2000
    assert len(manifest_dict["display_information"]["description"]) <= 140


def test_links_to_the_domains_of_platforms_unfurl() -> None:
    assert "unfurl_domains" not in str(manifest("/run", None, socket=True))
    manifest_dict = manifest("/run", None, True, [f"p{n}.example.com" for n in range(7)])
    assert manifest_dict["features"]["unfurl_domains"] == [f"p{n}.example.com" for n in range(5)]
    assert {"links:read", "links:write"} <= set(manifest_dict["oauth_config"]["scopes"]["bot"])
    assert "link_shared" in manifest_dict["settings"]["event_subscriptions"]["bot_events"]


def test_steps_of_workflows_are_only_in_the_manifest_if_switched_on() -> None:
    assert "functions" not in manifest("/run", None, socket=True)
    manifest_dict = manifest("/run", None, True, steps=True)
    assert set(manifest_dict["functions"]) == {"start_run", "finish_task", "post_status"}
    assert manifest_dict["settings"]["function_runtime"] == "remote"
    assert manifest_dict["settings"]["org_deploy_enabled"]
    assert "function_executed" in manifest_dict["settings"]["event_subscriptions"]["bot_events"]


def test_the_manifest_as_yaml() -> None:
    lines = manifest_yaml("/run", None, socket=True).splitlines()
    assert '    - command: "/run"' in lines
    assert "      should_escape: true" in lines
    assert "      - app_mentions:read" in lines
    assert "  socket_mode_enabled: true" in lines
