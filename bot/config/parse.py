"""Parses the sections of a settings file and the environment, and collects every problem.

A problem is one sentence that begins with the key, and never contains a value that was set.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from rapidfuzz import fuzz, process

from adapters.protocol import Platform, PlatformLoadError
from adapters.toolkit.durations import parse_duration
from adapters.toolkit.folding import fold
from bot.config.environment import PREFIX, misspelt_variable
from bot.config.options import AccessOptions, BotOptions
from bot.config.secret_sources import (
    FILE_SUFFIX,
    SecretFileError,
    credentials,
    read_secret,
    with_secrets_from_files,
)
from bot.config.values import fits_header, is_secret, split_or_strip, texts, texts_to_hide, without_empty_secrets
from bot.surfaces.options import MattermostOptions, SlackOptions
from commands.language.vocabulary import unknown_aliases
from commands.registry import COMMANDS

TABLES: Mapping[str, type[BaseModel]] = {
    "bot": BotOptions,
    "slack": SlackOptions,
    "mattermost": MattermostOptions,
    "access": AccessOptions,
}
FREE_TABLES = ("aliases", "people")  # sections whose keys the operator chooses
SECTIONS = (*TABLES, *FREE_TABLES, "platforms")
RENAMED: Mapping[str, Mapping[str, str]] = {"bot": {"patience": "write_timeout"}}
"""Section -> old key -> new key. The old keys still work, with a warning."""
_COMMON_PLATFORM_KEYS = ("kind", "hook_secret", "slowest_answer", "workspaces")
_URLS = ("url", "public_url", "api_url")  # their problems show how to correct them
SHORTEST_HOOK_SECRET = 16  # the operator chooses it, so it may be a word
LONGER_SECRET = f"use at least {SHORTEST_HOOK_SECRET} characters: openssl rand -hex 16"


class SettingsParser:
    """Collects problems and warnings while it parses."""

    def __init__(self, platforms: Mapping[str, Platform], folder: Path) -> None:
        """``folder``: that of the settings file."""
        self.platforms = platforms
        self.folder = folder
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.secret_files: list[Path] = []
        self._unread: set[str] = set()  # keys whose secret file cannot be read, so they are not missing

    def sections(self, file: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for section, table in file.items():
            if section not in SECTIONS:
                self.problems.append(f"{section}: unknown section{_suggestion(section, SECTIONS)}")
            elif not isinstance(table, dict):
                self.problems.append(f"{section}: must be a section, written [{section}]")
            else:
                found[section] = dict(table)
        return found

    def apply_environment(self, sections: dict[str, dict[str, Any]], environ: Mapping[str, str]) -> None:
        for variable in sorted(environ):
            if not variable.startswith(PREFIX):
                continue
            if (right := self._misspelt(variable, environ[variable])) is not None:
                self.problems.append(f"{variable}: has one underscore instead of two; rename it to {right}")
                continue
            if "__" not in variable:
                continue  # Kubernetes sets names like LIAISON_PORT for a service called liaison
            section, *path = variable.removeprefix(PREFIX).split("__")
            section = section.lower()
            if section not in SECTIONS:
                self.problems.append(f"{variable}: unknown section{_suggestion(section, SECTIONS)}")
            elif len(path) != (2 if section == "platforms" else 1) or not all(path):
                shape = "PLATFORMS__NAME__KEY" if section == "platforms" else f"{section.upper()}__KEY"
                self.problems.append(f"{variable}: must have the form {PREFIX}{shape}")
            else:
                self._set(sections, [section, *path], environ[variable])

    def apply_credentials(self, sections: dict[str, dict[str, Any]], folder: Path) -> None:
        """Those that systemd passes."""
        for path, file in credentials(folder, SECTIONS):
            try:
                self._set(sections, path, read_secret(file))
            except SecretFileError as error:
                self.problems.append(f"{'.'.join(path)}: {error}")

    def _set(self, sections: dict[str, dict[str, Any]], path: Sequence[str], value: str) -> None:
        """Overrides the setting, however it was set before."""
        section, *names = path
        table = sections.setdefault(section, {})
        if section == "platforms":
            name = _equal_name(names[0], table) or names[0].lower()
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                return  # ``platform`` reports it
        key = names[-1] if section in FREE_TABLES else names[-1].lower()
        other = key.removesuffix(FILE_SUFFIX) if key.endswith(FILE_SUFFIX) else key + FILE_SUFFIX
        if section not in FREE_TABLES and (other_key := _equal_name(other, table)) is not None:
            del table[other_key]
        if key.endswith(FILE_SUFFIX) and value:
            value = str(Path(value).expanduser().absolute())  # not relative to the settings file
        table[_equal_name(key, table) or key] = value

    def _misspelt(self, variable: str, value: str) -> str | None:
        fields = {section: model.model_fields for section, model in TABLES.items()}
        return misspelt_variable(variable, value, fields, self._platform_keys)

    @cached_property
    def _platform_keys(self) -> Collection[str]:
        """The keys of all kinds of platforms that can be loaded."""
        keys = set(_COMMON_PLATFORM_KEYS)
        for kind in self.platforms:
            with suppress(PlatformLoadError):  # reported where it is configured
                keys |= set(self.platforms[kind].settings.model_fields)
        return keys

    def _with_secrets(self, section: str, values: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
        def report(key: str, problem: str) -> None:
            self.problems.append(f"{section}.{key}: {problem}")
            self._unread.add(f"{section}.{key}")

        return with_secrets_from_files(values, types, self._read_secret, report)

    def _read_secret(self, name: str) -> str:
        path = self.folder / Path(name).expanduser()
        self.secret_files.append(path)
        return read_secret(path)

    def options(self, section: str, model: type[BaseModel], values: Mapping[str, Any]) -> BaseModel | None:
        fields = model.model_fields
        values, old_keys = self._with_new_keys(section, values)
        values = self._with_secrets(section, values, {key: field.annotation for key, field in fields.items()})
        unknown = [key for key in values if key not in fields]
        self.problems += [f"{section}.{key}: unknown setting{_suggestion(key, fields)}" for key in unknown]
        known = {key: split_or_strip(values[key], fields[key].annotation) for key in values if key in fields}
        known = dict(without_empty_secrets(known, fields))
        if section != "bot":  # its only secret is never sent in a header
            self.problems += [
                f"{section}.{key}: contains a character that is not allowed in an HTTP header; copy it again"
                for key, value in known.items()
                if is_secret(fields[key].annotation) and not all(map(fits_header, texts(value)))
            ]
        try:
            return model.model_validate(known)
        except ValidationError as error:
            hidden = [text for key, value in known.items() if key not in _URLS for text in texts_to_hide(value)]
            problems = [
                _problem(section, model, detail, hidden, old_keys) for detail in error.errors(include_url=False)
            ]
            self.problems += [text for text in problems if text.partition(":")[0] not in self._unread]
            return None

    def _with_new_keys(
        self, section: str, values: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """``values`` under their new keys, and new key -> old key for those that were set by the old one."""
        renamed, old_keys = dict(values), dict[str, str]()
        for old, new in RENAMED.get(section, {}).items():
            if old not in renamed:
                continue
            self.warnings.append(f"{section}.{old}: has been renamed to {section}.{new}")
            value = renamed.pop(old)
            if new not in renamed:
                renamed[new] = value
                old_keys[new] = old
        return renamed, old_keys

    def text_table(self, section: str, table: Mapping[str, Any]) -> dict[str, str]:
        for key, value in table.items():
            if not isinstance(value, str) or not value.strip():
                self.problems.append(f"{section}.{key}: must be text")
        return {key: value for key, value in table.items() if isinstance(value, str)}

    def platform(
        self, name: str, entry: Any
    ) -> tuple[str, BaseModel, SecretStr | None, timedelta | None, tuple[str, ...]] | None:
        """(kind, the platform's own options, ``hook_secret``, ``slowest_answer``, ``workspaces``)."""
        section = f"platforms.{name}"
        if not isinstance(entry, dict):
            self.problems.append(f"{section}: must be a section, written [{section}]")
            return None
        kinds = ", ".join(self.platforms)
        kind = entry.get("kind")
        if kind is None:
            self.problems.append(f"{section}.kind: is missing; must be one of: {kinds}")
        elif not isinstance(kind, str) or kind not in self.platforms:
            self.problems.append(f"{section}.kind: must be one of: {kinds}")
        entry = self._with_secrets(section, entry, {"hook_secret": SecretStr})
        hook_secret = entry.get("hook_secret")
        if hook_secret is not None and (not isinstance(hook_secret, str) or not hook_secret or "/" in hook_secret):
            self.problems.append(f"{section}.hook_secret: must be text without a slash, as it is part of a URL")
        elif hook_secret is not None and len(hook_secret) < SHORTEST_HOOK_SECRET:
            self.problems.append(f"{section}.hook_secret: is too short and can be guessed; {LONGER_SECRET}")
        slowest_answer = self._slowest_answer(section, entry)
        workspaces = self._workspaces(section, entry)
        if not isinstance(kind, str) or kind not in self.platforms:
            return None
        own = {key: value for key, value in entry.items() if key not in _COMMON_PLATFORM_KEYS}
        try:
            options = self.options(section, self.platforms[kind].settings, own)
        except PlatformLoadError as error:
            self.problems.append(f"{section}.kind: {error}")
            return None
        if options is None:
            return None
        return kind, options, SecretStr(str(hook_secret)) if hook_secret else None, slowest_answer, workspaces

    def _workspaces(self, section: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
        given = split_or_strip(entry.get("workspaces", []), tuple[str, ...])
        if not isinstance(given, list) or not all(isinstance(id, str) and id for id in given):
            self.problems.append(f'{section}.workspaces: must be a list of ids like ["T0123ABCD"]')
            return ()
        return tuple(given)

    def _slowest_answer(self, section: str, entry: Mapping[str, Any]) -> timedelta | None:
        if (given := entry.get("slowest_answer")) is None:
            return None
        try:
            parsed = parse_duration(given)
        except ValueError as error:
            self.problems.append(f"{section}.slowest_answer: {error}")
            return None
        return parsed if isinstance(parsed, timedelta) else None

    def check_consistency(self, found: Mapping[str, Any]) -> None:
        """What one key requires of another, and whether the aliases are verbs."""
        for word, verb in unknown_aliases(COMMANDS, found["aliases"]).items():
            self.problems.append(f"aliases.{word}: {verb!r} is not a verb{_suggestion(verb, COMMANDS)}")
        typed = {fold(command.verb) for command in COMMANDS.values() if command.typed}
        for word in found["aliases"]:
            if fold(word) in typed:
                self.problems.append(f"aliases.{word}: is a verb itself, so the alias has no effect; remove it")
        bot = found.get("bot")
        if (
            bot is not None
            and bot.has_replicas
            and bot.secret_key is None
            and "bot.secret_key" not in self._unread
        ):
            self.problems.append(
                "bot.secret_key: is missing (with PostgreSQL every replica needs the same: openssl rand -hex 32)"
            )
        slack = found.get("slack")
        if slack is not None:
            self.problems += self._missing_from_slack(slack)
        if "slack.signing_secret" in self._unread or "slack.app_token" in self._unread:
            return
        if slack is not None and slack.signing_secret is None and slack.app_token is None:
            self.problems.append("slack.signing_secret: is missing (or set slack.app_token to use Socket Mode)")

    def _missing_from_slack(self, slack: SlackOptions) -> Iterator[str]:
        """Either the token of one workspace, or what lets workspaces install the app, or both."""
        if slack.client_id is None and slack.bot_token is None and "slack.bot_token" not in self._unread:
            description = SlackOptions.model_fields["bot_token"].description
            yield f"slack.bot_token: is missing ({description})"
        needed = ("client_secret", "encryption_keys")
        if slack.client_id is not None:
            for key in needed:
                if not getattr(slack, key) and f"slack.{key}" not in self._unread:
                    yield f"slack.{key}: is missing ({SlackOptions.model_fields[key].description})"
        elif slack.workspaces or any(getattr(slack, key) for key in needed):
            yield "slack.client_id: is missing (from Basic Information)"


def _problem(
    section: str, model: type[BaseModel], error: Any, hidden: Collection[str], old_keys: Mapping[str, str]
) -> str:
    field_name = str(error["loc"][0]) if error["loc"] else ""
    key = f"{section}.{old_keys.get(field_name, field_name)}" if field_name else section
    if error["type"] == "missing":
        field = model.model_fields.get(field_name)
        return f"{key}: is missing" + (f" ({field.description})" if field and field.description else "")
    text = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should ")
    text = text.replace("be a valid integer, unable to parse string as an integer", "be a whole number")
    text = f"must {text}" if text.startswith(("be ", "have ")) else text
    for value in hidden:
        text = text.replace(value, "…")
    return f"{key}: {text}"


def _suggestion(word: str, known: Collection[str]) -> str:
    best = process.extractOne(word.lower(), list(known), scorer=fuzz.ratio, score_cutoff=60)
    return f"; did you mean {best[0]}?" if best else f"; must be one of: {', '.join(known)}"


def _equal_name(name: str, table: Mapping[str, Any]) -> str | None:
    """The key of ``table`` that differs from ``name`` only in case, or in ``_`` for ``-``."""
    normalized = name.lower().replace("-", "_")
    return next((key for key in table if key.lower().replace("-", "_") == normalized), None)
