"""The ``[platforms.NAME]`` table of folders of runbooks."""

from collections import Counter
from pathlib import Path

from pydantic import BaseModel, Field, field_validator

IGNORED = ("readme*", "index.*", "*template*", "contributing*", "changelog*", "license*", "code_of_conduct*")


class LocalSettings(BaseModel):
    """Relative paths start at the settings file's folder."""

    path: Path = Field(default=Path("runbooks"), description="the folder of Markdown runbooks")
    paths: tuple[Path, ...] = Field(
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

    @field_validator("paths")
    @classmethod
    def _require_names_of_their_own(cls, paths: tuple[Path, ...]) -> tuple[Path, ...]:
        names = Counter(path.name for path in paths)
        if any(name in ("", "..", "~") for name in names):
            raise ValueError("each needs a folder's name at its end")
        shared = [name for name, count in names.items() if count > 1]
        if shared:
            raise ValueError(f"{len(paths)} folders need different names, and “{shared[0]}” is there twice")
        return paths
