"""What we have posted: live cards, and trace lines with the posts that hold them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.storage.store import Store, put
from bot.storage.tables import activity_lines, activity_posts, live_cards
from commands.model import card as shapes
from commands.model.card import ActivityLine, Bold, Button, ClockTime, Code, Link, PersonName, Span, Text
from commands.model.messages import Place
from commands.registry import COMMANDS


@dataclass(frozen=True)
class LiveCardRow:
    """The live card of a run in a place. ``post`` is empty while it is being posted."""

    nonce: str
    run: str
    place: Place
    post: str = ""
    shown: str = ""
    edited_at: datetime | None = None


@dataclass(frozen=True)
class ActivityPost:
    nonce: str
    run: str
    place: Place
    at: datetime
    post: str = ""


class PostRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def live_cards(self) -> Sequence[LiveCardRow]:
        async with self._store.read() as connection:
            return [_card(row) for row in await connection.execute(select(live_cards))]

    async def save_card(self, card: LiveCardRow) -> None:
        """One a run and place: a new card takes the row of the old one."""
        values = {
            "nonce": card.nonce,
            "post": card.post,
            "shown": card.shown,
            "edited_at": card.edited_at,
            "place": card.place.model_dump_json(),
        }

        key: dict[str, object] = {"run": int(card.run[1:]), "place_key": card.place.key}
        await self._store.write(put(live_cards, key, values))

    def shown(self, nonce: str, shown: str, at: datetime) -> None:
        def change(connection: Connection) -> None:
            connection.execute(
                update(live_cards).where(live_cards.c.nonce == nonce).values(shown=shown, edited_at=at)
            )

        self._store.submit(change)

    async def trace_post(self, post: ActivityPost) -> None:
        values = {"post": post.post, "place": post.place.model_dump_json(), "at": post.at}
        await self._store.write(put(activity_posts, {"nonce": post.nonce}, values | {"run": int(post.run[1:])}))

    async def lines_of(self, nonce: str) -> Sequence[ActivityLine]:
        query = select(activity_lines).where(activity_lines.c.nonce == nonce).order_by(activity_lines.c.number)
        async with self._store.read() as connection:
            return [_line(row) for row in await connection.execute(query)]

    async def slots(self) -> Sequence[str]:
        """Every line ever said."""
        async with self._store.read() as connection:
            return [row.slot for row in await connection.execute(select(activity_lines.c.slot))]

    async def where(self, slot: str) -> ActivityPost | None:
        """The post that holds this line, if it was ever said."""
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
        """The slot's line, in this post; not awaited (``trace_post`` after it is)."""
        values = {"run": int(line.run[1:]), "nonce": nonce, "number": number, "line": _line_json(line)}
        self._store.submit(put(activity_lines, {"slot": line.slot}, values))


def _card(row: Row[Any]) -> LiveCardRow:
    place = Place.model_validate_json(row.place)
    return LiveCardRow(row.nonce, f"R{row.run}", place, row.post, row.shown, row.edited_at)


_SPANS: Mapping[str, type[Any]] = {
    "Clock": ClockTime,
    "Who": PersonName,
    "Link": Link,
    "Code": Code,
    "Strong": Bold,
}
"""The name a span has in stored lines, which is older than its class's."""
_SPAN_NAMES = {kind: name for name, kind in _SPANS.items()}


def _line_json(line: ActivityLine) -> str:
    buttons = [{"label": b.label, "style": b.style, "intent": b.intent.model_dump()} for b in line.buttons]
    return json.dumps({"words": [_span_out(span) for span in line.text], "buttons": buttons}, default=str)


def _line(row: Row[Any]) -> ActivityLine:
    data = json.loads(row.line)
    buttons = tuple(Button(b["label"], COMMANDS.intent_from(b["intent"]), b["style"]) for b in data["buttons"])
    words: Text = tuple(_span_in(span) for span in data["words"])
    return ActivityLine(run=f"R{row.run}", slot=row.slot, text=words, buttons=buttons)


def _span_out(span: Span) -> object:
    return span if isinstance(span, str) else {"is": _SPAN_NAMES[type(span)], **asdict(span)}


def _span_in(data: Any) -> Span:
    if isinstance(data, str):
        return data
    kind = _SPANS[data.pop("is")]
    if kind is shapes.ClockTime:
        data["at"] = datetime.fromisoformat(data["at"])
    span: Span = kind(**data)
    return span
