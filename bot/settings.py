"""What the operator configured: one TOML file, every key also as ``LIAISON_<SECTION>__<KEY>``.

``load`` reports every problem at once, by the key's name and never with a secret's value. The environment wins
over the file. A platform's NAME is found in the environment whatever its case, and with ``_`` for ``-``.
"""

import os
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from rapidfuzz import fuzz, process

from adapters.local import SAMPLES, LocalSettings
from adapters.protocol import Platform
from adapters.registry import PLATFORMS
from bot.options import AccessOptions, BotOptions
from bot.surfaces.options import MattermostOptions, SlackOptions
from commands.registry import COMMANDS, unknown_aliases

TABLES: Mapping[str, type[BaseModel]] = {
    "bot": BotOptions,
    "slack": SlackOptions,
    "mattermost": MattermostOptions,
    "access": AccessOptions,
}
LISTS = ("aliases", "people")  # tables whose keys are the operator's own words
SECTIONS = (*TABLES, *LISTS, "platforms")
PREFIX = "LIAISON_"
DEFAULT_FILE = Path("liaison.toml")
_OWN_PLATFORM_KEYS = ("kind", "hook_secret")


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
        """The SQLite file; for PostgreSQL a name in the working folder, for the files that stand beside it."""
        url = self.bot.database_url
        if not url.startswith("sqlite"):
            return Path("liaison")
        return Path(url.partition(":///")[2].partition("?")[0])

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
            self.key_path.parent.mkdir(parents=True, exist_ok=True)
            made = os.open(self.key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            kept = self.key_path.read_text().strip()
            if len(kept) < 16:
                raise SettingsError([f"bot.secret_key: {self.key_path} holds no key; delete that file"]) from None
            return kept
        except OSError as error:
            why = f"cannot keep a key in {self.key_path} ({error.strerror}); set it"
            raise SettingsError([f"bot.secret_key: {why}"]) from None
        with os.fdopen(made, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        return self.key_path.read_text().strip()

    def with_secret_key(self) -> "Settings":
        bot = self.bot.model_copy(update={"secret_key": SecretStr(self.secret_key())})
        return replace(self, bot=bot)

    def secret_values(self) -> list[str]:
        """Every secret's value, for the logs to hide; passwords within ``database_url`` too."""
        models = [self.bot, self.slack, self.mattermost, *(known.options for known in self.platforms.values())]
        found = [value for model in models if model is not None for value in _secrets_of(model)]
        found += [known.hook_secret.get_secret_value() for known in self.platforms.values() if known.hook_secret]
        return [*found, *_password(self.bot.database_url)]


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
    reading = _Reading()
    tables = reading.tables(file)
    reading.overlay(tables, environ)
    found: dict[str, Any] = {}
    for section, model in TABLES.items():
        if section in tables or section in ("bot", "access"):
            found[section] = reading.model(section, model, tables.get(section, {}))
    for section in LISTS:
        found[section] = reading.words(section, tables.get(section, {}))
    platforms = tables.get("platforms") or {"local": {"kind": "local"}}
    found["platforms"] = {name: reading.platform(name, entry) for name, entry in platforms.items()}
    reading.agree(found)
    if reading.problems:
        raise SettingsError(reading.problems)
    return Settings(**found)


class _Reading:
    """Collects problems while everything is read."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def tables(self, file: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for section, table in file.items():
            if section not in SECTIONS:
                self.problems.append(f"{section}: no such section{_meant(section, SECTIONS)}")
            elif not isinstance(table, dict):
                self.problems.append(f"{section}: must be a section, written [{section}]")
            else:
                found[section] = dict(table)
        return found

    def overlay(self, tables: dict[str, dict[str, Any]], environ: Mapping[str, str]) -> None:
        for variable in sorted(environ):
            if not variable.startswith(PREFIX) or "__" not in variable:
                continue  # other tools set names like LIAISON_PORT for a service called liaison
            section, *path = variable.removeprefix(PREFIX).split("__")
            section = section.lower()
            if section not in SECTIONS:
                self.problems.append(f"{variable}: no such section{_meant(section, SECTIONS)}")
            elif len(path) != (2 if section == "platforms" else 1) or not all(path):
                shape = "PLATFORMS__NAME__KEY" if section == "platforms" else f"{section.upper()}__KEY"
                self.problems.append(f"{variable}: must be {PREFIX}{shape}")
            else:
                table = tables.setdefault(section, {})
                if section == "platforms":
                    name = _same_name(path[0], table) or path[0].lower()
                    table = table.setdefault(name, {})
                    if not isinstance(table, dict):
                        continue  # reported by platform()
                key = path[-1] if section in LISTS else path[-1].lower()
                table[_same_name(key, table) or key] = environ[variable]

    def model(self, where: str, model: type[BaseModel], values: Mapping[str, Any]) -> BaseModel | None:
        fields = model.model_fields
        known = {key: value for key, value in values.items() if key in fields}
        self.problems += [
            f"{where}.{key}: no such setting{_meant(key, fields)}" for key in values if key not in known
        ]
        for key, value in known.items():
            if isinstance(value, str) and _is_list(fields[key].annotation):
                known[key] = [word.strip() for word in value.split(",") if word.strip()]
        try:
            return model.model_validate(known)
        except ValidationError as error:
            hidden = [text for value in known.values() for text in _texts(value)]
            self.problems += [_problem(where, model, one, hidden) for one in error.errors(include_url=False)]
            return None

    def words(self, section: str, table: Mapping[str, Any]) -> dict[str, str]:
        for key, value in table.items():
            if not isinstance(value, str) or not value.strip():
                self.problems.append(f"{section}.{key}: must be text")
        return {key: value for key, value in table.items() if isinstance(value, str)}

    def platform(self, name: str, entry: Any) -> PlatformSettings | None:
        where = f"platforms.{name}"
        if not isinstance(entry, dict):
            self.problems.append(f"{where}: must be a section, written [{where}]")
            return None
        kinds = ", ".join(PLATFORMS)
        kind = entry.get("kind")
        if kind is None:
            self.problems.append(f"{where}.kind: is missing; one of: {kinds}")
        elif kind not in PLATFORMS:
            self.problems.append(f"{where}.kind: must be one of: {kinds}")
        hook = entry.get("hook_secret")
        if hook is not None and (not isinstance(hook, str) or not hook or "/" in hook):
            self.problems.append(f"{where}.hook_secret: must be text without a slash: it stands in an address")
        if not isinstance(kind, str) or kind not in PLATFORMS:
            return None
        own = {key: value for key, value in entry.items() if key not in _OWN_PLATFORM_KEYS}
        options = self.model(where, PLATFORMS[kind].settings, own)
        if options is None:
            return None
        return PlatformSettings(kind, options, SecretStr(str(hook)) if hook else None)

    def agree(self, found: Mapping[str, Any]) -> None:
        """What one key demands of another, and of the words people type."""
        for word, means in unknown_aliases(found["aliases"]).items():
            self.problems.append(f"aliases.{word}: {means!r} is not a verb{_meant(means, COMMANDS)}")
        slack = found.get("slack")
        if slack is not None and slack.signing_secret is None and slack.app_token is None:
            self.problems.append("slack.signing_secret: is missing (or set slack.app_token for Socket Mode)")
        bot = found["bot"]
        if bot is not None and not bot.database_url.startswith("sqlite") and bot.secret_key is None:
            self.problems.append("bot.secret_key: is missing; with PostgreSQL every replica needs the same one")


def _problem(where: str, model: type[BaseModel], error: Any, hidden: list[str]) -> str:
    key = ".".join([where, *(str(part) for part in error["loc"][:1])])
    about = model.model_fields.get(str(error["loc"][0])) if error["loc"] else None
    if error["type"] == "missing":
        hint = f" ({about.description})" if about is not None and about.description else ""
        return f"{key}: is missing{hint}"
    says = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should ")
    says = says.replace("be a valid integer, unable to parse string as an integer", "be a whole number")
    says = f"must {says}" if says.startswith(("be ", "have ")) else says
    for text in hidden:
        says = says.replace(text, "…")
    return f"{key}: {says}"


def _meant(word: str, known: Any) -> str:
    best = process.extractOne(word.lower(), list(known), scorer=fuzz.ratio, score_cutoff=60)
    return f"; did you mean {best[0]}?" if best else f"; there are: {', '.join(known)}"


def _same_name(name: str, table: Mapping[str, Any]) -> str | None:
    wanted = name.lower().replace("-", "_")
    return next((known for known in table if known.lower().replace("-", "_") == wanted), None)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list) or any(_is_list(part) for part in get_args(annotation))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of the file that is long enough to be worth hiding."""
    if isinstance(value, str) and len(value) > 3:
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _secrets_of(model: BaseModel) -> Iterator[str]:
    for value in dict(model).values():
        parts = value if isinstance(value, tuple | list) else (value,)
        yield from (part.get_secret_value() for part in parts if isinstance(part, SecretStr))


def _password(url: str) -> list[str]:
    user, at, _ = url.partition("://")[2].rpartition("@")
    password = user.partition(":")[2]
    return [password] if at and password else []


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
