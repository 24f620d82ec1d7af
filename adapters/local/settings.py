"""The ``[platforms.NAME]`` table of folders of runbooks."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from adapters.local.git_source import PREFIX, GitSource, parse_git_source
from adapters.toolkit.durations import parse_duration

SHORTEST_REFRESH = timedelta(seconds=10)


def _place(value: object) -> object:
    is_git = isinstance(value, str) and value.strip().startswith(PREFIX)
    return parse_git_source(str(value).strip()) if is_git else value


Place = Annotated[Path | GitSource, BeforeValidator(_place)]
"""A folder, or one in a Git repository."""

IGNORED = ("readme*", "index.*", "*template*", "contributing*", "changelog*", "license*", "code_of_conduct*")


class LocalSettings(BaseModel):
    """Relative paths start at the settings file's folder."""

    path: Place = Field(
        default=Path("runbooks"),
        description="the folder of Markdown runbooks, or git+https://host/repo.git#branch:folder",
    )
    paths: tuple[Place, ...] = Field(
        default=(), description="more folders of runbooks; each is listed as a sub-folder with its name"
    )
    ignore: tuple[str, ...] = Field(
        default=IGNORED, description="names of files that aren't runbooks; * stands for anything"
    )
    procedure_headings: tuple[str, ...] = Field(
        default=(), description="more headings whose bullets are tasks, beside Steps, Mitigation and the like"
    )
    context_headings: tuple[str, ...] = Field(
        default=(),
        description="more headings whose numbered lists aren't tasks, beside Causes, Contacts and the like",
    )
    refresh: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        timedelta(minutes=5),
        ge=SHORTEST_REFRESH,
        description="how often the copies of Git repositories are refreshed",
    )

    @field_validator("paths")
    @classmethod
    def _require_names_of_their_own(cls, paths: tuple[Place, ...]) -> tuple[Place, ...]:
        names = Counter(path.name for path in paths)
        if any(name in ("", "..", "~") for name in names):
            raise ValueError("each needs a folder's name at its end")
        shared = [name for name, count in names.items() if count > 1]
        if shared:
            raise ValueError(f"{len(paths)} folders need different names, and “{shared[0]}” is there twice")
        return paths
