"""Types for secrets in a platform's settings: a required one, and a table of them."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr


def _from_text(table: Any) -> Any:
    if not isinstance(table, str):
        return table
    try:
        return json.loads(table)
    except ValueError:
        raise ValueError('must be a table; in the environment, its JSON: {"name": "secret"}') from None


def _not_empty(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("must not be empty")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_not_empty)]
SecretTable = Annotated[dict[str, SecretStr], BeforeValidator(_from_text)]
"""A table in the settings file, JSON in an environment variable."""
