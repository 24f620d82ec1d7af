"""The settings: one TOML file, and every key also as ``LIAISON_<SECTION>__<KEY>`` in the environment.

The environment overrides systemd's credentials, and those override the file. A platform's NAME in a variable
matches in any case, and with ``_`` for ``-``. ``load`` reports all problems at once, by key and never with a
secret's value.
"""

import os
import secrets
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import BaseModel, SecretStr

from adapters.local import SAMPLES, LocalSettings
from adapters.protocol import SLOWEST_ANSWER, Platform
from adapters.registry import PLATFORMS
from bot.config.options import SHORTEST_KEY, AccessOptions, BotOptions
from bot.config.parse import FREE_TABLES, TABLES, SettingsParser
from bot.surfaces.options import MattermostOptions, SlackOptions

DEFAULT_FILE = Path("liaison.toml")


class SettingsError(Exception):
    """``problems`` are sentences that begin with the key: "slack.bot_token: is missing"."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class PlatformSettings:
    """``options`` is an instance of the platform's own ``Platform.settings``.

    ``slowest_answer``: how long it may still be executing a request whose answer was lost, if not as usual.
    ``workspaces`` are those of the chats that may use it; empty: all.
    """

    kind: str
    options: BaseModel
    hook_secret: SecretStr | None = None
    slowest_answer: timedelta | None = None
    workspaces: tuple[str, ...] = ()

    @property
    def platform(self) -> Platform:
        return PLATFORMS[self.kind]


@dataclass(frozen=True)
class Settings:
    """``source`` is the file they were read from, if any; ``secret_files`` are those that it names for secrets.

    ``warnings`` are sentences that begin with the key.
    """

    bot: BotOptions = field(default_factory=BotOptions)
    slack: SlackOptions | None = None
    mattermost: MattermostOptions | None = None
    access: AccessOptions = field(default_factory=AccessOptions)
    aliases: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    platforms: Mapping[str, PlatformSettings] = field(default_factory=dict)
    source: Path | None = None
    warnings: tuple[str, ...] = ()
    secret_files: tuple[Path, ...] = ()
    cache_folder: Path | None = None  # None: next to the database

    @property
    def store_path(self) -> Path:
        """The SQLite database. With PostgreSQL there is no such file; the names of the lock and of the socket for
        ``liaison say`` then begin like this."""
        if self.bot.has_replicas:
            return Path(f"liaison-{self.bot.port}")
        return Path(self.bot.database_url.partition(":///")[2].partition("?")[0])

    @property
    def lock_path(self) -> Path:
        return self.store_path.with_name(self.store_path.name + ".lock")

    @property
    def socket_path(self) -> Path:
        return self.store_path.with_name(self.store_path.name + ".sock")

    @property
    def heartbeat_path(self) -> Path:
        return self.store_path.with_name(self.store_path.name + ".alive")

    @property
    def cache_path(self) -> Path:
        """A folder for what can be made again, such as copies of Git repositories."""
        return (self.cache_folder or self.store_path.with_name(self.store_path.name + ".cache")).absolute()

    @property
    def key_path(self) -> Path:
        return self.store_path.with_name(self.store_path.name + ".key")

    def secret_key(self) -> str:
        """The configured key, or else the one stored next to the database, generated on first use (mode 0600)."""
        if self.bot.secret_key is not None:
            return self.bot.secret_key.get_secret_value()
        try:
            if not self.key_path.exists():
                self.key_path.parent.mkdir(parents=True, exist_ok=True)
                _write_once(self.key_path, secrets.token_urlsafe(32))
            stored = self.key_path.read_text().strip()
        except OSError as error:
            problem = f"cannot store a key in {self.key_path} ({error.strerror}); set bot.secret_key"
            raise SettingsError([f"bot.secret_key: {problem}"]) from None
        if len(stored) < SHORTEST_KEY:
            raise SettingsError([f"bot.secret_key: {self.key_path} does not contain a key; delete that file"])
        return stored

    def with_secret_key(self) -> "Settings":
        bot = self.bot.model_copy(update={"secret_key": SecretStr(self.secret_key())})
        return replace(self, bot=bot)

    def slowest_answer(self, platform: str) -> timedelta:
        """Of the platform with this NAME: how long it may still be executing a request whose answer was lost."""
        entry = self.platforms.get(platform)
        if entry is not None and entry.slowest_answer is not None:
            return entry.slowest_answer
        return timedelta(seconds=entry.platform.slowest_answer if entry else SLOWEST_ANSWER)

    def secret_values(self) -> list[str]:
        """The values of all secrets, for the logs to redact."""
        models = [self.bot, self.slack, self.mattermost, *(entry.options for entry in self.platforms.values())]
        found = [value for model in models if model is not None for value in _secrets_of(model)]
        found += passwords_of(self.bot.database_url)
        found += [entry.hook_secret.get_secret_value() for entry in self.platforms.values() if entry.hook_secret]
        return found


def passwords_of(url: str) -> Sequence[str]:
    """As written in it, and decoded."""
    password = urlsplit(url).password
    return sorted({password, unquote(password)}) if password else []


def without_password(url: str) -> str:
    parts = urlsplit(url)
    who, at, where = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=who.partition(":")[0] + at + where))


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Reads ``config``, else the file named by ``LIAISON_CONFIG``, else ./liaison.toml if it exists.

    Raises ``SettingsError`` with all problems.
    """
    environ = os.environ if environ is None else environ
    named = config or (Path(environ["LIAISON_CONFIG"]) if environ.get("LIAISON_CONFIG") else None)
    source = named or DEFAULT_FILE
    if named is None and not source.exists():
        return parse({}, environ)
    try:
        tables = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{source}: cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{source}: is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{source}: is not valid TOML: {error}"]) from None
    return _resolve_platform_paths(replace(parse(tables, environ, source.parent), source=source), source.parent)


