"""The ``[platforms.NAME]`` table of a Runrun.it account."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapters.toolkit.secrets import Secret

Id = Annotated[int, Field(ge=1)]


class RunrunitSettings(BaseModel):
    """Both keys are under Integrations and Apps > API and Webhooks. Every request acts as the token's owner."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field("https://runrun.it/api/v1.0", description="the API's address, the same for every account")
    app_key: Secret = Field(description="the account's app key")
    user_token: Secret = Field(description="the token of the user that Liaison acts as")
    project_template_id: Id = Field(description="the project template whose task templates are the runbooks")
    project_id: Id = Field(description="the project where runs are created; it should hold nothing else")
    type_id: Id = Field(description="the task type of added tasks, and of runs whose template has none")

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        url = url.strip().rstrip("/")
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
            raise ValueError('must be an address like "https://runrun.it/api/v1.0"')
        return url if "/api" in url else f"{url}/api/v1.0"
