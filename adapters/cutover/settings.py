"""The ``[platforms.NAME]`` table of a Cutover instance."""

import re
import string
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapters.toolkit.secrets import Secret

SHARED_API = "https://api.cutover.net"  # of all production tenants
_ENVIRONMENT = re.compile(r"[^.]+\.(?P<environment>[^.]+)\.cutover\.cloud")


class CutoverSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    core_url: str = Field(
        "",
        description="the address that people open: https://INSTANCE.cutover.com; sent as Core-Url. "
        "Without it no such header is sent",
    )
    url: str = Field(
        "",
        description="the API's address without /core, like https://api.INSTANCE.cutover.com. "
        "Not needed with a core_url at cutover.com, cutover.net or cutover.cloud",
    )
    token: Secret = Field(description="the token of a user app; Liaison acts as its user")
    workspace_id: str = Field("", description="the workspace to search and to copy templates into")
    api_version: str = Field("2022-02-22", min_length=1, description="sent as Api-Version with every request")
    extras: bool = Field(
        False,
        description="also what only newer Cutover versions have: skip, assign, pause, resume, cancel, "
        "mine, add --after",
    )
    link_template: str | None = Field(
        None, description="the address of a runbook's page, with {runbook_id} and optionally {workspace_id}"
    )

    @field_validator("core_url")
    @classmethod
    def _check_core_url(cls, address: str) -> str:
        """Only its origin: people copy the address of a page. Without a scheme it gets ``https://``."""
        if not address.strip():
            return ""
        address = address.strip() if "://" in address else f"https://{address.strip()}"
        if not re.fullmatch(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", address):
            raise ValueError('must be an address like "https://example.cutover.com"')
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise ValueError('must be an address like "https://api.example.cutover.com"')
        return re.sub(r"/core$", "", url.rstrip("/")).rstrip("/")

    @model_validator(mode="after")
    def _require_address(self) -> "CutoverSettings":
        if not self.url and not self.core_url:
            raise ValueError('set core_url: the address that people open, like "https://example.cutover.com"')
        if not self.api_url:
            raise ValueError("set url too: the address of the API can't be derived from core_url")
        return self

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

    @property
    def api_url(self) -> str:
        """``url``, or Cutover's own API host. Never one of another domain: it would get the token."""
        return self.url or _api_host(self.core_url)


def _api_host(core_url: str) -> str:
    host = urlsplit(core_url).netloc.lower()
    if re.fullmatch(r"[^.]+\.cutover\.(?:com|net)", host):
        return SHARED_API
    environment = _ENVIRONMENT.fullmatch(host)
    return f"https://api.{environment['environment']}.cutover.cloud" if environment else ""
