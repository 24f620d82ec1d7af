"""The ``[slack]`` and ``[mattermost]`` tables of the settings, as DESIGN section 5 names them."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class SlackOptions(BaseModel):
    """HTTP deliveries need ``signing_secret``; Socket Mode is used when ``app_token`` is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bot_token: SecretStr = Field(description="xoxb-…, from OAuth & Permissions")
    signing_secret: SecretStr | None = Field(None, description="from Basic Information; without app_token")
    app_token: SecretStr | None = Field(
        None, description="xapp-…, with connections:write; switches Socket Mode on"
    )
    api_url: str = Field("https://slack.com/api/", description="another one only for GovSlack, or for tests")


class MattermostOptions(BaseModel):
    """``command_tokens``: one for each team's slash command. ``team`` narrows what the bot looks at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="the site's address, with its sub-path if it has one")
    token: SecretStr = Field(description="the bot account's access token")
    command_tokens: tuple[SecretStr, ...] = Field((), description="one for each team's slash command")
    team: str | None = Field(
        None, description="the only team whose channels count, by name or id; empty: every team of the bot"
    )
