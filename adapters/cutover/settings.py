"""The ``[platforms.NAME]`` table of a Cutover instance."""

import re
import string

from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapters.toolkit.secrets import Secret


class CutoverSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    url: str = Field(description="the API's address, without /core: https://api.INSTANCE.cutover.com")
    token: Secret = Field(description="the token of a user app; Liaison acts as its user")
    workspace_id: str = Field("", description="the workspace to look in and to copy templates into")
    api_version: str = Field("2022-02-22", min_length=1, description="sent as Api-Version with every call")
    extras: bool = Field(
        False,
        description="also skip, pause, resume and cancel, which newer Cores can and this API version has not",
    )
    link_template: str | None = Field(
        None, description="a runbook's page for people, with {runbook_id} and, if wanted, {workspace_id}"
    )

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise ValueError('must be an address like "https://api.example.cutover.com"')
        return re.sub(r"/core$", "", url.rstrip("/")).rstrip("/")

    @field_validator("link_template")
    @classmethod
    def _has_places(cls, template: str | None) -> str | None:
        if template is None:
            return None
        try:
            places = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        except ValueError:
            places = set()
        if "runbook_id" not in places or places - {"runbook_id", "workspace_id"}:
            raise ValueError("must have {runbook_id}, and no other place than {workspace_id}")
        return template
