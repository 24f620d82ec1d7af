"""``liaison settings``: a commented liaison.toml, written from the models that read it.

Everything is commented out, so that as it stands it says what holds without it.
"""

import json
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config.parse import TABLES
from bot.config.settings import kinds

_HEAD = """\
# Liaison's settings. Every key can also be set as LIAISON_<SECTION>__<KEY> in the environment, which wins:
# LIAISON_SLACK__BOT_TOKEN, LIAISON_PLATFORMS__<NAME>__TOKEN. Check with: liaison doctor
"""
_WORDS = """
[aliases]
# more words for a verb; those of other languages are built in
# feito = "finish"

[people]
# chat id = e-mail, where the chat's own profile does not say
# U0123ABCD = "ana@example.com"
"""
_HOOK = "a webhook of the platform at /hooks/NAME/SECRET makes Liaison read again at once"
_WIDTH = 110


def template() -> str:
    parts = [_HEAD]
    for section, model in TABLES.items():
        optional = section in ("slack", "mattermost")
        parts.append("\n".join(["", f"{'# ' if optional else ''}[{section}]", *_fields(model), ""]))
    parts.append(_WORDS)
    parts.append("\n# One section for each place where runbooks live; NAME is yours to choose.\n")
    for kind, platform in kinds().items():
        lines = [
            f"# [platforms.{kind}]",
            f"# # {platform.title}",
            f'# kind = "{kind}"',
            *_fields(platform.settings),
        ]
        parts.append("\n".join([*lines, *_key("hook_secret", "…", _HOOK, ""), ""]))
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


def _fields(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        needed = " (needed)" if field.is_required() else ""
        yield from _key(name, _value(field), field.description or "", needed)


def _key(name: str, value: Any, description: str, needed: str) -> Iterator[str]:
    setting = f"# {name} = {json.dumps(value, ensure_ascii=False)}"
    words = description + needed
    if words and len(setting) + len(words) + 3 > _WIDTH:
        yield from textwrap.wrap(words, _WIDTH, initial_indent="# # ", subsequent_indent="# # ")
    elif words:
        setting += f"  # {words}"
    yield setting


def _value(field: FieldInfo) -> Any:
    """The default, else something of the right shape."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    if isinstance(default, timedelta):
        return f"{default.total_seconds() / 60:g}m"
    if isinstance(default, tuple | list):
        return [str(part) for part in default]
    if isinstance(default, bool | int | float):
        return default
    return "…" if default is None else str(default)
