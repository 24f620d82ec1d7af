"""``liaison doctor`` never crashes, creates nothing, and has the exact fix for each common mistake."""

import sqlite3
import stat
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.protocol import CheckResult
from bot.config.settings import Settings, load
from bot.doctor import doctor
from bot.server.lock import hold_lock
from bot.server.serve import migrate
from tests.bot.test_cli import liaison
from tests.databases import execute
from tests.e2e.process import Liaison, until

SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK = {"bot_token": "xoxb-1", "signing_secret": SIGNING, "api_url": "http://127.0.0.1:9/"}
MATTERMOST = {"url": "http://127.0.0.1:9", "token": "x" * 26, "command_tokens": ["y" * 26]}
PUBLIC = {"public_url": "https://liaison.example.com"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "a.md").write_text("- [ ] one\n")
    return tmp_path


def toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    lines: list[str] = []
    for section, values in tables.items():
        lines += [f"[{section}]", *(f"{key} = {value!r}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


async def checked(
    folder: Path, tables: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str] | None = None
) -> tuple[int, list[str]]:
    """(exit code, lines)"""
    config, lines = folder / "liaison.toml", list[str]()
    config.write_text(toml(tables))
    config.chmod(0o600)

    def load_settings(path: Path | None) -> Settings:
        return load(path, environ or {})

    return await doctor(config, None, lines.append, load_settings), lines


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("chat", ["none", "slack", "mattermost"])
async def test_nothing_is_created(folder: Path, chat: str) -> None:
    tables: dict[str, Mapping[str, Any]] = {"bot": {"database_url": f"sqlite:///{folder}/deep/er/liaison.db"}}
    tables |= {"slack": SLACK} if chat == "slack" else {}
    tables |= {"mattermost": MATTERMOST} if chat == "mattermost" else {}
    before = files(folder)
    _, lines = await checked(folder, tables)
    assert files(folder) == before | {"liaison.toml"}
    assert f"ok   store: {folder}/deep/er/liaison.db does not exist yet; liaison serve creates it" in lines


async def test_an_existing_database_is_not_changed(folder: Path) -> None:
    tables = {"bot": {"database_url": f"sqlite:///{folder}/liaison.db"}}
    await checked(folder, tables)
    await migrate(load(folder / "liaison.toml", {}))
    content, before = (folder / "liaison.db").read_bytes(), files(folder)
    _, lines = await checked(folder, tables)
    assert f"ok   store: {folder}/liaison.db" in lines
    with hold_lock(folder / "liaison.db.lock"):
        _, lines = await checked(folder, tables)
    assert f"ok   store: {folder}/liaison.db, in use by a running Liaison" in lines
    assert ((folder / "liaison.db").read_bytes(), files(folder)) == (content, before)


@pytest.mark.parametrize(
    "content", [b"", b"not a database" * 500, b"SQLite format 3\0" + b"\xff" * 5000, "cut", "schema"]
)
async def test_a_database_that_cannot_be_read_is_a_line(folder: Path, content: bytes | str) -> None:
    path, tables = folder / "liaison.db", {"bot": {"database_url": f"sqlite:///{folder}/liaison.db"}}
    await checked(folder, tables)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        await migrate(load(folder / "liaison.toml", {}))
        if content == "cut":
            path.write_bytes(path.read_bytes()[:5000])
        else:
            with closing(sqlite3.connect(path)) as database:
                database.execute("drop table inbox")
                database.commit()
    code, lines = await checked(folder, tables)
    assert lines[-1].endswith("to fix")
    assert any("local: " in line for line in lines), lines
    if content:
        assert [line for line in lines if line.startswith("FIX  store: ")], lines
        assert code == 1


async def test_a_database_on_a_server(folder: Path, postgres_url: str) -> None:
    name = postgres_url.replace("liaison@", "liaison:secret@")
    tables = {"bot": {"database_url": name, "secret_key": "k" * 32}}
    _, lines = await checked(folder, tables)
    assert f"ok   store: {postgres_url}" in lines
    assert any("local: " in line for line in lines), lines
    changes = {
        "update alembic_version set version_num = '9999'": "ok   store: {url}",
        "update compatibility set oldest = '9999'": "FIX  store: {url}: the database was written by a newer",
        "update alembic_version set version_num = '0009'": "ok   store: {url} is migrated by the next",
        "drop table alembic_version": "ok   store: {url} has no tables yet; liaison serve creates them",
    }
    for change, expected in changes.items():
        execute(postgres_url, change)
        _, lines = await checked(folder, tables)
        assert [line for line in lines if line.startswith(expected.format(url=postgres_url))], lines
    away = {"bot": {"database_url": "postgresql://127.0.0.1:1/liaison", "secret_key": "k" * 32}}
    code, lines = await checked(folder, away)
    assert code == 1
    assert [line for line in lines if "cannot open the database: connection failed" in line], lines


async def test_a_folder_where_the_database_should_be_is_a_line(folder: Path) -> None:
    (folder / "liaison.db").mkdir()
    _, lines = await checked(folder, {"bot": {"database_url": f"sqlite:///{folder}/liaison.db"}})
    assert [line for line in lines if line.startswith("FIX  store: ")]


@pytest.mark.parametrize("method", ["check", "__init__"])
async def test_an_adapter_that_raises_is_a_line_without_its_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async def broken(*_: object) -> Sequence[CheckResult]:
        raise KeyError("the token hunter2-token-of-many-words")

    def broken_start(*_: object, **__: object) -> None:
        raise KeyError("the token hunter2-token-of-many-words")

    name = f"adapters.cutover.adapter.Cutover.{method}"
    monkeypatch.setattr(name, broken if method == "check" else broken_start)
    cutover = {"kind": "cutover", "url": "http://127.0.0.1:9", "token": "hunter2-token-of-many-words"}
    code, lines = await checked(folder, {"platforms.cut": cutover, "platforms.local": {"kind": "local"}})
    assert code == 1
    assert [line for line in lines if "KeyError" in line and line.startswith("FIX  ")]
    assert "hunter2" not in "\n".join(lines)
    assert method == "__init__" or [line for line in lines if line.startswith("ok   local: ")]


@pytest.mark.parametrize(
    ("tables", "environ", "line"),
    [
        (
            {"slack": {**SLACK, "bot_token": "xapp-1-A", "app_token": "xoxb-1"}},
            {},
            "FIX  slack.bot_token: is an app-level token (xapp-…), which belongs in slack.app_token -> "
            "set bot_token to the bot token (xoxb-…) from OAuth & Permissions",
        ),
        (
            {"slack": {**SLACK, "bot_token": "xapp-1-A", "app_token": "xoxb-1"}},
            {},
            "FIX  slack.app_token: is a bot token (xoxb-…), which belongs in slack.bot_token -> "
            "set app_token to an app-level token (xapp-…) with connections:write from Basic Information",
        ),
        (
            {"slack": {**SLACK, "bot_token": "xoxp-1"}},
            {},
            "FIX  slack.bot_token: is a user token (xoxp-…) -> "
            "set bot_token to the bot token (xoxb-…) from OAuth & Permissions",
        ),
        (
            {"slack": {**SLACK, "signing_secret": "xoxb-1-2-3-4-5-6-7-8-9"}},
            {},
            "FIX  slack.signing_secret: is a bot token (xoxb-…), which belongs in slack.bot_token -> "
            "set signing_secret to the signing secret from Basic Information",
        ),
        (
            {"slack": {**SLACK, "api_url": "slack.com/api"}},
            {},
            'FIX  slack.api_url: must be a URL -> set it to "https://slack.com/api/", or remove it',
        ),
        (
            {"bot": {"public_url": "https://liaison.example.com:8443/slack/events"}},
            {},
            'FIX  bot.public_url: must not have a path -> set it to "https://liaison.example.com:8443"',
        ),
        (
            {"mattermost": {**MATTERMOST, "url": "https://chat.example.com/sub/api/v4"}},
            {},
            "FIX  mattermost.url: must be the address of the site, without /api -> "
            'set it to "https://chat.example.com/sub"',
        ),
        (
            {"mattermost": {**MATTERMOST, "url": "chat.example.com"}},
            {},
            'FIX  mattermost.url: must begin with https:// or http:// -> set it to "https://chat.example.com"',
        ),
        (
            {"platforms.x": {"kind": "local", "hook_secret": "short"}},
            {},
            "FIX  platforms.x.hook_secret: is too short and can be guessed -> "
            "use at least 16 characters: openssl rand -hex 16",
        ),
        (
            {"mattermost": {**MATTERMOST, "command_tokens": ["k9x2"]}},
            {},
            "FIX  mattermost.command_tokens: is too short and can be guessed -> "
            "set them to what Mattermost shows for each command",
        ),
        (
            {"slack": {**SLACK, "signing_secret": "hush"}},
            {},
            "FIX  slack.signing_secret: is too short and can be guessed -> "
            "set it to the signing secret from Basic Information",
        ),
        (
            {"aliases": {"finish": "end"}},
            {},
            "FIX  aliases.finish: is a verb itself, so the alias has no effect -> remove it",
        ),
        (
            {},
            {"LIAISON_SLACK_BOT_TOKEN": "xoxb-1"},
            "FIX  LIAISON_SLACK_BOT_TOKEN: has one underscore instead of two -> "
            "rename it to LIAISON_SLACK__BOT_TOKEN",
        ),
        (
            {},
            {"LIAISON_PLATFORMS_MY_CUT_TOKEN_FILE": "/run/secrets/token"},
            "FIX  LIAISON_PLATFORMS_MY_CUT_TOKEN_FILE: has one underscore instead of two -> "
            "rename it to LIAISON_PLATFORMS__MY_CUT__TOKEN_FILE",
        ),
    ],
)
async def test_serve_refuses_what_doctor_refuses_with_the_exact_fix(
    folder: Path, tables: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str], line: str
) -> None:
    code, lines = await checked(folder, tables, environ)
    assert (code, line in lines) == (2, True), lines
    served = await liaison(folder, "serve", environ=environ)
    assert served.code == 2
    assert line.removeprefix("FIX  ").partition(" -> ")[0] in served.err


