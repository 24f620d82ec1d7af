"""The ``[platforms.NAME]`` table of a folder of runbooks."""

from pathlib import Path

from pydantic import BaseModel, Field


class LocalSettings(BaseModel):
    """A relative ``path`` starts at the settings file's folder."""

    path: Path = Field(default=Path("runbooks"), description="the folder of Markdown runbooks")
