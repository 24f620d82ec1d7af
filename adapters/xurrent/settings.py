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
    token: SecretStr = Field(description="a personal access token; Liaison acts as its person")
    account: str = Field(description="the account's id, as in https://ACCOUNT.xurrent.com")
    flavour: Flavour = Field("xurrent", description='"xurrent", "4me", or "itrp" for the old API')
    service_id: str = Field("", description="the service of a run whose template names none")
    team_id: str = Field("", description="the team that gets added tasks; empty for the team of the run's others")
    category: Category = Field("standard", description="of a run whose template has none")
    justification: Justification = Field("maintenance", description="of a run whose template has none")
    workflow_type: str = Field("", description="of a run whose template has none")
    tokens: SecretTable = Field(
        default_factory=dict, description="people's own tokens, to give approvals: a chat id = a token"
    )
    site: str = Field("", description="the address that people open, where the API's does not tell it")

    @field_validator("url", "site")
    @classmethod
    def _web_address(cls, url: str) -> str:
        url = url.strip().rstrip("/")
        if url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
            raise ValueError('must be an address like "https://api.xurrent.com/v1"')
        return url

    @field_validator("url")
    @classmethod
    def _with_version(cls, url: str) -> str:
        """People paste the host alone; every path of this API begins with its version."""
        if not url:
            raise ValueError('must be an address like "https://api.xurrent.com/v1"')
        return url if "/" in url.partition("://")[2] else f"{url}/v1"

    @field_validator("token")
    @classmethod
    def _is_there(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value().strip()):
            raise ValueError("must be one word, and not empty")
        return token

    @field_validator("tokens")
    @classmethod
    def _are_somebodys(cls, tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
        """By chat id alone: an e-mail address can be put into a profile by whoever owns it."""
        for id, token in tokens.items():
            if not id.strip() or "@" in id:
                raise ValueError("must be named by people's chat ids, as /run whoami tells them")
            cls._is_there(token)
        return tokens

    @field_validator("account")
    @classmethod
    def _is_an_account(cls, account: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", account):
            raise ValueError('must be the account\'s id, like "wdc"')
        return account

    @field_validator("service_id", "team_id")
    @classmethod
    def _is_a_number(cls, id: str) -> str:
        if id and not re.fullmatch(r"[1-9][0-9]{0,17}", id):
            raise ValueError("must be a number, as in the record's address")
        return id
