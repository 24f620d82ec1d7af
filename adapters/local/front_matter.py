"""The front matter of a runbook, which is YAML: how the file is to be read, and the values that it asks for.

Other tools put theirs there too, so unknown keys are nobody's mistake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import regex
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from adapters.local.inputs import Input, Text
from adapters.local.procedure import FileProblem
from adapters.local.steps import Rule

MAX_LINES = 400
_NAME = regex.compile(r"[A-Za-z_][\w-]{0,39}")


class FileSettings(BaseModel):
    """``stages``: which headings name stages; deeper ones do not. Empty: all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: Rule = Rule.AUTO
    stages: Literal["", "h2", "h3"] = ""
    title: Text = ""
    inputs: Mapping[str, Input] = {}

    @property
    def deepest_stage(self) -> int:
        """The depth of the deepest headings that name stages; 0 for all."""
        return int(self.stages.removeprefix("h") or 0)

    @field_validator("inputs", mode="before")
    @classmethod
    def _allow_a_name_alone(cls, inputs: object) -> object:
        """``host:`` without anything declares a value too."""
        return {name: value or {} for name, value in inputs.items()} if isinstance(inputs, Mapping) else inputs

    @field_validator("inputs")
    @classmethod
    def _require_names(cls, inputs: Mapping[str, Input]) -> Mapping[str, Input]:
        for name in inputs:
            if not _NAME.fullmatch(name):
                raise ValueError(f"“{name}” can't be the name of a value: use letters, digits, - and _")
        return inputs


@dataclass(frozen=True)
class FrontMatter:
    """``lines``: how many lines of the file it takes."""

    lines: int = 0
    settings: FileSettings = field(default_factory=FileSettings)
    problems: Sequence[FileProblem] = ()


def read_front_matter(lines: Sequence[str]) -> FrontMatter:
    end = _end(lines)
    if not end:
        return FrontMatter()
    try:
        content = yaml.safe_load("\n".join(lines[1 : end - 1]))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Templates of other tools are often no YAML; only somebody who writes to Liaison needs to know.
        is_ours = any(line.startswith(("liaison:", "inputs:")) for line in lines[1:end])
        return FrontMatter(end, problems=(_problem(_line_of(error), str(error)),) if is_ours else ())
    if not isinstance(content, Mapping):
        return FrontMatter(end if content is None else 0)
    return _validated(content, end)


def _validated(content: Mapping[Any, Any], end: int) -> FrontMatter:
    ours = content.get("liaison")
    written = {**ours} if isinstance(ours, Mapping) else {}
    if isinstance(content.get("inputs"), Mapping):
        written["inputs"] = content["inputs"]
    try:
        return FrontMatter(end, FileSettings.model_validate(written))
    except (ValidationError, RecursionError) as error:
        if isinstance(error, RecursionError):
            return FrontMatter(end, problems=(_problem(0, "it contains itself"),))
        found = error.errors()[0]
        place = ".".join(map(str, found["loc"]))
        return FrontMatter(end, problems=(_problem(0, f"{place}: {found['msg']}".removeprefix(": ")),))


def _end(lines: Sequence[str]) -> int:
    """The line after the front matter; 0 without one."""
    if lines[0].rstrip() != "---":
        return 0
    closing = (n for n, line in enumerate(lines[1 : MAX_LINES + 1], start=2) if line.rstrip() in ("---", "..."))
    end = next(closing, 0)
    first = next((line for line in lines[1 : max(end - 1, 1)] if line.strip()), "")
    return end if end == 2 or ":" in first or first.startswith("#") else 0


def _line_of(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None)
    return int(mark.line) if mark is not None else 0


def _problem(line: int, why: str) -> FileProblem:
    return FileProblem("local.front_matter", {"line": line + 2, "why": " ".join(why.split())[:300]})
