"""What we have posted: live cards, and trace lines with the posts that hold them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.storage.store import Store, put
from bot.storage.tables import cards, trace_posts, traces
from commands import cards as shapes
from commands.cards import Button, Clock, Code, Link, Span, Strong, Text, TraceLine, Who
from commands.messages import Place
from commands.registry import intent_from


@dataclass(frozen=True)
class LiveCard:
    """The live card of a run in a place. ``post`` is empty while it is being posted."""

    nonce: str
    run: str
    place: Place
    post: str = ""
    shown: str = ""
    edited_at: datetime | None = None


@dataclass(frozen=True)
class TracePost:
    nonce: str
    run: str
    place: Place
    at: datetime
    post: str = ""


class PostRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def cards(self) -> Sequence[LiveCard]:
        async with self._store.read() as connection:
            return [_card(row) for row in await connection.execute(select(cards))]

    async def save_card(self, card: LiveCard) -> None:
        """One a run and place: a new card takes the row of the old one."""
        values = {
            "nonce": card.nonce,
            "post": card.post,
            "shown": card.shown,
            "edited_at": card.edited_at,
            "place": card.place.model_dump_json(),
        }

        key: dict[str, object] = {"run": int(card.run[1:]), "place_key": card.place.key}
        await self._store.write(put(cards, key, values))

    def shown(self, nonce: str, shown: str, at: datetime) -> None:
        def change(connection: Connection) -> None:
            connection.execute(update(cards).where(cards.c.nonce == nonce).values(shown=shown, edited_at=at))

        self._store.submit(change)

    async def trace_post(self, post: TracePost) -> None:
        values = {"post": post.post, "place": post.place.model_dump_json(), "at": post.at}
        await self._store.write(put(trace_posts, {"nonce": post.nonce}, values | {"run": int(post.run[1:])}))

    async def lines_of(self, nonce: str) -> Sequence[TraceLine]:
        query = select(traces).where(traces.c.nonce == nonce).order_by(traces.c.number)
        async with self._store.read() as connection:
            return [_line(row) for row in await connection.execute(query)]

    async def slots(self) -> Sequence[str]:
        """Every line ever said."""
        async with self._store.read() as connection:
            return [row.slot for row in await connection.execute(select(traces.c.slot))]

    async def where(self, slot: str) -> TracePost | None:
        """The post that holds this line, if it was ever said."""
        query = (
            select(trace_posts).join(traces, traces.c.nonce == trace_posts.c.nonce).where(traces.c.slot == slot)
        )
        async with self._store.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        place = Place.model_validate_json(row.place)
        return TracePost(row.nonce, f"R{row.run}", place, row.at, row.post)

    def put_line(self, line: TraceLine, nonce: str, number: int) -> None:
        """The slot's line, in this post; not awaited (``trace_post`` after it is)."""
        values = {"run": int(line.run[1:]), "nonce": nonce, "number": number, "line": _line_json(line)}
        self._store.submit(put(traces, {"slot": line.slot}, values))


def _card(row: Row[Any]) -> LiveCard:
    place = Place.model_validate_json(row.place)
    return LiveCard(row.nonce, f"R{row.run}", place, row.post, row.shown, row.edited_at)


_SPANS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in (Clock, Who, Link, Code, Strong)}


def _line_json(line: TraceLine) -> str:
    buttons = [{"label": b.label, "style": b.style, "intent": b.intent.model_dump()} for b in line.buttons]
    return json.dumps({"words": [_span_out(span) for span in line.words], "buttons": buttons}, default=str)


def _line(row: Row[Any]) -> TraceLine:
    data = json.loads(row.line)
    buttons = tuple(Button(b["label"], intent_from(b["intent"]), b["style"]) for b in data["buttons"])
    words: Text = tuple(_span_in(span) for span in data["words"])
    return TraceLine(run=f"R{row.run}", slot=row.slot, words=words, buttons=buttons)


def _span_out(span: Span) -> object:
    return span if isinstance(span, str) else {"is": type(span).__name__, **asdict(span)}


def _span_in(data: Any) -> Span:
    if isinstance(data, str):
        return data
    kind = _SPANS[data.pop("is")]
    if kind is shapes.Clock:
        data["at"] = datetime.fromisoformat(data["at"])
    span: Span = kind(**data)
    return span
