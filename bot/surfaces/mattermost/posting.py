"""Posts of the bot's own account: made, edited, found again."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.surfaces.mattermost.buttons import ButtonScope
from bot.surfaces.mattermost.driver import ApiError, Json, Site
from bot.surfaces.mattermost.markdown import pinged, texts_of
from bot.surfaces.mattermost.people import People
from bot.surfaces.mattermost.render import NONCE, Drawn, Renderer
from bot.surfaces.mattermost.text import translate, words
from bot.surfaces.protocol import NotInChannel, PostGone, PostRef, SurfaceError
from commands.model.card import Button, Card, Link, Text
from commands.model.messages import Place

LOOK_BACK = 50


class Posting:
    def __init__(self, site: Site, people: People, renderer: Renderer, now: Callable[[], datetime]) -> None:
        self._site = site
        self._people = people
        self._renderer = renderer
        self._now = now

    async def card(self, place: Place, card: Card, nonce: str, *, lead: str = "") -> PostRef:
        handles = await self._people.handles(pinged(texts_of(card)))
        return await self._post(
            place, self._renderer.card(card, ButtonScope(place, nonce), handles, self._now(), lead=lead), nonce
        )

    async def lines(self, place: Place, texts: Sequence[Text], buttons: Sequence[Button], nonce: str) -> PostRef:
        handles = await self._people.handles(pinged(texts))
        drawn = self._renderer.lines(texts, buttons, ButtonScope(place, nonce), handles, self._now())
        return await self._post(place, drawn, nonce)

    async def edit_card(self, ref: PostRef, card: Card) -> None:
        handles = await self._people.handles(pinged(texts_of(card)))
        await self._edit(ref, self._renderer.card(card, ButtonScope(ref.place, ref.id), handles, self._now()))

    async def edit_lines(self, ref: PostRef, texts: Sequence[Text], buttons: Sequence[Button]) -> None:
        handles = await self._people.handles(pinged(texts))
        await self._edit(
            ref, self._renderer.lines(texts, buttons, ButtonScope(ref.place, ref.id), handles, self._now())
        )

    async def point(self, ref: PostRef, to: PostRef) -> None:
        link = Link(words("moved_link"), f"{self._site.url}/_redirect/pl/{to.id}")
        await self.edit_lines(ref, [translate("moved", link=link)], ())

    async def find(self, place: Place, nonce: str) -> PostRef | None:
        me = (await self._people.ear()).me
        posts = await self._site.posts(place.channel, count=LOOK_BACK)
        found = _with_nonce(posts, me, nonce)
        if found is None and place.thread:
            found = _with_nonce((await self._site.thread(place.thread))[-LOOK_BACK:], me, nonce)
        return PostRef(place=place, id=found) if found else None

    async def _post(self, place: Place, drawn: Drawn, nonce: str) -> PostRef:
        """The server makes one post of two with the same ``pending_post_id`` within half a minute."""
        ear = await self._people.ear()
        post: Json = {
            "channel_id": place.channel,
            "message": drawn.message,
            "props": drawn.props(nonce),
            "pending_post_id": f"{ear.me}:{nonce}",
        }
        if place.thread:
            post["root_id"] = place.thread
        try:
            made = await self._site.create_post(post)
        except ApiError as error:
            if error.status in (403, 404):
                shown = f"#{place.channel_name}" if place.channel_name and not place.direct else place.channel
                raise NotInChannel(shown, f"/invite @{ear.username}") from error
            if error.status == 400 and "root_id" in error.id:
                raise PostGone(f"the thread {place.thread} is gone") from error
            raise
        if not made.get("id"):
            raise SurfaceError("Mattermost took the post and did not say its id")
        return PostRef(place=place, id=str(made["id"]))

    async def _edit(self, ref: PostRef, drawn: Drawn) -> None:
        """A deleted post answers 403 (``api4/post.go`` asks for the right to edit it first), or 404."""
        try:
            await self._site.patch_post(ref.id, {"message": drawn.message, "props": drawn.props()})
        except ApiError as error:
            if error.status in (403, 404) or (error.status == 400 and "update_post" in error.id):
                raise PostGone(str(error)) from error
            raise


def _with_nonce(posts: Sequence[Json], me: str, nonce: str) -> str | None:
    for post in reversed(posts):
        props = post.get("props") or {}
        ours = post.get("user_id") == me and not post.get("delete_at")
        if ours and (props.get(NONCE) == nonce or str(post.get("pending_post_id") or "") == f"{me}:{nonce}"):
            return str(post["id"])
    return None
