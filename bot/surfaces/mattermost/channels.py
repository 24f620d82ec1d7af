"""Who can see which channel, as Mattermost has it at this moment."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.surfaces.errors import SurfaceError
from bot.surfaces.mattermost.driver import MattermostApi, is_id
from bot.surfaces.mattermost.transport import ApiError
from commands.model.messages import Actor, Membership, Place

_MOST_ASKED, _MOST_SHARED = 20, 4


class ChannelDirectory:
    """``bot_channels`` lists the channels that the bot is in. Raises ``SurfaceError``, also where the bot may not
    look: in a private channel that it is not in."""

    def __init__(
        self, api: MattermostApi, bot_channels: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]
    ) -> None:
        self._api = api
        self._bot_channels = bot_channels

    async def can_see(self, actor: Actor, place: Place) -> bool:
        """A full member sees the public channels of their teams. Everybody else sees what they are a member of."""
        if not is_id(actor.id):
            return False
        channel = await self._api.channel(place.channel)
        team = str(channel.get("team_id") or "")
        if channel.get("type") == "O" and actor.membership is Membership.MEMBER and team:
            return await self._api.is_team_member(team, actor.id)
        return await self._api.is_channel_member(place.channel, actor.id)

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        return is_id(actor.id) and await self._api.is_channel_member(place.channel, actor.id)

    async def is_public(self, place: Place) -> bool:
        return (await self._api.channel(place.channel)).get("type") == "O"

    async def has_guests(self, channel: str) -> bool:
        """Guests, or people of another server. True if the server doesn't say."""
        try:
            stats = await self._api.channel_stats(channel)
            return bool(stats.get("guest_count")) or bool((await self._api.channel(channel)).get("shared"))
        except SurfaceError:
            return True

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        """The channels with the latest posts first."""
        channels = [channel for channel in await self._bot_channels() if channel.get("type") in ("O", "P")]
        channels.sort(key=lambda channel: -int(channel.get("last_post_at") or 0))
        found: list[Place] = []
        for channel in channels[:_MOST_ASKED]:
            id = str(channel.get("id") or "")
            if await self._is_member(id, actor.id):
                name = str(channel.get("name") or "")
                found.append(Place(surface="mattermost", channel=id, channel_name=name, site=self._api.url))
            if len(found) == _MOST_SHARED:
                break
        return found

    async def _is_member(self, channel: str, person: str) -> bool:
        try:
            return await self._api.is_channel_member(channel, person)
        except ApiError:
            return False  # archived, or the bot has just left
