"""The ``[platforms.NAME]`` table of a Tines tenant."""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapters.tines.links import host_of
from adapters.toolkit.secrets import Secret, SecretTable


class TinesSettings(BaseModel):
    """``green``, ``amber`` and ``red`` are sub-statuses of open cases: the name as Tines shows it, or the id."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    url: str = Field(description="The tenant's address, such as https://adjective-noun-1234.tines.com.")
    token: Secret = Field(description="A team API key. Liaison acts as its service account.")
    team_id: str = Field("", description="The team that owns the cases. Empty: all cases the key can see.")
    template_tag: str = Field("runbook-template", min_length=1, description="The tag of cases that are runbooks.")
    run_tag: str = Field("runbook-run", min_length=1, description="The tag that every started case gets.")
    green: str = Field("", description="The sub-status for green: its name or its id.")
    amber: str = Field("", description="The sub-status for amber.")
    red: str = Field("", description="The sub-status for red.")

    stories: SecretTable = Field(
        default_factory=dict,
        description="Stories that can be started from a run: name = the URL of the story's webhook.",
    )

    @field_validator("url")
    @classmethod
    def _normalize_url(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise ValueError('must be a URL like "https://adjective-noun-1234.tines.com"')
        return re.sub(r"/api(/v[12])?$", "", url.rstrip("/")).rstrip("/")

    @field_validator("team_id")
    @classmethod
    def _check_team_id(cls, team: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", team.strip()):
            raise ValueError("must be the number in the team's URL (/team/NUMBER/)")
        return team.strip()

    @model_validator(mode="after")
    def _check_story_urls(self) -> "TinesSettings":
        """Webhook URLs contain a secret, so only https is allowed, or the tenant itself."""
        for name, secret_url in self.stories.items():
            url = secret_url.get_secret_value()
            if not 0 < len(name.strip()) <= 60:
                raise ValueError("names of stories must have 1 to 60 characters")
            host = host_of(url)
            if host is None or not (url.startswith(("https://", f"{self.url}/"))):
                raise ValueError(f"stories.{name} must be a URL that starts with https://")
        return self

    @model_validator(mode="after")
    def _check_tags_differ(self) -> "TinesSettings":
        if self.template_tag.casefold() == self.run_tag.casefold():
            raise ValueError("template_tag and run_tag must be different tags")
        return self
