"""The posts that hold live cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from bot.storage.store import Commit, Store, put
from bot.storage.tables import live_cards
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
        async with self._store.read() as connection:
            rows = await connection.execute(select(live_cards))
            return self._store.parse_rows(live_cards, rows, _live_card, key=["nonce"])

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
        key: dict[str, object] = {"run": int(card.run[1:]), "place_key": card.place.key}
        await self._store.transaction(put(live_cards, key, values), Commit.LIVE_CARD)

    async def delete(self, nonce: str) -> None:
        def change(connection: Connection) -> None:
            connection.execute(delete(live_cards).where(live_cards.c.nonce == nonce))

        await self._store.transaction(change, Commit.LIVE_CARD)

    async def record_edit(self, nonce: str, shown: str, at: datetime) -> None:
        def change(connection: Connection) -> None:
            connection.execute(
                update(live_cards).where(live_cards.c.nonce == nonce).values(shown=shown, edited_at=at)
            )

        await self._store.transaction(change, Commit.LIVE_CARD)


def _live_card(row: Row[Any]) -> LiveCard:
    place = Place.model_validate_json(row.place)
    return LiveCard(
        row.nonce, f"R{row.run}", place, row.post, row.shown, row.edited_at, row.old_post, row.deletions
    )