@pytest.mark.parametrize(
    "environ",
    [
        {"LIAISON_PORT": "tcp://10.0.0.1:80"},
        {"LIAISON_BOT_PORT": "tcp://10.0.0.1:80"},
        {"LIAISON_SERVICE_HOST": "10.0.0.1"},
        {"LIAISON_SLACK_SERVICE_PORT": "80"},
        {"LIAISON_PLATFORMS_PORT_80_TCP_ADDR": "10.0.0.1"},
    ],
)
def test_what_kubernetes_sets_is_not_a_misspelt_setting(folder: Path, environ: Mapping[str, str]) -> None:
    load(None, environ)


@pytest.mark.parametrize(
    ("tables", "line"),
    [
        (
            {"platforms.x": {"kind": "local", "path": "gone"}},
            "FIX  x: ",
        ),
    ],
)
async def test_what_serve_can_do_without_is_a_line(
    folder: Path, tables: Mapping[str, Mapping[str, Any]], line: str
) -> None:
    code, lines = await checked(folder, tables)
    assert code == 1
    assert [found for found in lines if found.startswith(line)], lines


async def test_files_with_secrets_that_anybody_can_read_are_warnings(folder: Path) -> None:
    (folder / "token").write_text("xoxb-1-2-3")
    (folder / "token").chmod(0o644)
    slack = {**SLACK, "bot_token_file": "token"}
    del slack["bot_token"]
    tables = {"bot": {"database_url": f"sqlite:///{folder}/liaison.db"}, "slack": slack}
    await checked(folder, tables)
    await migrate(load(folder / "liaison.toml", {}))
    (folder / "liaison.db").chmod(0o644)
    lines: list[str] = []
    (folder / "liaison.toml").chmod(0o644)
    await doctor(folder / "liaison.toml", None, lines.append, lambda path: load(path, {}))
    assert ", 3 warnings, " in lines[-1], lines
    for name in ("token", "liaison.toml", "liaison.db"):
        found = [line for line in lines if line.startswith(f"warn {folder}/{name}: ")]
        assert [line for line in found if line.endswith(f"-> chmod 600 {folder}/{name}")], (name, lines)


