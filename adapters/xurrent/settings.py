"""The ``[platforms.NAME]`` table of a Xurrent, 4me or ITRP account."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from adapters.toolkit.secrets import SecretTable

Flavour = Literal["xurrent", "4me", "itrp"]
Category = Literal["standard", "non_standard", "emergency", "order"]
Justification = Literal[
    "compliance",
    "correction",
    "expansion",
    "improvement",
    "maintenance",
    "move",
    "removal",
    "replacement",
    "purchase",
]


class XurrentSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    url: str = Field(description="the API's address with its version: https://api.xurrent.com/v1")
    token: SecretStr = Field(description="a personal access token; Liaison acts as the person it belongs to")
    account: str = Field(description="the account's ID, as in https://ACCOUNT.xurrent.com")
    flavour: Flavour = Field("xurrent", description='"xurrent", "4me", or "itrp" for the old API')
    service_id: str = Field("", description="the service of a run whose template has none")
    team_id: str = Field(
        "", description="the team that added tasks go to; if empty, the team of another task of the run"
    )
    category: Category = Field("standard", description="the category of a run whose template has none")
    justification: Justification = Field(
        "maintenance", description="the justification of a run whose template has none"
    )
    workflow_type: str = Field("", description="the workflow type of a run whose template has none")
    tokens: SecretTable = Field(
        default_factory=dict, description="personal tokens for approvals: chat user ID = token"
    )
    site: str = Field("", description="the address people open in a browser, if it can't be derived from url")

    @field_validator("url", "site")
    @classmethod
    def _check_url(cls, url: str) -> str:
        url = url.strip().rstrip("/")
        if url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
            raise ValueError('must be an address like "https://api.xurrent.com/v1"')
        return url

    @field_validator("url")
    @classmethod
    def _add_version(cls, url: str) -> str:
        """Adds ``/v1`` to a bare host: every path of the API starts with its version."""
        if not url:
            raise ValueError('must be an address like "https://api.xurrent.com/v1"')
        return url if "/" in url.partition("://")[2] else f"{url}/v1"

    @field_validator("token")
    @classmethod
    def _check_token(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value().strip()):
            raise ValueError("must not be empty or contain spaces")
        return token

    @field_validator("tokens")
    @classmethod
    def _check_personal_tokens(cls, tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
        """Accepts chat user IDs only: people can put anybody's email address into their own profile."""
        for id, token in tokens.items():
            if not id.strip() or "@" in id:
                raise ValueError("must use chat user IDs as keys, as /run whoami shows them")
            cls._check_token(token)
        return tokens

    @field_validator("account")
    @classmethod
    def _check_account(cls, account: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", account):
            raise ValueError('must be the account\'s ID, like "wdc"')
        return account

    @field_validator("service_id", "team_id")
    @classmethod
    def _check_record_id(cls, id: str) -> str:
        if id and not re.fullmatch(r"[1-9][0-9]{0,17}", id):
            raise ValueError("must be a number, as in the record's address")
        return id
