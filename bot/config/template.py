"""``liaison settings``: a commented liaison.toml, generated from the settings models.

Every key is commented out and shows its default, so the file changes nothing until it is edited.
"""

import json
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config.parse import TABLES
from bot.config.settings import available_platforms

_HEAD = """\
# Liaison settings. Each key can also be set in the environment as LIAISON_<SECTION>__<KEY>, for example
# LIAISON_SLACK__BOT_TOKEN or LIAISON_PLATFORMS__<NAME>__TOKEN. The environment overrides this file.
# Check your settings with: liaison doctor
"""
_FREE_TABLES = """
[aliases]
# your own words for verbs, in addition to the built-in ones
# fertig = "finish"

[people]
# chat id = e-mail address, for people whose chat profile has none
# U0123ABCD = "ana@example.com"
"""
_PLATFORMS = "\n# One section per platform. NAME is your choice.\n"
_WEBHOOK = "with a webhook of the platform to /hooks/NAME/SECRET, Liaison sees changes immediately"
_SLOWEST_ANSWER = "how long the platform may still be executing a request whose answer was lost"
_WORKSPACES = "the Slack workspaces (T…, E…) that may use it, or mattermost; empty: all"
_WIDTH = 110


def template() -> str:
    parts = [_HEAD]
    for section, model in TABLES.items():
        optional = section in ("slack", "mattermost")
        parts.append("\n".join(["", f"{'# ' if optional else ''}[{section}]", *_fields(model), ""]))
    parts += [_FREE_TABLES, _PLATFORMS]
    for kind, platform in available_platforms().items():
        lines = [
            f"# [platforms.{kind}]",
            f"# # {platform.title}",
            f'# kind = "{kind}"',
            *_fields(platform.settings),
            *_key("hook_secret", "…", _WEBHOOK),
            *_key("slowest_answer", f"{platform.slowest_answer:g}s", _SLOWEST_ANSWER),
            *_key("workspaces", [], _WORKSPACES),
        ]
        parts.append("\n".join([*lines, "", ""]))
    return "".join(parts).rstrip("\n") + "\n"


def _fields(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        required = " (required)" if field.is_required() else ""
        yield from _key(name, _example_value(field), (field.description or "") + required)


def _key(name: str, value: Any, comment: str) -> Iterator[str]:
    setting = f"# {name} = {json.dumps(value, ensure_ascii=False)}"
    if comment and len(setting) + len(comment) + 3 > _WIDTH:
        yield from textwrap.wrap(comment, _WIDTH, initial_indent="# # ", subsequent_indent="# # ")
    elif comment:
        setting += f"  # {comment}"
    yield setting


def _example_value(field: FieldInfo) -> Any:
    """The default, or a placeholder of the right type."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    if isinstance(default, timedelta):
        return f"{default.total_seconds() / 60:g}m"
    if isinstance(default, tuple | list):
        return [str(part) for part in default]
    if isinstance(default, bool | int | float | dict):
        return default
    return "…" if default is None else str(default)
