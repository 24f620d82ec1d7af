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
    it. ``drawn_at``: when it was last posted or edited.
    """

    nonce: str
    run: str
    place: Place
    post: str = ""
    shown: str = ""  # hash of the card as last drawn
    edited_at: datetime | None = None
    old_post: str = ""
    deletions: int = 0
    drawn_at: datetime | None = None

    @property
    def visible_post(self) -> str:
        return self.post or self.old_post


class LiveCardRows:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        self._parse(await self._store.rows("select * from live_cards"))

    async def of_run(self, run: str) -> Sequence[LiveCard]:
        """In the order in which the places got them."""
        return self._parse(await self._store.rows(_OF_RUN, run=int(run[1:])))

    async def due(self) -> Sequence[LiveCard]:
        """Those that may not show the newest state of their runs, or are not posted."""
        return self._parse(await self._store.rows("select * from live_cards where due_version >= 0"))

    async def drawn_before(self, day: datetime, since: datetime, *, after: str) -> Sequence[LiveCard]:
        """Those drawn last before ``day``, of runs that are not over, or whose card was drawn ``since`` then: the
        next few ``after`` this nonce."""
        return self._parse(await self._store.rows(_DRAWN_BEFORE, day=day, since=since, after=after))

    def _parse(self, rows: Sequence[Row]) -> Sequence[LiveCard]:
        return self._store.parse_rows("live_cards", rows, _live_card, key=["nonce"])

    async def save(self, card: LiveCard) -> None:
        """There is one row per run and place: a new card replaces the old one."""
        values = {
            "nonce": card.nonce,
            "post": card.post,
            "shown": card.shown,
            "edited_at": card.edited_at,
            "drawn_at": card.drawn_at,
            "place": card.place.model_dump_json(),
            "old_post": card.old_post,
            "deletions": card.deletions,
        }
        if not card.post:
            values["due_version"] = 0
        key = {"run": int(card.run[1:]), "place_key": card.place.key}

        def change(connection: Connection) -> None:
            connection.put("live_cards", key, values)
            connection.execute(_NUMBER, **key)
            connection.changed("live_cards", card.run)

        await self._store.transaction(change, Commit.LIVE_CARD)

    async def delete(self, card: LiveCard) -> None:
        def change(connection: Connection) -> None:
            connection.execute("delete from live_cards where nonce = :nonce", nonce=card.nonce)
            connection.changed("live_cards", card.run)

        await self._store.transaction(change, Commit.LIVE_CARD)

    def record_edit(self, card: LiveCard, version: int, *, settled: bool) -> None:
        """As ``record_shown``, with what it shows."""
        values = {"shown": card.shown, "edited_at": card.edited_at, "drawn_at": card.drawn_at}
        self._later(_RECORD_EDIT, card, version, settled, **values)

    def record_shown(self, card: LiveCard, version: int, *, settled: bool) -> None:
        """It shows this version of its run. Durable soon: until then, a restart draws it again. So does one if
        what is shown is not ``settled``, as it can change without the run."""
        self._later(_RECORD_SHOWN, card, version, settled)

    def _later(self, query: str, card: LiveCard, version: int, settled: bool, **values: object) -> None:
        def change(connection: Connection) -> None:
            due = None if settled else 0
            connection.execute(query, nonce=card.nonce, version=version, due=due, **values)
            if values:
                connection.changed("live_cards", card.run)

        self._store.later(change, Commit.LIVE_CARD)


_OF_RUN = "select * from live_cards where run = :run order by number, place_key"
_NUMBER = """
update live_cards set number = (select coalesce(max(number), 0) + 1 from live_cards where run = :run)
where run = :run and place_key = :place_key and number is null"""
_DUE = "due_version = case when due_version > :version then due_version else :due end where nonce = :nonce"
_RECORD_EDIT = f"update live_cards set shown = :shown, edited_at = :edited_at, drawn_at = :drawn_at, {_DUE}"  # noqa: S608
_RECORD_SHOWN = f"update live_cards set {_DUE}"  # noqa: S608  our own words
_DRAWN_BEFORE = """
select c.* from live_cards c join runs r on r.number = c.run
where c.drawn_at < :day and (c.drawn_at >= :since or r.over = false) and c.nonce > :after
order by c.nonce limit 100"""


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
        drawn_at=read_time(row["drawn_at"]),
    )
