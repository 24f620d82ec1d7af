"""``liaison doctor`` and the manifest."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.protocol import CheckStatus
from bot.surfaces.options import SlackOptions
from bot.surfaces.slack import SlackSurface
from bot.surfaces.slack.manifest import SCOPES, manifest, manifest_yaml
from tests.bot.surfaces.slack.rig import Notepad, options_for
from tests.fakes.slack import Slack

ROOT = Path(__file__).parents[4]


async def problems(options: SlackOptions) -> list[str]:
    surface = SlackSurface(options, command="/run", state=Notepad(), now=lambda: datetime.now(UTC))
    found = await surface.check()
    return [f"{one.summary} -> {one.fix}" for one in found if one.status is CheckStatus.FIX]


async def test_a_good_setup_has_nothing_to_fix(slack: Slack) -> None:
    assert await problems(options_for(slack)) == []
    assert await problems(options_for(slack, socket_mode=True)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bot_token": SecretStr("xoxb-wrong")}, "slack.bot_token: invalid_auth"),
        ({"app_token": SecretStr("xapp-wrong")}, "slack.app_token: invalid_auth"),
        ({"signing_secret": None}, "neither slack.signing_secret nor slack.app_token"),
        ({"api_url": "http://127.0.0.1:1/api/"}, "cannot be reached"),
    ],
)
async def test_each_wrong_setting_is_named_with_its_remedy(
    slack: Slack, change: dict[str, object], said: str
) -> None:
    found = await problems(options_for(slack).model_copy(update=change))
    assert len(found) == 1
    assert said in found[0]
    assert not found[0].endswith("-> ")
    assert "wrong" not in found[0]


async def test_missing_scopes_are_listed(slack: Slack) -> None:
    slack.scopes = ",".join(scope for scope in SCOPES if scope not in ("commands", "users:read.email"))
    found = await problems(options_for(slack))
    assert len(found) == 1
    assert "commands, users:read.email" in found[0]


def test_the_manifest_in_the_repository_is_the_generated_one() -> None:
    assert (ROOT / "manifest.yml").read_text() == manifest_yaml("/run", None, socket=True)


def test_the_manifest_names_one_address_for_everything() -> None:
    made = manifest("/go", "https://bot.acme.example/", socket=False)
    address = "https://bot.acme.example/slack/events"
    command = made["features"]["slash_commands"][0]
    assert (command["command"], command["url"], command["should_escape"]) == ("/go", address, True)
    assert made["settings"]["event_subscriptions"]["request_url"] == address
    assert made["settings"]["interactivity"]["request_url"] == address
    assert made["settings"]["interactivity"]["message_menu_options_url"] == address
    assert "url" not in str(manifest("/go", None, socket=True))


def test_the_manifest_keeps_slacks_limits() -> None:
    made = manifest("/run", None, socket=True)
    assert all(len(shortcut["name"]) <= 24 for shortcut in made["features"]["shortcuts"])
    assert len(made["features"]["slash_commands"][0]["description"]) <= 2000
    assert len(made["display_information"]["description"]) <= 140


def test_the_manifest_as_yaml() -> None:
    lines = manifest_yaml("/run", None, socket=True).splitlines()
    assert '    - command: "/run"' in lines
    assert "      should_escape: true" in lines
    assert "      - app_mentions:read" in lines
    assert "  socket_mode_enabled: true" in lines