class WithoutChats(Liaison):
    """Its chats cannot be reached, so it never gets ready."""

    async def wait_until_ready(self) -> None:
        await until(lambda: f"ready on {self.url}" in self.log.read_text())


async def test_serve_starts_with_everything_that_doctor_only_warns_of(folder: Path) -> None:
    """Containers mount settings and secrets with mode 0444, and not every workspace has long secrets."""
    (folder / "secret").write_text("8-letter")
    (folder / "secret").chmod(0o444)
    mattermost = {"url": "http://127.0.0.1:9", "token": "token-of-the-bot", "command_tokens": ["cmdtoken"]}
    slack = {"bot_token": "xoxb-1", "signing_secret_file": str(folder / "secret")}
    tables: dict[str, dict[str, Any]] = {
        "bot": {"patience": "90s"},
        "slack": slack,
        "mattermost": mattermost,
        "access": {"places": ["incidents"]},
    }
    started = WithoutChats(folder, tables)
    (folder / "liaison.toml").chmod(0o444)
    async with started as running:
        _, printed = await running.run("doctor")
    warned = [line for line in printed.splitlines() if line.startswith("warn ")]
    about = ("bot.patience", "access.places", f"{folder}/secret", f"{folder}/liaison.toml")
    assert [line.split(": ")[0] for line in warned] == [f"warn {name}" for name in about], printed


async def test_the_settings_are_written_for_their_owner_only(folder: Path) -> None:
    written = await liaison(folder, "settings", "--write", "new.toml")
    assert written.code == 0
    assert stat.S_IMODE((folder / "new.toml").stat().st_mode) == 0o600
    assert (folder / "new.toml").read_text() == (await liaison(folder, "settings")).out
    again = await liaison(folder, "settings", "--write", "new.toml")
    assert again.code == 1
    assert "new.toml" in again.err
