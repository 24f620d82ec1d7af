"""Small cards below links to platforms (Slack docs, "Unfurling links in messages")."""

from collections.abc import Sequence

from bot.surfaces.errors import SurfaceError
from bot.surfaces.protocol import Intake
from bot.surfaces.slack import render
from bot.surfaces.slack.channels import ChannelDirectory
from bot.surfaces.slack.client import SlackClient
from bot.surfaces.slack.deliveries import LinksShared
from commands.model.messages import Actor, Place

MAX_MEMBERS = 50  # each of them must be allowed to read what is shown
_MAX_LINKS = 5
_MAX_BLOCKS = 5


class LinkUnfurler:
    def __init__(self, client: SlackClient, channels: ChannelDirectory) -> None:
        self._client = client
        self._channels = channels

    async def unfurl(self, shared: LinksShared, intake: Intake) -> None:
        """Raises ``SurfaceError``. Links that have no card stay as they are."""

        async def members() -> Sequence[Actor] | None:
            return await self._members(shared.place)

        unfurls = {}
        for url in shared.urls[:_MAX_LINKS]:
            card = await intake.link_card(url, shared.place, members)
            if card is not None:
                unfurls[url] = {"blocks": render.card(card).blocks[:_MAX_BLOCKS]}
        if unfurls:
            channel = shared.place.channel
            request = self._client.web.chat_unfurl(channel=channel, ts=shared.post, unfurls=unfurls)
            await self._client.call("chat.unfurl", request, channel)

    async def _members(self, place: Place) -> Sequence[Actor] | None:
        """None if they are too many, or cannot be asked for."""
        found: list[Actor] = []
        try:
            async for id in self._channels.members(place.channel):
                found.append(Actor(surface="slack", workspace=place.workspace, id=id))
                if len(found) > MAX_MEMBERS:
                    return None
        except SurfaceError:
            return None
        return found
