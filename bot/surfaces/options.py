"""The ``[slack]`` and ``[mattermost]`` tables of the settings."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class SlackOptions(BaseModel):
    """Socket Mode is used if ``app_token`` is set. HTTP deliveries need ``signing_secret``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bot_token: SecretStr = Field(description="xoxb-…, from OAuth & Permissions")
    signing_secret: SecretStr | None = Field(
        None, description="from Basic Information; required without app_token"
    )
    app_token: SecretStr | None = Field(None, description="xapp-…, with connections:write; turns on Socket Mode")
    api_url: str = Field("https://slack.com/api/", description="change it only for GovSlack or for tests")


class MattermostOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="the site's address, including its sub-path if it has one")
    token: SecretStr = Field(description="the bot account's access token")
    command_tokens: tuple[SecretStr, ...] = Field((), description="one for each team's slash command")
    team: str | None = Field(
        None, description="name or id of the only team to listen to; empty for all of the bot's teams"
    )
