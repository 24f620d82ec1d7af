"""Reads the tables of a settings file and an environment, and says everything that is wrong with them.

A problem is one sentence that begins with the key, and never holds a value that was set.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from rapidfuzz import fuzz, process

from adapters.protocol import Platform, PlatformLoadError
from bot.config.options import AccessOptions, BotOptions
from bot.surfaces.options import MattermostOptions, SlackOptions
from commands.language.vocabulary import unknown_aliases
from commands.registry import COMMANDS

TABLES: Mapping[str, type[BaseModel]] = {
    "bot": BotOptions,
    "slack": SlackOptions,
    "mattermost": MattermostOptions,
    "access": AccessOptions,
}
LISTS = ("aliases", "people")  # tables whose keys are the operator's own words
SECTIONS = (*TABLES, *LISTS, "platforms")
PREFIX = "LIAISON_"
_OWN_PLATFORM_KEYS = ("kind", "hook_secret")


class SettingsParser:
    """Collects problems while everything is read."""

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        self.platforms = platforms
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
            elif isinstance(value, str) and _is_secret(fields[key].annotation):
                known[key] = value.strip()  # a secret that is kept in a file often ends with a line break
        known = {key: value for key, value in _without_empty(known, fields)}
        if where != "bot":
            self.problems += [
                f"{where}.{key}: holds a character that no header can carry; copy it again"
                for key, value in known.items()
                if _is_secret(fields[key].annotation) and not all(map(_fits_header, _all_texts(value)))
            ]
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

    def platform(self, name: str, entry: Any) -> tuple[str, BaseModel, SecretStr | None] | None:
        """Its kind, its own options, its ``hook_secret``."""
        where = f"platforms.{name}"
        if not isinstance(entry, dict):
            self.problems.append(f"{where}: must be a section, written [{where}]")
            return None
        kinds = ", ".join(self.platforms)
        kind = entry.get("kind")
        if kind is None:
            self.problems.append(f"{where}.kind: is missing; one of: {kinds}")
        elif not isinstance(kind, str) or kind not in self.platforms:
            self.problems.append(f"{where}.kind: must be one of: {kinds}")
        hook = entry.get("hook_secret")
        if hook is not None and (not isinstance(hook, str) or not hook or "/" in hook):
            self.problems.append(f"{where}.hook_secret: must be text without a slash: it stands in an address")
        if not isinstance(kind, str) or kind not in self.platforms:
            return None
        own = {key: value for key, value in entry.items() if key not in _OWN_PLATFORM_KEYS}
        try:
            options = self.model(where, self.platforms[kind].settings, own)
        except PlatformLoadError as error:
            self.problems.append(f"{where}.kind: {error}")
            return None
        if options is None:
            return None
        return kind, options, SecretStr(str(hook)) if hook else None

    def agree(self, found: Mapping[str, Any]) -> None:
        """What one key demands of another, and of the words people type."""
        for word, means in unknown_aliases(COMMANDS, found["aliases"]).items():
            self.problems.append(f"aliases.{word}: {means!r} is not a verb{_meant(means, COMMANDS)}")
        slack = found.get("slack")
        if slack is not None and slack.signing_secret is None and slack.app_token is None:
            self.problems.append("slack.signing_secret: is missing (or set slack.app_token for Socket Mode)")


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


def _is_secret(annotation: Any) -> bool:
    """Not a table of them: those are addresses, and as an environment variable they are one JSON text."""
    if get_origin(annotation) is dict:
        return False
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))


def _without_empty(known: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """An empty secret is none: nobody may sign, or be let in, with nothing."""
    for key, value in known.items():
        if not _is_secret(fields[key].annotation):
            yield key, value
        elif isinstance(value, list):
            yield key, [one for one in value if one != ""]
        elif value != "":
            yield key, value


def _fits_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _all_texts(value: Any) -> Iterator[str]:
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, str):
            yield part


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of the file that is long enough to be worth hiding."""
    if isinstance(value, str) and len(value) > 3:
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
