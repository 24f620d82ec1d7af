"""Tables of secrets in a platform's settings: a table in the file, JSON in an environment variable."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr


def _from_text(table: Any) -> Any:
    if not isinstance(table, str):
        return table
    try:
        return json.loads(table)
    except ValueError:
        raise ValueError('must be a table; in the environment, its JSON: {"name": "secret"}') from None


SecretTable = Annotated[dict[str, SecretStr], BeforeValidator(_from_text)]
