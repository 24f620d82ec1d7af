"""The ``[platforms.NAME]`` table of a Tines tenant."""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapters.tines.links import host_of
from adapters.toolkit.secrets import Secret, SecretTable


class TinesSettings(BaseModel):
    """``green``, ``amber`` and ``red`` are sub-statuses of open cases: a name as Tines shows it, or an id."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    url: str = Field(description="the tenant: https://adjective-noun-1234.tines.com")
    token: Secret = Field(description="an API key of the team; Liaison acts as its service account")
    team_id: str = Field("", description="the team whose cases these are; empty: all that the key may see")
    template_tag: str = Field("runbook-template", min_length=1, description="the tag of a case that is a runbook")
    run_tag: str = Field("runbook-run", min_length=1, description="the tag that every started case gets")
    green: str = Field("", description="the sub-status that says green: its name or its id")
    amber: str = Field("", description="the sub-status that says amber")
    red: str = Field("", description="the sub-status that says red")

    stories: SecretTable = Field(
        default_factory=dict, description="stories to start from a run: a name = the address of its webhook"
    )

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise ValueError('must be an address like "https://adjective-noun-1234.tines.com"')
        return re.sub(r"/api(/v[12])?$", "", url.rstrip("/")).rstrip("/")

    @field_validator("team_id")
    @classmethod
    def _is_an_id(cls, team: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", team.strip()):
            raise ValueError("must be the number in the team's address (/team/NUMBER/)")
        return team.strip()

    @model_validator(mode="after")
    def _may_be_called(self) -> "TinesSettings":
        """https, so that nobody on the way reads the secret; or the tenant itself, however it is reached."""
        for name, address in self.stories.items():
            url = address.get_secret_value()
            if not 0 < len(name.strip()) <= 60:
                raise ValueError("stories must have names of at most 60 letters")
            host = host_of(url)
            if host is None or not (url.startswith(("https://", f"{self.url}/"))):
                raise ValueError(f"stories.{name} must be an address that begins with https://")
        return self

    @model_validator(mode="after")
    def _told_apart(self) -> "TinesSettings":
        if self.template_tag.casefold() == self.run_tag.casefold():
            raise ValueError("template_tag and run_tag must not be the same tag")
        return self
