"""The ``[platforms.NAME]`` table of a Mattermost site with Playbooks."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator


class PlaybooksSettings(BaseModel):
    """``url`` is the Mattermost site, with its sub-path if it has one. ``team`` is a name or an id."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[^\s/?#]+")] = Field(
        description="The address of the Mattermost site, as people open it in the browser."
    )
    token: SecretStr = Field(description="The token of a bot account.", min_length=1)
    team: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        default="", description="The name or id of the team. Empty: all teams of the bot."
    )

    @field_validator("url")
    @classmethod
    def _normalize_url(cls, url: str) -> str:
        """Accepts the address of the plugin or the API too: both start with the address of the site."""
        for tail in ("/plugins/playbooks", "/api/v4"):
            url = url.partition(tail)[0]
        return url.rstrip("/")
