"""The ``[platforms.NAME]`` table of an Example account."""

from pydantic import BaseModel, ConfigDict, Field

from adapters.toolkit.secrets import Secret


class ExampleSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="the address of the API, https://example.com/api")
    token: Secret = Field(description="an API token; Liaison acts as its user")
