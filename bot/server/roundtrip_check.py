"""``liaison doctor --in CHANNEL``: posts a button in a real channel and waits until somebody presses it.

A press that arrives proves that we can post there, that the chat reaches us, that its request is accepted, and
that it is recorded.
"""

import asyncio
import secrets
from collections.abc import Mapping

from bot.server.say_socket import Block, Reply
from bot.surfaces.console.surface import NAME as CONSOLE
from bot.surfaces.errors import NotInChannel, SurfaceError
from bot.surfaces.protocol import PostRef, Surface
from commands.model.card import Button, Card
from commands.model.intents import Whoami
from commands.model.messages import Message, Place, Via

PRESS_TIMEOUT_SECONDS = 60.0


class RoundtripCheck:
    """``on_recorded`` must be called with every recorded message."""

    def __init__(self, surfaces: Mapping[str, Surface]) -> None:
        self._chats = {name: surface for name, surface in surfaces.items() if name != CONSOLE}
        self._waiting: dict[str, tuple[PostRef, asyncio.Future[Message]]] = {}  # by nonce of the post

    def on_recorded(self, message: Message) -> None:
        for ref, press in self._waiting.values():
            if not press.done() and _is_press_of(message, ref):
                press.set_result(message)

    async def run(self, channel: str, timeout: float = PRESS_TIMEOUT_SECONDS) -> Reply:
        """``channel`` is an id or "#name", with the chat's name in front if there are two: "slack:#inc"."""
        name, _, id = channel.partition(":") if ":" in channel else ("", "", channel)
        names = [name] if name else list(self._chats)
        if not self._chats:
            return _failed("No chat is configured, so nothing was posted.")
        if len(names) != 1 or names[0] not in self._chats:
            choices = ", ".join(f"{chat}:CHANNEL" for chat in self._chats)
            return _failed(f"Which chat? Use --in with one of: {choices}.")
        chat = self._chats[names[0]]
        try:
            id = await _channel_id(chat, id)
        except SurfaceError as error:
            return _failed(f"{chat.name} {id}: {error}")
        nonce = secrets.token_hex(12)
        text = "liaison doctor: press this button to check that button clicks reach Liaison."
        card = Card(title=(text,), summary=text, buttons=(Button("Press me", Whoami(), "primary"),))
        try:
            ref = await chat.post(Place(surface=chat.name, channel=id), card, nonce=nonce)
        except NotInChannel as error:
            return _failed(f"{chat.name} {id}: I am not in that channel. {error.invite}")
        except SurfaceError as error:
            return _failed(f"{chat.name} {id}: cannot post there ({error}). Use the channel's id.")
        return await self._wait_for_press(ref, nonce, timeout)

    async def _wait_for_press(self, ref: PostRef, nonce: str, timeout: float) -> Reply:
        press: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[nonce] = ref, press
        try:
            async with asyncio.timeout(timeout):
                message = await press
        except TimeoutError:
            return _failed(
                f"{ref.place.surface}: the button was posted, but no click arrived within {timeout:.0f} s. If you "
                "pressed it, check that the chat can reach bot.public_url (Slack: Interactivity & Shortcuts, or "
                "Socket Mode)."
            )
        finally:
            del self._waiting[nonce]
        person = message.actor.name or message.actor.id
        text = f"{ref.place.surface}: button posted, pressed by {person}, and recorded"
        return Reply(result="done", shown=(Block(kind="lines", summary=text, lines=(text,)),))


async def _channel_id(chat: Surface, channel: str) -> str:
    """The id of "#name". A chat that cannot look it up gets the name. Raises ``SurfaceError``."""
    if not channel.startswith("#"):
        return channel
    ids = await chat.channels_named(channel.removeprefix("#"))
    if ids is None:
        return channel
    if not ids:
        raise SurfaceError("I am in no channel of that name. Invite me there, or correct the name.")
    if len(ids) > 1:
        raise SurfaceError(f"several channels have that name. Use an id: {', '.join(ids)}")
    return ids[0]


def _failed(text: str) -> Reply:
    return Reply(result="failed", text=text)


def _is_press_of(message: Message, ref: PostRef) -> bool:
    is_whoami = message.via is Via.BUTTON and (message.intent or {}).get("verb") == "whoami"
    return is_whoami and message.place.surface == ref.place.surface and message.reply.post in ("", ref.id)
