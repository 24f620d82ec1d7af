"""The posts that hold live cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.storage.sql import Connection, Row, read_time
from bot.storage.store import Commit, Store
from commands.model.messages import Place


@dataclass(frozen=True)
class LiveCard:
    """The live card of a run in one place. ``post`` is empty while the card is being posted.

    ``old_post`` is what it replaces, and stays the live card until then. ``deletions``: how often others deleted
    it.
    """

    nonce: str
    run: str
    place: Place
    post: str = ""
    shown: str = ""  # hash of the card as last drawn
    edited_at: datetime | None = None
    old_post: str = ""
    deletions: int = 0

    @property
    def visible_post(self) -> str:
        return self.post or self.old_post


class LiveCardRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self) -> Sequence[LiveCard]:
        rows = await self._store.rows("select * from live_cards")
        return self._store.parse_rows("live_cards", rows, _live_card, key=["nonce"])

    async def of_run(self, run: str) -> Sequence[LiveCard]:
        rows = await self._store.rows("select * from live_cards where run = :run", run=int(run[1:]))
        return self._store.parse_rows("live_cards", rows, _live_card, key=["nonce"])

    async def save(self, card: LiveCard) -> None:
        """There is one row per run and place: a new card replaces the old one."""
        values = {
            "nonce": card.nonce,
            "post": card.post,
            "shown": card.shown,
            "edited_at": card.edited_at,
            "place": card.place.model_dump_json(),
            "old_post": card.old_post,
            "deletions": card.deletions,
        }
        key = {"run": int(card.run[1:]), "place_key": card.place.key}

        def change(connection: Connection) -> None:
            connection.put("live_cards", key, values)
            connection.changed("live_cards", card.run)

        await self._store.transaction(change, Commit.LIVE_CARD)

    async def delete(self, card: LiveCard) -> None:
        def change(connection: Connection) -> None:
            connection.execute("delete from live_cards where nonce = :nonce", nonce=card.nonce)
            connection.changed("live_cards", card.run)

        await self._store.transaction(change, Commit.LIVE_CARD)

    async def record_edit(self, card: LiveCard, shown: str, at: datetime) -> None:
        """Durable soon: until then, a restart edits it again."""

        def change(connection: Connection) -> None:
            connection.execute(_RECORD_EDIT, nonce=card.nonce, shown=shown, at=at)
            connection.changed("live_cards", card.run)

        self._store.later(change, Commit.LIVE_CARD)


_RECORD_EDIT = "update live_cards set shown = :shown, edited_at = :at where nonce = :nonce"


def _live_card(row: Row) -> LiveCard:
    return LiveCard(
        nonce=row["nonce"],
        run=f"R{row['run']}",
        place=Place.model_validate_json(row["place"]),
        post=row["post"],
        shown=row["shown"],
        edited_at=read_time(row["edited_at"]),
        old_post=row["old_post"],
        deletions=row["deletions"],
    )
