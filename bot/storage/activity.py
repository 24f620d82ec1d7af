"""Activity lines, and the posts that hold them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.storage.sql import Connection, Row, read_time
from bot.storage.store import Commit, Store
from commands.model.card import ActivityLine, Bold, Button, ClockTime, Code, Link, PersonName, RichText, Span, Text
from commands.model.messages import Place
from commands.model.rich_text import words
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
    """A line is ``shown`` once the chat has it. Before that its row holds what is to be shown."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add_line(self, post: ActivityPost, number: int, line: ActivityLine) -> ActivityPost | None:
        """Saves a line that is to be shown, at its position in the post, which may be new. If another post has the
        line's slot, the line is saved there, and that post is returned."""
        earlier = await self._store.transaction(_adding(post, number, line), Commit.ACTIVITY)
        return None if earlier is None else _load_post(earlier)

    def add_new_line(self, post: ActivityPost, number: int, line: ActivityLine) -> None:
        """As ``add_line``, of a slot that has no line: durable together with what is requested next."""
        add = _adding(post, number, line)

        def change(connection: Connection) -> None:
            add(connection)

        self._store.later(change, Commit.ACTIVITY)

    async def mark_shown(self, post: ActivityPost, lines: Sequence[ActivityLine]) -> None:
        """The chat has the post, with these lines. One that was changed since is still to be shown."""

        def change(connection: Connection) -> None:
            connection.execute(_SET_POST, nonce=post.nonce, post=post.post, place=post.place.model_dump_json())
            for line in lines:
                connection.execute(_MARK_SHOWN, slot=line.slot, line=_dump_line(line))

        await self._store.transaction(change, Commit.ACTIVITY)

    async def latest_post(self, run: str) -> tuple[ActivityPost | None, int]:
        """The newest one of the run, and the number of its lines."""
        found = await self._posts("where run = :run order by at desc limit 1", run=_number(run))
        return (found[0], len(await self.lines_in_post(found[0].nonce))) if found else (None, 0)

    async def has_unshown(self, nonce: str) -> bool:
        """Whether the post has a line that the chat does not show."""
        query = "select 1 from activity_lines where nonce = :nonce and shown = false"
        return await self._store.row(query, nonce=nonce) is not None

    async def lines_in_post(self, nonce: str) -> Sequence[ActivityLine]:
        return await self._lines("where nonce = :nonce order by number", nonce=nonce)

    async def find_line(self, slot: str) -> ActivityLine | None:
        found = await self._lines("where slot = :slot", slot=slot)
        return found[0] if found else None

    async def posts_not_shown(self) -> Sequence[ActivityPost]:
        """Those with a line that the chat does not show."""
        return await self._posts("where nonce in (select nonce from activity_lines where shown = false)")

    async def _lines(self, condition: str = "", **values: object) -> Sequence[ActivityLine]:
        rows = await self._store.rows(f"select * from activity_lines {condition}", **values)  # noqa: S608
        return self._store.parse_rows("activity_lines", rows, _load_line, key=["slot"])

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        await self._lines()
        await self._posts()

    async def lines_of_message(self, key: str) -> Sequence[ActivityLine]:
        """The slots of a message's lines begin with its key and a colon."""
        start = f"{key}:"
        condition = "where slot >= :start and slot < :end and substr(slot, 1, :length) = :start"
        return await self._lines(condition, start=start, end=f"{key};", length=len(start))

    async def find_post(self, slot: str) -> ActivityPost | None:
        """The post that holds the line of ``slot``, if there is one."""
        found = await self._posts(
            "where nonce in (select nonce from activity_lines where slot = :slot)", slot=slot
        )
        return found[0] if found else None

    async def post(self, nonce: str) -> ActivityPost | None:
        found = await self._posts("where nonce = :nonce", nonce=nonce)
        return found[0] if found else None

    async def _posts(self, condition: str = "", **values: object) -> Sequence[ActivityPost]:
        rows = await self._store.rows(f"select * from activity_posts {condition}", **values)  # noqa: S608
        return self._store.parse_rows("activity_posts", rows, _load_post, key=["nonce"])


def _adding(post: ActivityPost, number: int, line: ActivityLine) -> Callable[[Connection], Row | None]:
    """Returns the row of the other post that has the line's slot, if there is one."""
    new = {"post": post.post, "place": post.place.model_dump_json(), "at": post.at, "run": _number(post.run)}
    row = {"run": _number(line.run), "nonce": post.nonce, "number": number, "line": _dump_line(line)}

    def change(connection: Connection) -> Row | None:
        earlier = connection.row(_POST_OF_SLOT, slot=line.slot)
        if earlier is not None and earlier["nonce"] != post.nonce:
            connection.execute(_REPLACE_LINE, slot=line.slot, line=row["line"])
            return earlier
        connection.execute(_INSERT_POST, nonce=post.nonce, **new)
        connection.put("activity_lines", {"slot": line.slot}, row | {"shown": False})
        connection.changed("activity_lines", line.slot)
        return None

    return change


_INSERT_POST = """
insert into activity_posts (nonce, run, place, post, at) values (:nonce, :run, :place, :post, :at)
on conflict do nothing"""
_POST_OF_SLOT = """
select p.* from activity_lines l join activity_posts p on p.nonce = l.nonce where l.slot = :slot"""
_REPLACE_LINE = "update activity_lines set line = :line, shown = false where slot = :slot"
_SET_POST = "update activity_posts set post = :post, place = :place where nonce = :nonce"
_MARK_SHOWN = "update activity_lines set shown = true where slot = :slot and line = :line"


def _load_post(row: Row) -> ActivityPost:
    place = Place.model_validate_json(row["place"])
    return ActivityPost(row["nonce"], f"R{row['run']}", place, read_time(row["at"]), row["post"])


def _number(handle: str) -> int:
    return int(handle[1:])


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
    stored = {"words": [_dump_span(span) for span in line.text], "buttons": buttons}
    return json.dumps(stored | ({"name": line.name} if line.name else {}), default=str)


def _load_line(row: Row) -> ActivityLine:
    data = json.loads(row["line"])
    buttons = tuple(Button(b["label"], COMMANDS.intent_from(b["intent"]), b["style"]) for b in data["buttons"])
    text: Text = tuple(_load_span(span) for span in data["words"])
    return ActivityLine(f"R{row['run']}", row["slot"], text, buttons, name=data.get("name", ""))


def _dump_span(span: Span) -> object:
    if isinstance(span, str):
        return span
    if isinstance(span, RichText):
        return words(span)
    dumped = {"is": _SPAN_NAMES[type(span)], **asdict(span)}
    return dumped if dumped.pop("dated", False) is False else {**dumped, "dated": True}


def _load_span(data: Any) -> Span:
    if isinstance(data, str):
        return data
    span_type = _SPAN_TYPES[data.pop("is")]
    if span_type is ClockTime:
        data["at"] = datetime.fromisoformat(data["at"])
    span: Span = span_type(**data)
    return span
