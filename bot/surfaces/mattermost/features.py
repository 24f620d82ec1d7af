"""What this Mattermost server allows: its version, its settings that clients may read, and the bot's rights."""

import re
from dataclasses import dataclass

from bot.surfaces.mattermost.driver import ApiError, MattermostApi

EPHEMERAL_PERMISSION = "create_post_ephemeral"  # by default, only system administrators have it


@dataclass(frozen=True, slots=True)
class Features:
    """``post_ephemeral``: the bot may show a post to one person. ``username_override``: the server lets a slash
    command's answer have a name and picture of its own."""

    version: tuple[int, ...] = ()
    site_url: str = ""
    username_override: bool = False
    icon_override: bool = False
    post_ephemeral: bool = False

    @property
    def answers_as_bot(self) -> bool:
        """Whether private answers show the bot as their sender."""
        return self.username_override or self.post_ephemeral


async def read_features(api: MattermostApi) -> Features:
    config = await api.client_config()
    account = await api.me()
    return Features(
        version=_version(str(config.get("Version") or "")),
        site_url=str(config.get("SiteURL") or "").rstrip("/"),
        username_override=config.get("EnablePostUsernameOverride") == "true",
        icon_override=config.get("EnablePostIconOverride") == "true",
        post_ephemeral=await _may_post_ephemeral(api, str(account.get("roles") or "").split()),
    )


async def _may_post_ephemeral(api: MattermostApi, roles: list[str]) -> bool:
    try:
        found = await api.roles_named(roles)
    except ApiError:  # a server that does not let bots read roles
        return False
    return any(EPHEMERAL_PERMISSION in (role.get("permissions") or ()) for role in found)


def _version(text: str) -> tuple[int, ...]:
    """(5, 37, 0) for "5.37.0"."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
