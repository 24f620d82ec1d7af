"""Posts, edits and finds the bot's own posts."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.surfaces.budgets import Budgets
from bot.surfaces.errors import NotEditable, NotInChannel, PostGone, Refusal, SurfaceError, ThreadGone
from bot.surfaces.mattermost.blocks import without_controls
from bot.surfaces.mattermost.buttons import ButtonScope
from bot.surfaces.mattermost.driver import MattermostApi
from bot.surfaces.mattermost.features import FeatureCache
from bot.surfaces.mattermost.markdown import card_texts, mentioned_ids
from bot.surfaces.mattermost.people import UserDirectory
from bot.surfaces.mattermost.render import NONCE, RenderedPost, Renderer
from bot.surfaces.mattermost.text import translate, translate_plain
from bot.surfaces.mattermost.transport import ApiError, Json
from bot.surfaces.protocol import PostRef
from commands.model.card import Button, Card, Link, Text
from commands.model.messages import Place

HISTORY_LIMIT = 50
EDIT = "edit"
BLOCKS_SINCE = (11, 0)  # the version of the server; older ones are not asked whether they have them
REMEMBERED_POSTS = 5000
SECONDS_BETWEEN_EDITS = 1.0  # in one channel: the server asks for no pace, but each edit reaches every client


class ChannelPosts:
    def __init__(
        self,
        api: MattermostApi,
        users: UserDirectory,
        renderer: Renderer,
        features: FeatureCache,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._features = features
        self._in_blocks: dict[str, bool] = {}  # by the id of the post
        self._users = users
        self._renderer = renderer
        self._now = now
        self._budgets = Budgets({EDIT: SECONDS_BETWEEN_EDITS}, {})

    async def post_card(self, place: Place, card: Card, nonce: str, *, mention: str = "") -> PostRef:
        in_blocks = card.has_controls and await self._draws_blocks()
        rendered = await self._draw(card, ButtonScope(place, nonce), in_blocks=in_blocks, mention=mention)
        ref = await self._post(place, rendered, nonce)
        self._remember(ref.id, in_blocks=rendered.blocks is not None)
        return ref

    async def _draws_blocks(self) -> bool:
        return self._api.server_version >= BLOCKS_SINCE and (await self._features.get()).blocks

    async def _is_in_blocks(self, id: str) -> bool:
        """A post has the actions that its blocks need only if it was created with blocks."""
        if not await self._draws_blocks():
            return False
        if id not in self._in_blocks:
            post = await self._api.post(id)
            self._remember(id, in_blocks=bool(post and (post.get("props") or {}).get("mm_blocks")))
        return self._in_blocks[id]

    def _remember(self, id: str, *, in_blocks: bool) -> None:
        self._in_blocks[id] = in_blocks
        if len(self._in_blocks) > REMEMBERED_POSTS:
            del self._in_blocks[next(iter(self._in_blocks))]

    async def _draw(self, card: Card, scope: ButtonScope, *, in_blocks: bool, mention: str = "") -> RenderedPost:
        handles = await self._users.handles(mentioned_ids(card_texts(card)))
        return self._renderer.card(card, scope, handles, self._now(), mention=mention, in_blocks=in_blocks)

    async def post_lines(
        self, place: Place, lines: Sequence[Text], buttons: Sequence[Button], nonce: str
    ) -> PostRef:
        handles = await self._users.handles(mentioned_ids(lines))
        rendered = self._renderer.lines(lines, buttons, ButtonScope(place, nonce), handles, self._now())
        return await self._post(place, rendered, nonce)

    async def edit_card(self, ref: PostRef, card: Card) -> None:
        try:
            in_blocks = await self._is_in_blocks(ref.id)
        except ApiError as error:
            raise await self._why_not_edited(ref, error) from error
        await self._edit(ref, await self._draw(card, ButtonScope(ref.place, ref.id), in_blocks=in_blocks))

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], buttons: Sequence[Button]) -> None:
        handles = await self._users.handles(mentioned_ids(lines))
        await self._edit(
            ref, self._renderer.lines(lines, buttons, ButtonScope(ref.place, ref.id), handles, self._now())
        )

    async def without_buttons(self, id: str, note: str) -> Json | None:
        """What a post looks like without its buttons, with ``note`` below. None if it cannot be read."""
        try:
            post = await self._api.post(id)
        except ApiError:
            return None
        if post is None:
            return None
        props = dict(post.get("props") or {})
        attachments = [dict(item) for item in props.get("attachments") or ()]
        props["attachments"] = [
            {name: value for name, value in item.items() if name != "actions"} for item in attachments
        ] + [{"text": note, "fallback": note}]
        if blocks := props.get("mm_blocks"):
            # The server sends us the actions as an opaque string, which it would not take back.
            props.pop("mm_blocks_actions", None)
            props["attachments"] = []
            props["mm_blocks"] = [*without_controls(blocks), {"type": "text", "text": note}]
        return {"message": str(post.get("message") or ""), "props": props}

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        link = Link(translate_plain("moved_link"), f"{self._api.url}/_redirect/pl/{to.id}")
        await self.edit_lines(ref, [translate("moved", link=link)], ())

    async def find(self, place: Place, nonce: str) -> PostRef | None:
        me = (await self._users.account()).me
        posts = await self._api.posts(place.channel, count=HISTORY_LIMIT)
        post_id = _with_nonce(posts, me, nonce)
        if post_id is None and place.thread:
            post_id = _with_nonce((await self._api.thread(place.thread))[-HISTORY_LIMIT:], me, nonce)
        return PostRef(place=place, id=post_id) if post_id else None

    async def _post(self, place: Place, rendered: RenderedPost, nonce: str) -> PostRef:
        """The server creates only one post for requests with the same ``pending_post_id`` within 30 seconds."""
        account = await self._users.account()
        post: Json = {
            "channel_id": place.channel,
            "message": rendered.message,
            "props": rendered.props(nonce),
            "pending_post_id": f"{account.me}:{nonce}",
        }
        if place.thread:
            post["root_id"] = place.thread
        try:
            response = await self._api.create_post(post)
        except ApiError as error:
            if error.status in (403, 404):
                channel = f"#{place.channel_name}" if place.channel_name and not place.direct else place.channel
                raise NotInChannel(channel, f"/invite @{account.username}") from error
            if error.refusal is Refusal.THREAD_GONE:
                raise ThreadGone(f"the thread {place.thread} is gone") from error
            raise
        if not response.get("id"):
            raise SurfaceError("Mattermost accepted the post but returned no id")
        return PostRef(place=place, id=str(response["id"]))

    async def _edit(self, ref: PostRef, rendered: RenderedPost) -> None:
        try:
            with self._budgets.call(EDIT, ref.place.channel):
                await self._api.patch_post(ref.id, {"message": rendered.message, "props": rendered.props()})
        except ApiError as error:
            if error.status not in (403, 404):
                if error.refusal is Refusal.NOT_EDITABLE:
                    raise NotEditable(str(error)) from error
                raise
            raise await self._why_not_edited(ref, error) from error

    async def _why_not_edited(self, ref: PostRef, error: ApiError) -> SurfaceError:
        """The server answers 403 for a deleted post, one of somebody else, and one in a channel that we are not
        in: only reading it tells them apart."""
        try:
            post = await self._api.post(ref.id)
        except ApiError:
            channel = f"#{ref.place.channel_name}" if ref.place.channel_name else ref.place.channel
            return NotInChannel(channel, f"/invite @{(await self._users.account()).username}")
        if post is None or post.get("delete_at"):
            return PostGone(str(error))
        return NotEditable(str(error))

    async def react(self, ref: PostRef, emoji: str, *, on: bool) -> None:
        await self._api.react((await self._users.account()).me, ref.id, emoji, on=on)


def _with_nonce(posts: Sequence[Json], me: str, nonce: str) -> str | None:
    for post in reversed(posts):
        props = post.get("props") or {}
        is_own = post.get("user_id") == me and not post.get("delete_at")
        if is_own and (props.get(NONCE) == nonce or str(post.get("pending_post_id") or "") == f"{me}:{nonce}"):
            return str(post["id"])
    return None
