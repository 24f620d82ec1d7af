"""Stops listening to another bot that keeps giving commands: perhaps it answers our answers."""

from collections import deque
from datetime import datetime, timedelta
from enum import Enum

from commands.model.messages import Message

MOST_COMMANDS = 10
WITHIN = timedelta(minutes=1)
QUIET_FOR = timedelta(minutes=5)
_MAX_REMEMBERED = 1_000  # bots and channels


class Hearing(Enum):
    HEARD = "heard"
    STOPPED = "stopped"  # with this message
    IGNORED = "ignored"


class BotLoops:
    """Counts the commands of each bot in each channel, of whatever thread, by the times when they were posted."""

    def __init__(self) -> None:
        self._commands: dict[tuple[str, str, str], deque[tuple[datetime, str]]] = {}
        self._quiet: dict[tuple[str, str, str], tuple[datetime, str]] = {}  # since when, with which message

    def hear(self, message: Message) -> Hearing:
        """The same for the same message, which may be routed several times."""
        source = (message.place.surface, message.place.channel, message.actor.id)
        since, key = self._quiet.get(source, (None, ""))
        if key == message.key:
            return Hearing.STOPPED
        if since is not None and message.at < since + QUIET_FOR:
            return Hearing.IGNORED
        return self._count(source, message)

    def _count(self, source: tuple[str, str, str], message: Message) -> Hearing:
        self._quiet.pop(source, None)
        if source not in self._commands and len(self._commands) >= _MAX_REMEMBERED:
            self._commands.clear()
        commands = self._commands.setdefault(source, deque())
        if any(key == message.key for _, key in commands):
            return Hearing.HEARD
        while commands and commands[0][0] <= message.at - WITHIN:
            commands.popleft()
        if len(commands) < MOST_COMMANDS:
            commands.append((message.at, message.key))
            return Hearing.HEARD
        del self._commands[source]
        self._quiet[source] = (message.at, message.key)
        return Hearing.STOPPED
