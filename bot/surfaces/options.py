"""The ``[slack]`` and ``[mattermost]`` tables of the settings."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

SHORTEST_SECRET = 8  # characters
_FOR_BOT = "the bot token (xoxb-…) from OAuth & Permissions"
_FOR_APP = "an app-level token (xapp-…) with connections:write from Basic Information"
_FOR_SIGNING = "the signing secret from Basic Information"
# What a token is, by how it begins, and the setting that it belongs to.
_TOKEN_KINDS: Mapping[str, tuple[str, str]] = {
    "xoxb-": ("a bot token (xoxb-…)", "slack.bot_token"),
    "xapp-": ("an app-level token (xapp-…)", "slack.app_token"),
    "xoxp-": ("a user token (xoxp-…)", ""),
}


def split_url(url: str, problem: str) -> SplitResult:
    """Raises ``ValueError(problem)`` unless it is an http or https URL."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_valid = False
    if not is_valid or re.search(r"\s", url):
        raise ValueError(problem)
    return parts


def host_of(parts: SplitResult) -> str:
    """With the port, without a user's name and password."""
    return parts.netloc.rpartition("@")[2]


def _token(key: str, prefix: str, right: str) -> Callable[[SecretStr], SecretStr]:
    """A check that a secret isn't another one of Slack's. Tokens of other forms are left to Slack."""

    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        for other, (kind, belongs_to) in _TOKEN_KINDS.items():
            if value.startswith(other) and other != prefix:
                where = f", which belongs in {belongs_to}" if belongs_to else ""
                raise ValueError(f"is {kind}{where}; set {key} to {right}")
        return secret

    return check


def _not_guessable(instruction: str) -> Callable[[Any], Any]:
    """A check of secrets that prove who sends a delivery. The chats' own are never that short."""

    def check(value: SecretStr | tuple[SecretStr, ...]) -> SecretStr | tuple[SecretStr, ...]:
        secrets = value if isinstance(value, tuple) else (value,)
        if any(0 < len(secret.get_secret_value()) < SHORTEST_SECRET for secret in secrets):
            raise ValueError(f"is too short and can be guessed; {instruction}")
        return value

    return check


def _encryption_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for key in keys:
        try:
            is_key = len(base64.b64decode(key.get_secret_value(), b"-_", validate=True)) == 32
        except ValueError:
            is_key = False
        if not is_key:
            raise ValueError("must be keys of 32 bytes in base64; use openssl rand -base64 32")
    return keys


def _api_url(url: str) -> str:
    split_url(url, 'must be a URL; set it to "https://slack.com/api/", or remove it')
    return url


def _site_url(url: str) -> str:
    """The site's address. Links into it are a common mistake."""
    url = url.strip()
    parts = split_url(url, f"must begin with https:// or http://{_guess(url)}")
    path = re.sub(r"/api(/v\d+)?(/.*)?$", "", parts.path).rstrip("/")
    site = f"{parts.scheme}://{host_of(parts)}{path}"
    if path != parts.path.rstrip("/"):
        raise ValueError(f'must be the address of the site, without /api; set it to "{site}"')
    if parts.query or parts.fragment:
        raise ValueError(f'must be the address of the site; set it to "{site}"')
    return url.rstrip("/")


def _guess(url: str) -> str:
    is_host = re.fullmatch(r"[\w.-]+(:\d+)?(/\S*)?", url)
    return f'; set it to "https://{url}"' if is_host else ', like "https://chat.example.com"'


ReactionVerb = Literal["begin", "finish", "approve", "reopen"]


class SlackOptions(BaseModel):
    """Socket Mode is used if ``app_token`` is set. HTTP deliveries need ``signing_secret``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bot_token: Annotated[SecretStr, AfterValidator(_token("bot_token", "xoxb-", _FOR_BOT))] | None = Field(
        None, description="xoxb-…, from OAuth & Permissions; required without client_id"
    )
    signing_secret: (
        Annotated[
            SecretStr,
            AfterValidator(_token("signing_secret", "", _FOR_SIGNING)),
            AfterValidator(_not_guessable(f"set it to {_FOR_SIGNING}")),
        ]
        | None
    ) = Field(None, description="from Basic Information; required without app_token")
    app_token: Annotated[SecretStr, AfterValidator(_token("app_token", "xapp-", _FOR_APP))] | None = Field(
        None, description="xapp-…, with connections:write; turns on Socket Mode"
    )
    reactions: dict[str, ReactionVerb] = Field(
        {},
        description="what a reaction to a message about one task does, by the emoji's name: begin, finish, "
        'approve or reopen, as in [slack.reactions] white_check_mark = "finish"',
    )
    client_id: str | None = Field(
        None, description="from Basic Information; lets workspaces install the app at /slack/install"
    )
    client_secret: SecretStr | None = Field(None, description="from Basic Information; required with client_id")
    encryption_keys: Annotated[tuple[SecretStr, ...], AfterValidator(_encryption_keys)] = Field(
        (),
        description="required with client_id: the first one encrypts the tokens of workspaces in the database, all"
        " decrypt them; from openssl rand -base64 32",
    )
    workspaces: tuple[str, ...] = Field(
        (),
        description="ids of workspaces (T…) and Grid organisations (E…) that may install the app; empty: none",
    )
    workflow_steps: bool = Field(
        False,
        description="adds steps to Workflow Builder, which needs a paid plan. A step acts in the name of the "
        "person whom the workflow names, so whoever may publish workflows can act as anybody",
    )
    api_url: Annotated[str, AfterValidator(_api_url)] = Field(
        "https://slack.com/api/", description="change it only for GovSlack or for tests"
    )


class MattermostOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_site_url)] = Field(
        description="the site's address, including its sub-path if it has one"
    )
    token: SecretStr = Field(description="the bot account's access token")
    command_tokens: Annotated[
        tuple[SecretStr, ...], AfterValidator(_not_guessable("set them to what Mattermost shows for each command"))
    ] = Field((), description="one for each team's slash command")
    team: str | None = Field(
        None, description="name or id of the only team to listen to; empty for all of the bot's teams"
    )
