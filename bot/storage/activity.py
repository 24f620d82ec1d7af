"""Activity lines, and the posts that hold them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from bot.storage.store import Store, put
from bot.storage.tables import activity_lines, activity_posts
from commands.model.card import ActivityLine, Bold, Button, ClockTime, Code, Link, PersonName, Span, Text
from commands.model.messages import Place
from commands.registry import COMMANDS


@dataclass(frozen=True)
class ActivityPost:
    """A post of one or more activity lines. ``post`` is empty while it is being posted."""

    nonce: str
    run: str
    place: Place
    at: datetime
    post: str = ""


class ActivityRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def save_post(self, post: ActivityPost) -> None:
        values = {"post": post.post, "place": post.place.model_dump_json(), "at": post.at}
        await self._store.write(put(activity_posts, {"nonce": post.nonce}, values | {"run": int(post.run[1:])}))

    async def lines_in_post(self, nonce: str) -> Sequence[ActivityLine]:
        query = select(activity_lines).where(activity_lines.c.nonce == nonce).order_by(activity_lines.c.number)
        async with self._store.read() as connection:
            return [_load_line(row) for row in await connection.execute(query)]

    async def slots(self) -> Sequence[str]:
        """The slot of every stored line."""
        async with self._store.read() as connection:
            return [row.slot for row in await connection.execute(select(activity_lines.c.slot))]

    async def find_post(self, slot: str) -> ActivityPost | None:
        """The post that holds the line of ``slot``, if there is one."""
        query = (
            select(activity_posts)
            .join(activity_lines, activity_lines.c.nonce == activity_posts.c.nonce)
            .where(activity_lines.c.slot == slot)
        )
        async with self._store.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        place = Place.model_validate_json(row.place)
        return ActivityPost(row.nonce, f"R{row.run}", place, row.at, row.post)

    def put_line(self, line: ActivityLine, nonce: str, number: int) -> None:
        """Not awaited: a ``save_post`` awaited afterwards makes the line durable too."""
        values = {"run": int(line.run[1:]), "nonce": nonce, "number": number, "line": _dump_line(line)}
        self._store.submit(put(activity_lines, {"slot": line.slot}, values))


_SPAN_TYPES: Mapping[str, type[Any]] = {
    "Clock": ClockTime,
    "Who": PersonName,
    "Link": Link,
    "Code": Code,
    "Strong": Bold,
}
"""Name in stored lines -> class. The stored names never change."""
_SPAN_NAMES = {span_type: name for name, span_type in _SPAN_TYPES.items()}


def _dump_line(line: ActivityLine) -> str:
    buttons = [{"label": b.label, "style": b.style, "intent": b.intent.model_dump()} for b in line.buttons]
    return json.dumps({"words": [_dump_span(span) for span in line.text], "buttons": buttons}, default=str)


def _load_line(row: Row[Any]) -> ActivityLine:
    data = json.loads(row.line)
    buttons = tuple(Button(b["label"], COMMANDS.intent_from(b["intent"]), b["style"]) for b in data["buttons"])
    text: Text = tuple(_load_span(span) for span in data["words"])
    return ActivityLine(run=f"R{row.run}", slot=row.slot, text=text, buttons=buttons)


def _dump_span(span: Span) -> object:
    return span if isinstance(span, str) else {"is": _SPAN_NAMES[type(span)], **asdict(span)}


def _load_span(data: Any) -> Span:
    if isinstance(data, str):
        return data
    span_type = _SPAN_TYPES[data.pop("is")]
    if span_type is ClockTime:
        data["at"] = datetime.fromisoformat(data["at"])
    span: Span = span_type(**data)
    return span
