"""Who can see which channel, as Slack has it at this moment."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from bot.surfaces.slack.client import SlackClient
from commands.model.messages import Actor, Membership, Place

_PAGE_SIZE, _MAX_PAGES = 1000, 30
_MOST_SHARED = 4


class ChannelDirectory:
    """Raises ``SurfaceError``: ``NotInChannel`` also for a private channel that the bot is not in."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._direct: dict[str, str] = {}  # channel ids by user id

    async def can_see(self, actor: Actor, place: Place) -> bool:
        """A full member sees every public channel. Everybody else sees what they are a member of."""
        channel = await self._info(place.channel)
        if channel.get("is_im"):
            return str(channel.get("user") or "") == actor.id
        if _is_public(channel) and actor.membership is Membership.MEMBER:
            return True
        return await self._has_member(place.channel, actor)

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        if place.direct:
            return str((await self._info(place.channel)).get("user") or "") == actor.id
        return await self._has_member(place.channel, actor)

    async def _has_member(self, channel: str, actor: Actor) -> bool:
        async for member in self.members(channel):
            if member == actor.id:
                return True
        return False

    async def direct_channel(self, actor: Actor) -> str:
        """The id of the direct channel with this person. It is opened if it does not exist yet."""
        known = self._direct.get(actor.id)
        if known is None:
            request = self._client.web.conversations_open(users=actor.id)
            response = await self._client.call("conversations.open", request)
            known = self._direct[actor.id] = str((response.get("channel") or {}).get("id") or actor.id)
        return known

    async def is_public(self, place: Place) -> bool:
        return _is_public(await self._info(place.channel))

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        """Those of the person that the bot is in too."""
        ours = {str(channel.get("id")) async for channel in self._channels(near.team)}
        found: list[Place] = []
        async for channel in self._channels(near.team, user=actor.id):
            id = str(channel.get("id"))
            if id in ours and len(found) < _MOST_SHARED:
                name = str(channel.get("name") or "")
                found.append(Place(surface="slack", workspace=actor.workspace, channel=id, channel_name=name))
        return found

    async def _info(self, id: str) -> Mapping[str, Any]:
        request = self._client.web.conversations_info(channel=id)
        response = await self._client.call("conversations.info", request, id)
        channel = response.get("channel")
        return channel if isinstance(channel, Mapping) else {}

    async def members(self, id: str) -> AsyncIterator[str]:
        """The ids of everybody in it, bots too."""
        cursor = ""
        for _ in range(_MAX_PAGES):
            request = self._client.web.conversations_members(channel=id, limit=_PAGE_SIZE, cursor=cursor or None)
            response = await self._client.call("conversations.members", request, id)
            for member in response.get("members") or ():
                yield str(member)
            cursor = _next_cursor(response)
            if not cursor:
                return

    async def _channels(self, team: str, user: str | None = None) -> AsyncIterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(_MAX_PAGES):
            request = self._client.web.users_conversations(
                user=user,
                team_id=team or None,
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=200,
                cursor=cursor or None,
            )
            response = await self._client.call("users.conversations", request)
            for channel in response.get("channels") or ():
                yield channel
            cursor = _next_cursor(response)
            if not cursor:
                return


def _is_public(channel: Mapping[str, Any]) -> bool:
    return bool(channel.get("is_channel")) and not (
        channel.get("is_private") or channel.get("is_im") or channel.get("is_mpim")
    )


def _next_cursor(response: Mapping[str, Any]) -> str:
    return str((response.get("response_metadata") or {}).get("next_cursor") or "")
