"""Generates the tables and lists in README.md and docs/ that describe the code.

A generated part stands between ``<!-- NAME: written by make docs -->`` and ``<!-- end NAME -->``. ``make docs``
rewrites the parts of every page with ``fill_parts``, and ``tests/docs/test_docs.py`` fails if one is outdated.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, get_args

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from adapters.protocol import Emulated, Native, Platform, Unsupported
from adapters.toolkit.messages import load_messages
from adapters.writes import READS, Op
from bot.cli import cli
from bot.config.parse import TABLES
from bot.config.settings import available_platforms
from bot.observability import metrics
from commands.model.command import Command, Flag, FlagKind, Right
from commands.registry import COMMANDS
from commands.text.catalogue import plain_text, translate

_PART = re.compile(r"(<!-- ([a-z-]+): written by make docs -->\n).*?(<!-- end \2 -->)", re.DOTALL)
_RIGHTS = {right: "anybody" if right is Right.READ else f"`{right}`" for right in Right}
_LANGUAGES = {"en": "Also", "pt": "Português"}


class UnknownPart(Exception):
    """A page marks a part that nothing generates."""


def fill_parts(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """Replaces every marked part of ``page`` with its current text. Raises ``UnknownPart``."""

    def generated_part(found: re.Match[str]) -> str:
        part = parts.get(found[2])
        if part is None:
            raise UnknownPart(found[2])
        return f"{found[1]}\n{part().strip()}\n\n{found[3]}"

    return _PART.sub(generated_part, page)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


# Commands


def command_table() -> str:
    rows = [
        (f"`{_typed(command)}`", ", ".join(_aliases(command)), _summary(command)) for command in _typed_commands()
    ]
    return table(("type", "or", "to"), rows)


def command_reference() -> str:
    return "\n\n".join(_command(command) for command in _typed_commands())


def _typed_commands() -> list[Command]:
    """Commands that write, in the order of ``Op``, then commands that only read."""
    writes = [op for op in Op if op not in READS]

    def sort_key(command: Command) -> tuple[int, str]:
        return (writes.index(command.op) if command.op in writes else len(writes), command.verb)

    return sorted((command for command in COMMANDS.values() if command.typed), key=sort_key)


def _typed(command: Command) -> str:
    return f"{command.verb} {command.arguments}".strip()


def _summary(command: Command) -> str:
    return plain_text(translate(command.summary_key))


def _aliases(command: Command) -> list[str]:
    return [f"`{word}`" for word in command.aliases]


def _command(command: Command) -> str:
    summary = _summary(command)
    facts = [f"{summary[0].upper()}{summary[1:]}."]
    for language, words in _synonyms(command).items():
        facts.append(f"{_LANGUAGES.get(language, language)}: {', '.join(f'`{word}`' for word in words)}.")
    if command.flags:
        facts.append(f"Flags: {', '.join(f'`{_flag(flag)}`' for flag in command.flags)}.")
    facts.append(f"Who may: {_RIGHTS[command.right]}.")
    examples = "\n".join(f"/run {example.line}".strip() for example in command.examples)
    return f"### `/run {_typed(command)}`\n\n{' '.join(facts)}\n\n```\n{examples}\n```"


def _synonyms(command: Command) -> Mapping[str, Sequence[str]]:
    """Language -> aliases and synonyms of the verb."""
    english = (*command.aliases, *command.synonyms.get("en", ()))
    words = {**command.synonyms, "en": english}
    return {language: words[language] for language in sorted(words) if words[language]}


def _flag(flag: Flag) -> str:
    several = "…" if flag.kind is FlagKind.PAIRS else ""
    return f"--{flag.name} {flag.hint}".strip() + several


# Platforms


def capabilities() -> str:
    platforms = list(available_platforms().values())
    head = ("", *(f"[{platform.title}]({platform.kind}.md)" for platform in platforms))
    rows = [(f"`{op}`", *(_level(platform, op) for platform in platforms)) for op in Op]
    return "\n\n".join((table(head, rows), *_emulated_and_unsupported(platforms)))


def _level(platform: Platform, op: Op) -> str:
    match platform.capabilities[op]:
        case Native():
            return "native"
        case Emulated():
            return "emulated"
        case Unsupported():
            return "unsupported"


def _emulated_and_unsupported(platforms: Sequence[Platform]) -> Iterator[str]:
    for platform in platforms:
        emulations: dict[str, list[str]] = {}
        alternatives: dict[str, list[str]] = {}
        texts = load_messages(platform.messages)
        for op in Op:
            match platform.capabilities[op]:
                case Emulated(how=how):
                    emulations.setdefault(texts.get(how, how), []).append(f"`{op}`")
                case Unsupported(alternative=alternative):
                    alternatives.setdefault(texts.get(alternative, alternative), []).append(f"`{op}`")
        lines = [f"- {', '.join(ops)}, emulated: {how}" for how, ops in emulations.items()]
        lines += [f"- {', '.join(ops)}, unsupported: {alternative}" for alternative, ops in alternatives.items()]
        if lines:
            yield f"**{platform.title}**\n\n" + "\n".join(lines)


# Settings


def settings() -> str:
    parts = [f"## `[{section}]`\n\n{_keys(model)}" for section, model in TABLES.items()]
    for kind, platform in available_platforms().items():
        parts.append(
            f'## `[platforms.NAME]` with `kind = "{kind}"`: {platform.title}\n\n{_keys(platform.settings)}'
        )
    return "\n\n".join(parts)


def _keys(model: type[BaseModel]) -> str:
    rows = [(f"`{name}`", _default(field), _meaning(field)) for name, field in model.model_fields.items()]
    return table(("key", "default", "what it is"), rows)


def _meaning(field: FieldInfo) -> str:
    choices = [f'`"{choice}"`' for choice in get_args(field.annotation) if isinstance(choice, str)]
    parts = [
        field.description or "",
        f"one of {', '.join(choices)}" if choices else "",
        "a secret" if SecretStr.__name__ in str(field.annotation) else "",
    ]
    return "; ".join(part for part in parts if part)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    default: Any = field.get_default(call_default_factory=True)
    if isinstance(default, timedelta):
        return f'`"{default.total_seconds() / 60:g}m"`'
    if isinstance(default, tuple | list):
        return f"`{list(default)}`"
    if isinstance(default, int):
        return f"`{default}`"
    return f'`"{default}"`' if default else "not set"


# The process


def command_line() -> str:
    by_name: dict[str, click.Command] = {}  # ``run`` is an alias of ``serve``
    for command in cli.commands.values():
        parts = command.commands.values() if isinstance(command, click.Group) else ()
        by_name |= {f"{command.name} {part.name}": part for part in parts} or {str(command.name): command}
    rows = [
        (f"`liaison {name}`", _options(command), " ".join((command.help or "").split()))
        for name, command in by_name.items()
    ]
    return table(("command", "options", "does"), rows)


def _options(command: click.Command) -> str:
    shown = [f"`{param.metavar or param.name}`" for param in command.params if isinstance(param, click.Argument)]
    for param in command.params:
        if isinstance(param, click.Option):
            value = "" if param.is_flag else f" {param.metavar or param.type.name.upper()}"
            shown.append(f"`{param.opts[0]}{value}`")
    return ", ".join(shown)


def metric_table() -> str:
    text = metrics.exposition().decode()
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    helps = re.findall(r"^# HELP (\w+) (.+)$", text, re.MULTILINE)
    return table(("metric", "kind", "what"), [(f"`{name}`", types[name], what) for name, what in helps])


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": command_table,
    "command-reference": command_reference,
    "capabilities": capabilities,
    "settings": settings,
    "command-line": command_line,
    "metrics": metric_table,
}
