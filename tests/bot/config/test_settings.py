"""Settings: all problems at once, by key, and never with a secret's value."""

import re
import stat
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.toolkit.durations import parse_duration
from bot.config.settings import Settings, SettingsError, load, parse
from bot.config.template import template

SLACK = {"bot_token": "xoxb-very-secret-token", "signing_secret": "8f742231b10e8888abcd99yyyzzz85a5"}


def problems(file: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(file, environ or {})
    return caught.value.problems


def read(path: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    path.write_text(text)
    return load(path, environ or {})


def test_the_default_platform_is_local_runbooks() -> None:
    settings = parse({}, {})
    assert (settings.bot.command, settings.bot.port) == ("/run", 8080)
    assert settings.bot.write_timeout == timedelta(minutes=2)
    assert [entry.kind for entry in settings.platforms.values()] == ["local"]


@pytest.mark.parametrize("token", ["xoxb-12\n34567", "xoxb-1234é", "xoxb 1234", "xoxb-1234\x7f"])
def test_a_secret_that_does_not_fit_a_header_is_a_problem_and_not_shown(token: str) -> None:
    mattermost = {"url": "http://mm.example", "token": "t", "command_tokens": ["a-good-command-token", token * 3]}
    file = {"slack": {**SLACK, "bot_token": token}, "mattermost": mattermost}
    assert problems(file) == [
        "slack.bot_token: contains a character that is not allowed in an HTTP header; copy it again",
        "mattermost.command_tokens: contains a character that is not allowed in an HTTP header; copy it again",
    ]


def test_an_empty_secret_counts_as_not_set() -> None:
    table = {"url": "https://mm.example.com", "token": "t", "command_tokens": ["", "a-good-command-token"]}
    options = parse({"mattermost": table}, {}).mattermost
    assert options is not None
    assert [token.get_secret_value() for token in options.command_tokens] == ["a-good-command-token"]


def test_a_secret_may_end_with_the_line_break_of_its_file() -> None:
    settings = parse({}, {f"LIAISON_SLACK__{key.upper()}": f"{value}\n" for key, value in SLACK.items()})
    assert set(settings.secret_values()) == set(SLACK.values())


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    text = """
    [bot]
    port = 1
    [platforms.my-cut]
    kind = "cutover"
    url = "https://api.example.com"
    token = "from-the-file"
    """
    environ = {
        "LIAISON_BOT__PORT": "9090",
        "LIAISON_PLATFORMS__MY_CUT__TOKEN": "from-the-environment",
        "LIAISON_ACCESS__START": "U1, ana@example.com",
        "LIAISON_PEOPLE__U0123ABCD": "ana@example.com",
        "LIAISON_PORT": "tcp://10.0.0.1:80",
    }
    settings = read(tmp_path / "liaison.toml", text, environ)
    assert settings.bot.port == 9090
    assert "from-the-environment" in settings.secret_values()
    assert "from-the-file" not in settings.secret_values()
    assert settings.access.start == ("U1", "ana@example.com")
    assert settings.people == {"U0123ABCD": "ana@example.com"}


def test_a_platform_may_come_from_the_environment_alone() -> None:
    settings = parse({}, {"LIAISON_PLATFORMS__BOOKS__KIND": "local", "LIAISON_PLATFORMS__BOOKS__PATH": "docs"})
    assert list(settings.platforms) == ["books"]


@pytest.mark.parametrize(
    ("file", "environ", "expected"),
    [
        ({"bot": {"port": "many"}}, {}, "bot.port: must be a whole number"),
        ({"bot": {"port": 70000}}, {}, "bot.port: must be less than"),
        ({"bot": {"prot": 1}}, {}, "bot.prot: unknown setting; did you mean port?"),
        ({"bott": {}}, {}, "bott: unknown section; did you mean bot?"),
        ({"bot": 5}, {}, "bot: must be a section"),
        ({"bot": {"write_timeout": "soon"}}, {}, 'bot.write_timeout: must be a duration like "90s"'),
        ({"bot": {"write_timeout": 2}}, {}, "bot.write_timeout: must be a duration like"),
        ({"bot": {"write_timeout": "0s"}}, {}, "bot.write_timeout: must be greater"),
        ({"bot": {"patience": "soon"}}, {}, 'bot.patience: must be a duration like "90s"'),
        ({"bot": {"patience": "0s"}}, {}, "bot.patience: must be greater"),
        ({"bot": {"timezone": "Mars/Olympus"}}, {}, "bot.timezone: must be a time zone"),
        ({"bot": {"language": "xx"}}, {}, "bot.language: must be one of: en, pt-BR"),
        ({"bot": {"command": "run"}}, {}, "bot.command: must be a slash followed by one word"),
        ({"bot": {"public_url": "liaison.example.com"}}, {}, "bot.public_url: must be a URL"),
        ({"bot": {"database_url": "mysql://x"}}, {}, "bot.database_url: must be like"),
        ({"bot": {"database_url": "postgresql://"}}, {}, "bot.database_url: must be like"),
        ({"bot": {"database_url": "postgresql://u:pw@h/d"}}, {}, "bot.secret_key: is missing (with PostgreSQL"),
        ({"slack": {}}, {}, "slack.bot_token: is missing (xoxb-"),
        ({"slack": {"bot_token": "x"}}, {}, "slack.signing_secret: is missing (or set slack.app_token"),
        ({"slack": {"bot_token": "x", "signing_secret": " "}}, {}, "slack.signing_secret: is missing (or set"),
        ({"slack": {"bot_token": ""}}, {}, "slack.bot_token: is missing (xoxb-"),
        ({}, {"LIAISON_SLACK__BOT_TOKEN": ""}, "slack.bot_token: is missing (xoxb-"),
        ({"mattermost": {"url": "https://mm"}}, {}, "mattermost.token: is missing"),
        ({"aliases": {"feito": "finsh"}}, {}, "aliases.feito: 'finsh' is not a verb; did you mean finish?"),
        ({"people": {"U1": 5}}, {}, "people.U1: must be text"),
        ({"platforms": {"x": {}}}, {}, "platforms.x.kind: is missing; must be one of: cutover"),
        ({"platforms": {"x": {"kind": "jira"}}}, {}, "platforms.x.kind: must be one of: cutover"),
        ({"platforms": {"x": {"kind": ["local"]}}}, {}, "platforms.x.kind: must be one of"),
        ({"platforms": {"x": 5}}, {}, "platforms.x: must be a section"),
        (
            {"platforms": {"x": {"kind": "local", "pat": "a"}}},
            {},
            "platforms.x.pat: unknown setting; did you mean path",
        ),
        ({"platforms": {"x": {"kind": "tines"}}}, {}, "platforms.x.url: is missing"),
        (
            {"platforms": {"x": {"kind": "local", "hook_secret": "a/b"}}},
            {},
            "platforms.x.hook_secret: must be text",
        ),
        ({}, {"LIAISON_BOTT__PORT": "1"}, "LIAISON_BOTT__PORT: unknown section; did you mean bot?"),
        ({}, {"LIAISON_BOT__PROT": "1"}, "bot.prot: unknown setting; did you mean port?"),
        (
            {},
            {"LIAISON_PLATFORMS__X": "1"},
            "LIAISON_PLATFORMS__X: must have the form LIAISON_PLATFORMS__NAME__KEY",
        ),
    ],
)
def test_a_problem_names_its_key(file: Mapping[str, Any], environ: Mapping[str, str], expected: str) -> None:
    assert [problem for problem in problems(file, environ) if problem.startswith(expected)], problems(
        file, environ
    )


def test_every_problem_is_reported_at_once() -> None:
    file = {
        "bot": {"port": "many", "timezone": "nowhere"},
        "slack": {"bot_tokn": "x"},
        "platforms": {"a": {"kind": "tines"}, "b": {"kind": "nothing"}},
    }
    found = problems(file, {"LIAISON_NOPE__X": "1"})
    for key in (
        "bot.port",
        "bot.timezone",
        "slack.bot_tokn",
        "slack.bot_token",
        "platforms.a.url",
        "platforms.b.kind",
    ):
        assert [problem for problem in found if problem.startswith(f"{key}:")], key
    assert any(problem.startswith("LIAISON_NOPE__X") for problem in found)


def test_no_problem_contains_a_secret() -> None:
    secrets = ["xoxb-very-secret-token", "hook/secret/with/slash", "hunter2-token", "too-short-key"]
    file = {
        "bot": {"secret_key": "too-short-key", "port": "hunter2-token"},
        "slack": {"bot_token": ["xoxb-very-secret-token"], "api_url": 5},
        "platforms": {"a": {"kind": "cutover", "token": {"nested": "hunter2-token"}, "hook_secret": secrets[1]}},
    }
    found = "\n".join(problems(file))
    assert not [secret for secret in secrets if secret in found]


def test_secrets_are_not_printed_with_the_settings() -> None:
    settings = parse({"slack": SLACK}, {})
    assert not [secret for secret in SLACK.values() if secret in repr(settings)]
    assert set(SLACK.values()) <= set(settings.secret_values())


def test_the_password_of_the_database_is_a_secret() -> None:
    bot = {"database_url": "postgresql://liaison:pass%20word@db/liaison", "secret_key": "k" * 32}
    settings = parse({"bot": bot}, {})
    assert "pass%20word" not in repr(settings)
    assert {"pass%20word", "pass word"} <= set(settings.secret_values())


def test_postgresql_needs_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.config.options.POSTGRESQL_PACKAGES", ("no_such_package",))
    bot = {"database_url": "postgresql://db/liaison", "secret_key": "k" * 32}
    install = 'install them with: pip install "liaison[postgresql]"'
    assert problems({"bot": bot}) == [f"bot.database_url: needs more packages for PostgreSQL; {install}"]


def test_the_secret_key_is_generated_and_stored(tmp_path: Path) -> None:
    settings = parse({"bot": {"database_url": f"sqlite:///{tmp_path}/deep/liaison.db"}}, {})
    generated = settings.secret_key()
    assert len(generated) >= 32
    assert settings.with_secret_key().secret_values() == [generated]
    assert parse({"bot": {"database_url": settings.bot.database_url}}, {}).secret_key() == generated
    assert stat.S_IMODE(settings.key_path.stat().st_mode) == 0o600


def test_a_relative_path_is_relative_to_the_settings_file(tmp_path: Path) -> None:
    table = '[platforms.here]\nkind = "local"\npath = "books"\npaths = ["eu", "/srv/us", "~/asia"]\n'
    options = dict(read(tmp_path / "liaison.toml", table).platforms["here"].options)
    assert options["path"] == tmp_path / "books"
    assert options["paths"] == (tmp_path / "eu", Path("/srv/us"), Path("~/asia"))


@pytest.mark.parametrize("text", ["[bot\n", b"\xff\xfe".decode("latin-1")])
def test_a_file_that_cannot_be_parsed_is_one_problem(tmp_path: Path, text: str) -> None:
    path = tmp_path / "liaison.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    assert len(caught.value.problems) == 1
    assert str(path) in caught.value.problems[0]


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(None, {"LIAISON_CONFIG": str(tmp_path / "gone.toml")})


def test_the_printed_file_changes_nothing() -> None:
    settings = parse(tomllib.loads(template()), {})
    assert settings.bot == parse({}, {}).bot


def test_every_key_of_the_printed_file_exists() -> None:
    text = re.sub(r"^# (?=\[|\w+ = )", "", template(), flags=re.MULTILINE)
    found = problems(tomllib.loads(text))
    assert not [problem for problem in found if "unknown" in problem or "is missing" in problem], found


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("12s", 12), ("2m", 120), ("1h30", 5400), ("1h 5m 10s", 3910), ("3h", 10800)],
)
def test_a_duration_is_parsed(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


OLD = {"bot": {"patience": "90s"}}
NEW = {"bot": {"write_timeout": "3m"}}


@pytest.mark.parametrize(
    ("file", "environ", "seconds"),
    [
        (OLD, {}, 90),
        ({}, {"LIAISON_BOT__PATIENCE": "90s"}, 90),
        ({"bot": {**OLD["bot"], **NEW["bot"]}}, {}, 180),
        (OLD, {"LIAISON_BOT__WRITE_TIMEOUT": "3m"}, 180),
        (NEW, {"LIAISON_BOT__PATIENCE": "90s"}, 180),
        (NEW, {"LIAISON_BOT__PATIENCE": "soon"}, 180),
    ],
)
def test_the_old_name_of_a_setting_still_works_with_a_warning(
    file: Mapping[str, Any], environ: Mapping[str, str], seconds: int
) -> None:
    """If both are set, the new one counts, even if the old one comes from the environment."""
    settings = parse(file, environ)
    assert settings.bot.write_timeout == timedelta(seconds=seconds)
    assert settings.warnings == ("bot.patience: has been renamed to bot.write_timeout",)


def test_the_new_name_of_a_setting_gives_no_warning() -> None:
    assert parse(NEW, {}).warnings == ()


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_the_language_may_be_any_that_has_a_catalogue(language: str) -> None:
    assert parse({}, {"LIAISON_BOT__LANGUAGE": language}).bot.language == language


def test_who_may_read_can_be_set_in_the_environment() -> None:
    variable = "LIAISON_ACCESS__READ"
    text = '[{"platform": "cutover", "who": ["members"]}, {"runbook": "Payroll export", "who": ["place", "@ana"]}]'
    rules = parse({}, {variable: text}).access.rules.read
    assert [(rule.platform, rule.runbook, tuple(rule.who)) for rule in rules] == [
        ("cutover", "", ("members",)),
        ("", "Payroll export", ("place", "@ana")),
    ]
    assert [problem for problem in problems({}, {variable: "cutover"}) if "must be JSON" in problem]
