"""``liaison mattermost setup`` does what an administrator would click, and says what is left to do."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.bot.test_cli import Finished, liaison
from tests.e2e.process import Liaison
from tests.fakes.mattermost import FakeMattermost
from tests.fakes.mattermost.blocks import Json
from tests.fakes.mattermost.models import new_id


@pytest.fixture
async def mm() -> AsyncIterator[FakeMattermost]:
    async with FakeMattermost() as fake:
        fake.team_members.discard(fake.bot.id)
        yield fake


def settings_of(mm: FakeMattermost, folder: Path, **mattermost: Any) -> Liaison:
    (folder / "runbooks").mkdir(exist_ok=True)
    tables = {"mattermost": {"url": mm.url, "token": mm.bot.token, **mattermost}}
    return Liaison(folder, tables)


async def set_up(process: Liaison, token: str, *options: str) -> Finished:
    words = ("mattermost", "setup", "--config", str(process.config), *options)
    return await liaison(process.folder, *words, typed=f"{token}\n")


def writes(mm: FakeMattermost) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in mm.seen if seen.method in ("POST", "PUT", "DELETE")]


def command_of(mm: FakeMattermost) -> Json:
    [command] = mm.slash_commands.values()
    return command


async def test_it_adds_the_bot_creates_the_command_and_says_which_token_is_missing(
    mm: FakeMattermost, tmp_path: Path
) -> None:
    process = settings_of(mm, tmp_path)
    done = await set_up(process, mm.root.token)
    command = command_of(mm)
    assert mm.bot.id in mm.team_members
    assert (command["trigger"], command["url"]) == ("run", f"{process.url}/mattermost/command")
    assert (command["username"], command["auto_complete"]) == ("liaison", True)
    assert command["icon_url"] == f"{mm.url}/api/v4/users/{mm.bot.id}/image"
    assert command["auto_complete_hint"]
    assert command["description"]
    assert "Added @liaison to the team ops" in done.out
    assert f"lacks the token of ops: {command['token']}" in done.out
    assert mm.root.token not in done.out + done.err + process.config.read_text()
    assert done.code == 1


async def test_a_second_run_changes_nothing(mm: FakeMattermost, tmp_path: Path) -> None:
    await set_up(settings_of(mm, tmp_path), mm.root.token)
    before = dict(command_of(mm))
    mm.service_settings |= {
        "AllowedUntrustedInternalConnections": "10.0.0.0/8, 127.0.0.1",
        "EnablePostUsernameOverride": True,
        "EnablePostIconOverride": True,
    }
    async with settings_of(mm, tmp_path, command_tokens=[before["token"]]) as process:
        mm.slash_commands[before["id"]]["url"] = f"{process.url}/mattermost/command"
        before = dict(command_of(mm))
        done = await set_up(process, mm.root.token)
    assert command_of(mm) == before
    assert done.code == 0, done.out
    assert "FIX" not in done.out
    assert re.findall("warn (.*?) ->", done.out) == [
        "Private answers to buttons show the name and picture of whoever pressed"
    ]
    assert "The server reaches Liaison" in done.out
    assert [call for call in writes(mm) if call.startswith("PUT")] == []


async def test_a_dry_run_prints_every_change_and_makes_none(mm: FakeMattermost, tmp_path: Path) -> None:
    process = settings_of(mm, tmp_path)
    done = await set_up(process, mm.root.token, "--dry-run")
    assert "Would add @liaison to the team ops" in done.out
    assert f"Would create /run in ops, sent to {process.url}/mattermost/command" in done.out
    assert mm.slash_commands == {}
    assert mm.bot.id not in mm.team_members
    assert set(writes(mm)) == {"POST /api/v4/roles/names"}
    await set_up(process, mm.root.token)
    command_of(mm)["username"] = "somebody"
    done = await set_up(process, mm.root.token, "--dry-run")
    assert "Would change /run in ops (username: 'somebody' → 'liaison')" in done.out
    assert command_of(mm)["username"] == "somebody"
    done = await set_up(process, mm.root.token)
    assert "Changed /run in ops (username: 'somebody' → 'liaison')" in done.out
    assert command_of(mm)["username"] == "liaison"


async def test_without_rights_each_refused_line_says_what_to_click(mm: FakeMattermost, tmp_path: Path) -> None:
    done = await set_up(settings_of(mm, tmp_path), mm.ana.token, "--team", "ops")
    assert "@ana is not a system administrator" in done.out
    assert "team menu > Invite People > @liaison" in done.out
    mm.team_members.add(mm.bot.id)
    done = await set_up(settings_of(mm, tmp_path), mm.ana.token)
    assert "Integrations > Slash Commands > Add: trigger word run" in done.out
    assert "Could not find out whether the server may call" in done.out
    assert done.code == 1


@pytest.mark.parametrize("token", ["", "w" * 26])
async def test_without_a_valid_token_it_prints_the_clicks(mm: FakeMattermost, tmp_path: Path, token: str) -> None:
    process = settings_of(mm, tmp_path)
    done = await set_up(process, token)
    assert f"request URL {process.url}/mattermost/command" in done.out
    assert "Allow untrusted internal connections" in done.out
    assert ("doesn't accept this administrator's token" in done.out) is bool(token)
    assert done.code == 1
    assert writes(mm) == []


async def test_a_command_of_somebody_else_is_left_alone(mm: FakeMattermost, tmp_path: Path) -> None:
    mm.team_members.add(mm.bot.id)
    other = {"id": new_id(), "team_id": mm.team["id"], "trigger": "run", "url": "https://ci.example.com/run"}
    mm.slash_commands[other["id"]] = dict(other)
    done = await set_up(settings_of(mm, tmp_path), mm.root.token)
    assert "/run in ops belongs to something else: it is sent to https://ci.example.com/run" in done.out
    assert command_of(mm) == other


async def test_the_servers_settings_are_checked(mm: FakeMattermost, tmp_path: Path) -> None:
    mm.team_members.add(mm.bot.id)
    mm.service_settings |= {"SiteURL": "", "EnableCommands": False}
    done = await set_up(settings_of(mm, tmp_path), mm.root.token)
    assert "The server has no SiteURL" in done.out
    assert "Private answers to commands show the name and picture of whoever asked" in done.out
    assert "Private answers to buttons show the name and picture of whoever pressed" in done.out
    assert "The server does not call 127.0.0.1: it is an internal address" in done.out
    assert "Custom slash commands are switched off" in done.out


async def test_the_right_to_post_ephemerally_makes_answers_come_from_the_bot(
    mm: FakeMattermost, tmp_path: Path
) -> None:
    mm.team_members.add(mm.bot.id)
    mm.permissions["system_post_all"].append("create_post_ephemeral")
    mm.bot.roles = "system_user system_post_all"
    done = await set_up(settings_of(mm, tmp_path), mm.root.token)
    assert "Private answers come from the bot: it has the permission create_post_ephemeral" in done.out
    assert "whoever pressed" not in done.out


async def test_it_says_whether_the_server_reaches_liaison(mm: FakeMattermost, tmp_path: Path) -> None:
    process = settings_of(mm, tmp_path)
    done = await set_up(process, mm.root.token)
    assert f"Could not find out whether the server reaches {process.url}: Liaison is not running" in done.out
    async with process:
        done = await set_up(process, mm.root.token)
        assert "but the running Liaison does not know the command's token" in done.out
        mm.unreachable = True
        done = await set_up(process, mm.root.token)
        assert f"The server cannot reach Liaison at {process.url}" in done.out


async def test_one_of_several_teams_must_be_named(mm: FakeMattermost, tmp_path: Path) -> None:
    done = await set_up(settings_of(mm, tmp_path), mm.root.token, "--team", "nowhere")
    assert "There is no team nowhere" in done.out
    assert mm.slash_commands == {}


async def test_without_a_mattermost_in_the_settings_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "liaison.toml").write_text("")
    done = await liaison(tmp_path, "mattermost", "setup", typed="\n")
    assert done.code == 2
    assert "Set [mattermost] url and token first" in done.err
