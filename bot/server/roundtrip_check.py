"""``liaison doctor --in CHANNEL``: a button in a real channel, and whether its press comes back.

It proves the whole loop: that we can post there, that the chat reaches us, that we believe it, and that what it
brings is recorded.
"""

import asyncio
import secrets
from collections.abc import Mapping

from bot.server.say_socket import Block, Reply
from bot.surfaces.console.surface import NAME as CONSOLE
from bot.surfaces.protocol import NotInChannel, PostRef, Surface, SurfaceError
from commands.model.card import Button, Card
from commands.model.intents import Whoami
from commands.model.messages import Message, Place, Via

WAIT_SECONDS = 60.0


class RoundtripCheck:
    """``see`` is told of every recorded message."""

    def __init__(self, surfaces: Mapping[str, Surface]) -> None:
        self._chats = {name: surface for name, surface in surfaces.items() if name != CONSOLE}
        self._waiting: dict[str, tuple[PostRef, asyncio.Future[Message]]] = {}

    def see(self, message: Message) -> None:
        for ref, pressed in self._waiting.values():
            if not pressed.done() and _is_press_of(message, ref):
                pressed.set_result(message)

    async def ask(self, channel: str, within: float = WAIT_SECONDS) -> Reply:
        """Posts the button and waits. ``channel``: its id, with "slack:" in front where there are two chats."""
        name, _, id = channel.partition(":") if ":" in channel else ("", "", channel)
        chats = [name] if name else list(self._chats)
        if len(chats) != 1 or chats[0] not in self._chats:
            if not self._chats:
                return Reply(result="failed", says="No chat is configured, so nothing was posted.")
            there = ", ".join(f"{chat}:CHANNEL" for chat in self._chats)
            return Reply(result="failed", says=f"Which chat? Say --in with one of: {there}.")
        chat = self._chats[chats[0]]
        nonce = secrets.token_hex(12)
        words = "liaison doctor: press the button, to prove that a press comes back."
        card = Card(title=(words,), summary=words, buttons=(Button("Press me", Whoami(), "primary"),))
        try:
            ref = await chat.post(Place(surface=chat.name, channel=id), card, nonce=nonce)
        except NotInChannel as error:
            return Reply(result="failed", says=f"{chat.name} {id}: I am not in that channel. {error.invite}")
        except SurfaceError as error:
            return Reply(
                result="failed", says=f"{chat.name} {id}: cannot post there ({error}). Give the channel's id."
            )
        return await self._pressed(ref, nonce, within)

    async def _pressed(self, ref: PostRef, nonce: str, within: float) -> Reply:
        pressed: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[nonce] = ref, pressed
        try:
            async with asyncio.timeout(within):
                message = await pressed
        except TimeoutError:
            says = (
                f"{ref.place.surface}: posted, but no press came back in {within:.0f} s. If it was pressed, "
                "check that the chat reaches bot.public_url (Slack: Interactivity & Shortcuts, or Socket Mode)."
            )
            return Reply(result="failed", says=says)
        finally:
            del self._waiting[nonce]
        says = f"{ref.place.surface}: posted, pressed by {message.actor.name or message.actor.id}, and recorded"
        return Reply(result="done", shown=(Block(kind="lines", summary=says, lines=(says,)),))


def _is_press_of(message: Message, ref: PostRef) -> bool:
    whoami = message.via is Via.BUTTON and (message.intent or {}).get("verb") == "whoami"
    return whoami and message.place.surface == ref.place.surface and message.reply.post in ("", ref.id)
