"""What a replica shows in the console is shown on all of them: the one that works on a ``liaison say`` need not be
the one that was asked.
"""

import json
from collections.abc import Callable, Collection

import structlog

from bot.storage.card_json import dump_parts, load_parts
from bot.surfaces.console.surface import Console, ConsoleEntry
from commands.model.messages import Message, Place

TOPIC = "console"

log = structlog.get_logger(__name__)


class ConsoleRelay:
    def __init__(self, console: Console, tell_others: Callable[[str, str], None]) -> None:
        self._console = console
        self._tell_others = tell_others
        self._is_showing = False  # what another replica has told
        console.add_listener(self._on_entry)

    def _on_entry(self, entry: ConsoleEntry) -> None:
        if not self._is_showing:
            self._tell_others(TOPIC, _dump(entry))

    async def show(self, entries: Collection[str] | None) -> None:
        """Of other replicas. What was missed is not shown."""
        for dumped in entries or ():
            try:
                entry = _load(dumped)
            except Exception as error:  # noqa: BLE001  another version may have drawn it
                log.warning("console entry of another replica cannot be read", error=type(error).__name__)
                continue
            self._is_showing = True
            try:
                self._console.show(entry)
            finally:
                self._is_showing = False


def _dump(entry: ConsoleEntry) -> str:
    parts = (entry.card, entry.lines, entry.new_lines, entry.buttons)
    message = None if entry.message is None else entry.message.model_dump_json(exclude_defaults=True)
    return json.dumps([entry.kind, entry.place.model_dump_json(), entry.id, dump_parts(parts), message])


def _load(dumped: str) -> ConsoleEntry:
    kind, place, id, parts, message = json.loads(dumped)
    card, lines, new_lines, buttons = load_parts(parts)
    return ConsoleEntry(
        kind,
        Place.model_validate_json(place),
        id,
        card,
        lines,
        new_lines,
        buttons,
        None if message is None else Message.model_validate_json(message),
    )
