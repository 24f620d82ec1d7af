"""Secrets from files: ``_FILE`` variables, ``{file = "…"}``, and systemd's credentials."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.config.settings import Settings, SettingsError, load

TOKEN = "xoxb-from-a-file"
SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "tokens").write_text("first-command-token\nsecond-command-token\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xff")
    return tmp_path


def read(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    (folder / "liaison.toml").write_text(text)
    return load(folder / "liaison.toml", environ or {})


def bot_token(settings: Settings) -> str:
    assert settings.slack is not None
    assert settings.slack.bot_token is not None
    return settings.slack.bot_token.get_secret_value()


SLACK = f'[slack]\nsigning_secret = "{SIGNING}"\n'


@pytest.mark.parametrize("line", ['bot_token = {file = "token"}', 'bot_token_file = "token"'])
def test_a_secret_of_the_settings_may_be_in_a_file_beside_them(folder: Path, line: str) -> None:
    settings = read(folder, SLACK + line)
    assert bot_token(settings) == TOKEN
    assert TOKEN in settings.secret_values()
    assert settings.secret_files == (folder / "token",)


@pytest.mark.parametrize("line", ["", 'bot_token = "xoxb-in-the-settings"', 'bot_token_file = "empty"'])
def test_a_variable_may_name_a_file(folder: Path, line: str) -> None:
    """It overrides the settings, however they set the secret."""
    assert bot_token(read(folder, SLACK + line, {"LIAISON_SLACK__BOT_TOKEN_FILE": str(folder / "token")})) == TOKEN


def test_a_variable_overrides_the_file_of_the_settings(folder: Path) -> None:
    text = SLACK + 'bot_token_file = "gone"'
    assert bot_token(read(folder, text, {"LIAISON_SLACK__BOT_TOKEN": "xoxb-variable"})) == "xoxb-variable"


def test_systemd_passes_credentials_named_by_their_keys(folder: Path) -> None:
    credentials = folder / "credentials"
    credentials.mkdir()
    for name, value in {
        "slack.bot_token": TOKEN,
        "platforms.books.hook_secret": "a-hook-secret-of-many-words",
        "somebody.else": "x",
        "unrelated": "x",
    }.items():
        (credentials / name).write_text(f"{value}\n")
    text = SLACK + 'bot_token = "xoxb-in-the-settings"\n[platforms.books]\nkind = "local"\n'
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    settings = read(folder, text, environ)
    assert bot_token(settings) == TOKEN
    assert "a-hook-secret-of-many-words" in settings.secret_values()
    overridden = read(folder, text, environ | {"LIAISON_SLACK__BOT_TOKEN": "xoxb-variable"})
    assert bot_token(overridden) == "xoxb-variable"


def test_a_list_of_secrets_may_be_in_files(folder: Path) -> None:
    chat = '[mattermost]\nurl = "https://mm.example"\ntoken = {file = "token"}\n'
    for line in ('command_tokens = {file = "tokens"}', 'command_tokens_file = "tokens"'):
        mattermost = read(folder, chat + line).mattermost
        assert mattermost is not None
        found = [token.get_secret_value() for token in mattermost.command_tokens]
        assert found == ["first-command-token", "second-command-token"]
    mattermost = read(folder, chat + 'command_tokens = ["a-plain-command-token", {file = "token"}]').mattermost
    assert mattermost is not None
    assert [token.get_secret_value() for token in mattermost.command_tokens] == ["a-plain-command-token", TOKEN]


def test_secrets_of_platforms_may_be_in_files(folder: Path) -> None:
    (folder / "hook").write_text("a-hook-secret-of-many-words")
    text = '[platforms.cut]\nkind = "cutover"\nurl = "https://api.example"\ntoken_file = "token"\n'
    for line in ('hook_secret_file = "hook"', 'hook_secret = {file = "hook"}'):
        values = read(folder, text + line).secret_values()
        assert {TOKEN, "a-hook-secret-of-many-words"} <= set(values)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('bot_token = {file = "gone"}', "slack.bot_token: its file {folder}/gone cannot be read (No such file"),
        ('bot_token_file = "empty"', "slack.bot_token: its file {folder}/empty is empty"),
        ('bot_token_file = "latin"', "slack.bot_token: its file {folder}/latin is not UTF-8 text"),
        ('bot_token_file = "."', "slack.bot_token: its file {folder} cannot be read (Is a directory"),
        ("bot_token_file = 5", "slack.bot_token: must name a file"),
        ('bot_token = "xoxb-1"\nbot_token_file = "token"', "slack.bot_token: is set twice; remove either"),
    ],
)
def test_a_file_that_cannot_be_read_is_the_only_problem(folder: Path, line: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(folder, SLACK + line)
    (found,) = caught.value.problems
    assert found.startswith(problem.format(folder=folder)), found
