"""What this Mattermost server allows: its settings that clients may read, and the bot's rights."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.surfaces.errors import SurfaceError
from bot.surfaces.mattermost.driver import MattermostApi
from bot.surfaces.mattermost.transport import ApiError

EPHEMERAL_PERMISSION = "create_post_ephemeral"  # by default, only system administrators have it


READ_AGAIN_AFTER = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Features:
    """``post_ephemeral``: the bot may show a post to one person. ``username_override``: the server lets a slash
    command's answer have a name and picture of its own. ``blocks``: it draws Mattermost Blocks, which servers
    without them do not mention."""

    site_url: str = ""
    username_override: bool = False
    icon_override: bool = False
    post_ephemeral: bool = False
    blocks: bool = False


class FeatureCache:
    """The features as last read, at most an hour ago. Until they can be read, nothing special is assumed."""

    def __init__(self, api: MattermostApi, now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now
        self._read_at: datetime | None = None
        self.current = Features()

    async def get(self) -> Features:
        if self._read_at is None or self._now() - self._read_at > READ_AGAIN_AFTER:
            try:
                self.current, self._read_at = await read_features(self._api), self._now()
            except SurfaceError as error:
                log.info("mattermost features not read", error=str(error))
        return self.current


async def read_features(api: MattermostApi) -> Features:
    config = await api.client_config()
    account = await api.me()
    return Features(
        site_url=str(config.get("SiteURL") or "").rstrip("/"),
        username_override=config.get("EnablePostUsernameOverride") == "true",
        icon_override=config.get("EnablePostIconOverride") == "true",
        blocks=config.get("FeatureFlagMmBlocksEnabled") == "true",
        post_ephemeral=await _may_post_ephemeral(api, str(account.get("roles") or "").split()),
    )


async def _may_post_ephemeral(api: MattermostApi, roles: list[str]) -> bool:
    try:
        found = await api.roles_named(roles)
    except ApiError:  # a server that does not let bots read roles
        return False
    return any(EPHEMERAL_PERMISSION in (role.get("permissions") or ()) for role in found)
