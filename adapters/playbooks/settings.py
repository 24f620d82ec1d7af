"""The ``[platforms.NAME]`` table of a Mattermost with Playbooks."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator


class PlaybooksSettings(BaseModel):
    """``url`` is the Mattermost site, with its sub-path if it has one. ``team`` is a name or an id."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[^\s/?#]+")] = Field(
        description="the Mattermost site, as people open it in the browser"
    )
    token: SecretStr = Field(description="a bot account's token", min_length=1)
    team: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        default="", description="the team's name or id; empty for every team of the bot"
    )

    @field_validator("url")
    @classmethod
    def _site_only(cls, url: str) -> str:
        """People paste what they have: the plugin's or the API's address begins with the site."""
        for tail in ("/plugins/playbooks", "/api/v4"):
            url = url.partition(tail)[0]
        return url.rstrip("/")
