"""What the operator configured: one TOML file, every key also as ``LIAISON_<SECTION>__<KEY>``.

``load`` reports every problem at once, by the key's name and never with a secret's value. The environment wins
over the file. A platform's NAME is found in the environment whatever its case, and with ``_`` for ``-``.
"""

import os
import secrets
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from adapters.local import SAMPLES, LocalSettings
from adapters.protocol import Platform
from adapters.registry import PLATFORMS
from bot.config.options import SHORTEST_KEY, AccessOptions, BotOptions
from bot.config.parse import LISTS, TABLES, SettingsParser
from bot.surfaces.options import MattermostOptions, SlackOptions

DEFAULT_FILE = Path("liaison.toml")


class SettingsError(Exception):
    """``problems``: one sentence each, beginning with the key: "slack.bot_token: is missing"."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class PlatformSettings:
    """``options`` is an instance of the platform's own ``Platform.settings``."""

    kind: str
    options: BaseModel
    hook_secret: SecretStr | None = None

    @property
    def platform(self) -> Platform:
        return PLATFORMS[self.kind]


@dataclass(frozen=True)
class Settings:
    """``source``: the file they were read from, None when there was none."""

    bot: BotOptions = field(default_factory=BotOptions)
    slack: SlackOptions | None = None
    mattermost: MattermostOptions | None = None
    access: AccessOptions = field(default_factory=AccessOptions)
    aliases: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    platforms: Mapping[str, PlatformSettings] = field(default_factory=dict)
    source: Path | None = None

    @property
    def store_path(self) -> Path:
        return Path(self.bot.database_url.partition(":///")[2].partition("?")[0])

    @property
    def lock_path(self) -> Path:
        return self.store_path.with_name(self.store_path.name + ".lock")

    @property
    def socket_path(self) -> Path:
        return self.store_path.with_name(self.store_path.name + ".sock")

    @property
    def key_path(self) -> Path:
        return self.store_path.with_name(self.store_path.name + ".key")

    def secret_key(self) -> str:
        """The configured one, else the one kept beside the database (mode 0600), made at first need."""
        if self.bot.secret_key is not None:
            return self.bot.secret_key.get_secret_value()
        try:
            if not self.key_path.exists():
                self.key_path.parent.mkdir(parents=True, exist_ok=True)
                _write_once(self.key_path, secrets.token_urlsafe(32))
            kept = self.key_path.read_text().strip()
        except OSError as error:
            why = f"cannot keep a key in {self.key_path} ({error.strerror}); set it"
            raise SettingsError([f"bot.secret_key: {why}"]) from None
        if len(kept) < SHORTEST_KEY:
            raise SettingsError([f"bot.secret_key: {self.key_path} holds no key; delete that file"])
        return kept

    def with_secret_key(self) -> "Settings":
        bot = self.bot.model_copy(update={"secret_key": SecretStr(self.secret_key())})
        return replace(self, bot=bot)

    def secret_values(self) -> list[str]:
        """Every secret's value, for the logs to hide."""
        models = [self.bot, self.slack, self.mattermost, *(known.options for known in self.platforms.values())]
        found = [value for model in models if model is not None for value in _secrets_of(model)]
        found += [known.hook_secret.get_secret_value() for known in self.platforms.values() if known.hook_secret]
        return found


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Raises ``SettingsError`` with all problems. ``config`` None: ``LIAISON_CONFIG``, else ./liaison.toml."""
    environ = os.environ if environ is None else environ
    wanted = config or (Path(environ["LIAISON_CONFIG"]) if environ.get("LIAISON_CONFIG") else None)
    source = wanted or DEFAULT_FILE
    if wanted is None and not source.exists():
        return parse({}, environ)
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{source}: cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{source}: is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{source}: is not TOML: {error}"]) from None
    return _beside(replace(parse(table, environ), source=source), source.parent)


def _beside(settings: Settings, folder: Path) -> Settings:
    """Relative paths of platforms count from the settings file's folder."""
    platforms = {
        name: replace(known, options=known.options.model_copy(update=_placed(known.options, folder)))
        for name, known in settings.platforms.items()
    }
    return replace(settings, platforms=platforms)


def _placed(options: BaseModel, folder: Path) -> dict[str, Path]:
    paths = {key: value for key, value in dict(options).items() if isinstance(value, Path)}
    return {key: folder / path for key, path in paths.items() if not str(path).startswith("~")}


def parse(file: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """The settings of a read TOML file and an environment."""
    reading = SettingsParser(PLATFORMS)
    tables = reading.tables(file)
    reading.overlay(tables, environ)
    found: dict[str, Any] = {}
    for section, model in TABLES.items():
        if section in tables or section in ("bot", "access"):
            found[section] = reading.model(section, model, tables.get(section, {}))
    for section in LISTS:
        found[section] = reading.words(section, tables.get(section, {}))
    platforms = tables.get("platforms") or {"local": {"kind": "local"}}
    read = {name: reading.platform(name, entry) for name, entry in platforms.items()}
    found["platforms"] = {name: PlatformSettings(*parts) for name, parts in read.items() if parts is not None}
    reading.agree(found)
    if reading.problems:
        raise SettingsError(reading.problems)
    return Settings(**found)


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and whoever is first wins: two processes may start at once."""
    draft, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # mode 0600
    with os.fdopen(draft, "w") as file:
        file.write(text + "\n")
    with suppress(FileExistsError):
        os.link(name, path)
    os.unlink(name)


def _secrets_of(model: BaseModel) -> Iterator[str]:
    for value in dict(model).values():
        value = tuple(value.values()) if isinstance(value, dict) else value
        parts = value if isinstance(value, tuple | list) else (value,)
        yield from (part.get_secret_value() for part in parts if isinstance(part, SecretStr))


def kinds() -> Mapping[str, Platform]:
    """The platforms that can be configured, by ``kind``."""
    return PLATFORMS


def demo_settings(folder: Path) -> Settings:
    """The runbooks that come with Liaison, and a store in ``folder``."""
    options = LocalSettings(path=SAMPLES)
    return Settings(
        bot=BotOptions(database_url=f"sqlite:///{folder / 'demo.db'}"),
        platforms={"local": PlatformSettings("local", options)},
    )
