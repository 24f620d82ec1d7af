"""All message catalogues, and the keys that the code uses."""

import ast
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import get_args

from adapters.models import Health, RunState, TaskState
from adapters.toolkit.messages import ENGLISH, load_messages
from adapters.writes import READS, Op
from bot.surfaces.errors import Refusal
from commands.cards import run_menu
from commands.model.intents import TaskIntent
from commands.model.ports import NotifyMode
from commands.registry import COMMANDS

ROOT = Path(__file__).parent.parent.parent.parent
OURS = ROOT / "commands" / "text" / "messages.toml"
CATALOGUES: Sequence[Path] = sorted(
    path for folder in ("commands", "bot", "adapters") for path in (ROOT / folder).rglob("messages.toml")
)
_KEY = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+")
_STEPS = ROOT / "tests" / "golden" / "words" / "steps.json"
_WRITES: Sequence[str] = [op for op in Op if op not in READS]
_VERBS: Sequence[str] = [*_WRITES, "resume"]


def _parts() -> Sequence[str]:
    """The names that the adapters give to the requests of a write, from the recorded keys of all their steps."""
    keys = re.findall(r'"([a-z]+(?::\w+)+)', _STEPS.read_text())
    recorded = {part.rstrip("0123456789") for key in keys for part in key.split(":")[1:] if part != "TASK"}
    return sorted(
        {
            "itself",
            "alone",
            "assign",
            "buttons",
            "colour",
            "copy",
            "details",
            "fields",
            "mark",
            "sentence",
            "stage",
            "tasks",
            "urgent",
            *recorded,
        }
    )


def _named_parts() -> Sequence[str]:
    """Those with a name of their own. The others are called what their write is called."""
    named = [key for key in load_messages(OURS, ENGLISH) if key.startswith("doing_part.")]
    return [key.removeprefix("doing_part.") for key in named]


BUILT: Mapping[str, Sequence[str]] = {
    "assign.outsiders{}": ["", "_direct", "_unchecked"],
    "button.form_{}": ["begin", "comment", "finish", *run_menu.ABOUT_TASKS, *run_menu.ABOUT_THE_RUN],
    "can.{}": [*_WRITES, Op.COMMENTS],
    "count.{}": list(TaskState),
    "doing.{}": _VERBS,
    "doing_part.{}": _named_parts(),
    "ended.{}": [state for state in RunState if state.is_over],
    "ended.title_{}": [state for state in RunState if state.is_over],
    "notice.{}": [state for state in RunState if state.is_over],
    "notice.{}_by": [state for state in RunState if state.is_over],
    "notify.{}": get_args(NotifyMode),
    "button.notify_{}": get_args(NotifyMode),
    "health.{}": [health for health in Health if health is not Health.UNSET],
    "menu.{}": ["begin", "finish"],
    "part.{}": _parts(),
    "receipt.{}": _VERBS,
    "run.{}": list(RunState),
    "short.{}": [*_VERBS, "note"],
    "state.{}": list(TaskState),
    "to.{}": [verb for verb, command in COMMANDS.items() if issubclass(command.intent, TaskIntent)],
    "trace.{}": _VERBS,
    "undelivered.{}": ["post", "card", "lines"],
    "undelivered.why_{}": list(Refusal),
    "trace.{}_note": [Op.FINISH, Op.SKIP, Op.APPROVE, Op.END],
    "usage.{}": [verb for verb, command in COMMANDS.items() if command.typed],
}
"""The keys of ``commands`` that the code builds: the pattern of the f-string, and all that fills it."""


def messages(path: Path, language: str = ENGLISH) -> Mapping[str, str]:
    return load_messages(path, language)


def placeholders(message: str) -> set[str]:
    return {fact for _, fact, _, _ in string.Formatter().parse(message) if fact}


def sources(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.rglob("*.py") if "migrations" not in path.parts)


@cache
def _nodes(path: Path) -> Sequence[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def literal_keys(paths: Sequence[Path]) -> set[str]:
    """Every string in the code that looks like a key, and for ``plural`` its twin for one."""
    found: set[str] = set()
    for path in paths:
        for node in _nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            if isinstance(argument := _plural_argument(node), ast.Constant):
                found.add(f"{argument.value!s}_one")
    return {text for text in found if _KEY.fullmatch(text)}


def _plural_argument(node: ast.AST) -> ast.expr | None:
    """The key that a call of ``plural`` takes."""
    is_plural = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "plural"
    return node.args[0] if is_plural and isinstance(node, ast.Call) else None


def built_patterns(paths: Sequence[Path]) -> Iterator[tuple[str, bool]]:
    """(pattern, whether ``plural`` takes it) for every f-string that builds a key: ("count.{}", True)."""
    for path in paths:
        plurals = {id(argument) for node in _nodes(path) if (argument := _plural_argument(node))}
        for node in _nodes(path):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
                pattern = "".join(parts)
                if re.fullmatch(r"([a-z_]+|\{\}\.[a-z_]+)\.([a-z_0-9.]|\{\})*", pattern) and "{}" in pattern:
                    yield pattern, id(node) in plurals


def suffixes(paths: Sequence[Path]) -> set[str]:
    """What f-strings put behind a key: "_at" of f"{key}_at"."""
    return {
        str(node.values[1].value)
        for path in paths
        for node in _nodes(path)
        if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[1], ast.Constant)
    }


def built_keys(paths: Sequence[Path]) -> set[str]:
    """The keys that f-strings build in ``commands``. Raises ``KeyError`` for a pattern that ``BUILT`` lacks."""
    found: set[str] = set()
    for pattern, plural in built_patterns(paths):
        keys = [pattern.replace("{}", value) for value in BUILT[pattern]]
        found |= {*keys, *(f"{key}_one" for key in keys if plural)}
    return found