def _resolve_platform_paths(settings: Settings, folder: Path) -> Settings:
    """Relative paths of platforms are relative to the folder of the settings file."""
    platforms = {
        name: replace(entry, options=entry.options.model_copy(update=_resolved_paths(entry.options, folder)))
        for name, entry in settings.platforms.items()
    }
    return replace(settings, platforms=platforms)


def _resolved_paths(options: BaseModel, folder: Path) -> dict[str, Path | tuple[Any, ...]]:
    resolved: dict[str, Path | tuple[Any, ...]] = {}
    for key, value in options:
        if isinstance(value, Path):
            resolved[key] = _resolved(value, folder)
        elif isinstance(value, tuple) and any(isinstance(each, Path) for each in value):
            resolved[key] = tuple(_resolved(each, folder) if isinstance(each, Path) else each for each in value)
    return resolved


def _resolved(path: Path, folder: Path) -> Path:
    return path if str(path).startswith("~") else folder / path


def parse(file: Mapping[str, Any], environ: Mapping[str, str], folder: Path = Path()) -> Settings:
    """The settings of a parsed TOML file in ``folder`` and an environment. Raises ``SettingsError``."""
    parser = SettingsParser(PLATFORMS, folder)
    sections = parser.sections(file)
    if environ.get("CREDENTIALS_DIRECTORY"):
        parser.apply_credentials(sections, Path(environ["CREDENTIALS_DIRECTORY"]))
    parser.apply_environment(sections, environ)
    found: dict[str, Any] = {}
    for section, model in TABLES.items():
        if section in sections or section in ("bot", "access"):
            found[section] = parser.options(section, model, sections.get(section, {}))
    for section in FREE_TABLES:
        found[section] = parser.text_table(section, sections.get(section, {}))
    entries = sections.get("platforms") or {"local": {"kind": "local"}}
    platforms = {name: parser.platform(name, entry) for name, entry in entries.items()}
    found["platforms"] = {name: PlatformSettings(*parts) for name, parts in platforms.items() if parts is not None}
    parser.check_consistency(found)
    if parser.problems:
        raise SettingsError(parser.problems)
    return Settings(**found, warnings=tuple(parser.warnings), secret_files=tuple(parser.secret_files))


def _write_once(path: Path, text: str) -> None:
    """Atomic, and never overwrites: two processes may start at the same time."""
    draft, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # mode 0600
    with os.fdopen(draft, "w") as file:
        file.write(text + "\n")
    with suppress(FileExistsError):
        os.link(name, path)
    os.unlink(name)


def _secrets_of(model: BaseModel) -> Iterator[str]:
    for value in dict(model).values():
        value = tuple(value.values()) if isinstance(value, dict) else value
        yield from _secrets_in(value)


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _secrets_in(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from _secrets_in(getattr(value, part.name))


def available_platforms() -> Mapping[str, Platform]:
    """The platforms that can be configured, by ``kind``."""
    return PLATFORMS


def demo_settings(folder: Path) -> Settings:
    """The sample runbooks, with a database in ``folder``."""
    options = LocalSettings(path=SAMPLES)
    return Settings(
        bot=BotOptions(database_url=f"sqlite:///{folder / 'demo.db'}"),
        platforms={"local": PlatformSettings("local", options)},
    )
