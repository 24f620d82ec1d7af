"""The names of environment variables: ``LIAISON_<SECTION>__<KEY>``, and ``LIAISON_PLATFORMS__<NAME>__<KEY>``."""

import re
from collections.abc import Collection, Mapping

PREFIX = "LIAISON_"
_SERVICE = re.compile(
    r"(tcp|udp|sctp)://"
)  # what Kubernetes sets for a service called liaison-bot: LIAISON_BOT_PORT


def variable_of(key: str) -> str:
    """The variable for "slack.bot_token"."""
    return f"{PREFIX}{key.replace('.', '__').replace('-', '_').upper()}"


def misspelt_variable(
    variable: str, value: str, fields: Mapping[str, Collection[str]], platform_fields: Collection[str]
) -> str | None:
    """The right name for a variable that has one underscore where two belong. ``fields``: section -> its keys.

    None for variables that are not meant for us: Kubernetes sets names like ``LIAISON_PORT`` for a service.
    """
    rest = variable.removeprefix(PREFIX).lower()
    if rest == variable.lower() or _SERVICE.match(value):
        return None
    for section, keys in fields.items():
        key = rest.removeprefix(f"{section}_").lstrip("_")
        if rest.startswith(f"{section}_") and _is_key(key, keys):
            right = f"{PREFIX}{section.upper()}__{key.upper()}"
            return right if right != variable.upper() else None
    if rest.startswith("platforms_"):
        name_and_key = rest.removeprefix("platforms_").lstrip("_")
        for key in sorted(platform_fields, key=len, reverse=True):
            for suffix in (f"_{key}_file", f"_{key}"):
                name = name_and_key.removesuffix(suffix).strip("_")
                if name_and_key.endswith(suffix) and name:
                    right = f"{PREFIX}PLATFORMS__{name.upper()}__{suffix[1:].upper()}"
                    return right if right != variable.upper() else None
    return None


def _is_key(key: str, keys: Collection[str]) -> bool:
    return key in keys or key.removesuffix("_file") in keys
