"""The ``[platforms.NAME]`` table of a Cutover instance."""

import re
import string

from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapters.toolkit.secrets import Secret


class CutoverSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    url: str = Field(description="the API's address without /core: https://api.INSTANCE.cutover.com")
    token: Secret = Field(description="the token of a user app; Liaison acts as its user")
    workspace_id: str = Field("", description="the workspace to search and to copy templates into")
    api_version: str = Field("2022-02-22", min_length=1, description="sent as Api-Version with every request")
    extras: bool = Field(
        False,
        description="also skip, pause, resume and cancel, which newer Cutover versions support",
    )
    link_template: str | None = Field(
        None, description="the address of a runbook's page, with {runbook_id} and optionally {workspace_id}"
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise ValueError('must be an address like "https://api.example.cutover.com"')
        return re.sub(r"/core$", "", url.rstrip("/")).rstrip("/")

    @field_validator("link_template")
    @classmethod
    def _check_placeholders(cls, template: str | None) -> str | None:
        if template is None:
            return None
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        except ValueError:
            names = set()
        if "runbook_id" not in names or names - {"runbook_id", "workspace_id"}:
            raise ValueError("must contain {runbook_id}, and no other placeholder than {workspace_id}")
        return template
