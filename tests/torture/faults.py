"""What goes wrong, and when: all of it follows from the seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from adapters.testing.fake_server import FaultKind
from bot.storage.store import Commit
from tests.torture.wire import Direction
from tests.torture.world import LIAISON

SERVERS = ("slack", "mattermost", "cutover", "tines", "xurrent", "runrunit", "playbooks")
WIRES = ("slack", "mattermost", "cutover", "tines", "xurrent", "runrunit", LIAISON)

When = Literal["before", "after"]
BlowKind = Literal[
    "kill",
    "kill at a point",
    "kill at a commit",
    "kill after send",
    "pause",
    "disk full",
    "read-only disk",
    "wrong clock",
    "refused connections",
    "cut connections",
    "cut in a request",
    "silent connections",
    "cut websocket",
    "request",
    "long pause",
    "database restarts",
    "database cut",
    "database cut in a request",
    "silent database",
]

POINTS: Mapping[str, tuple[When, Commit]] = {
    "after record": ("after", Commit.RECORD),
    "before send": ("after", Commit.SENT),
    "before outcome": ("before", Commit.OUTCOME),
    "before merge": ("before", Commit.RUN),
    "before answer": ("before", Commit.DONE),
    "before card": ("after", Commit.DONE),
}
"""Where a message can be on its way; "kill after send" is the one that is not at a commit."""

_DECK: Mapping[BlowKind, int] = {
    "kill": 3,
    "kill at a commit": 5,
    "kill after send": 2,
    "pause": 2,
    "disk full": 2,
    "read-only disk": 2,
    "wrong clock": 2,
    "refused connections": 2,
    "cut connections": 2,
    "cut in a request": 5,
    "silent connections": 2,
    "cut websocket": 1,
    "request": 9,
}
"""How often each comes, next to a kill at each of the points, before any comes again."""
_POSTGRESQL_DECK: Mapping[BlowKind, int] = {
    "database restarts": 2,
    "database cut": 2,
    "database cut in a request": 5,
    "silent database": 2,
    "long pause": 2,
}
"""Instead of what happens to the disk of SQLite."""
_DISK: Sequence[BlowKind] = ("disk full", "read-only disk")
_LASTS: Mapping[BlowKind, tuple[float, float]] = {"long pause": (12.0, 20.0), "silent database": (1.0, 12.0)}
"""Seconds, if it isn't short. A replica counts as dead after nine."""
CLOCKS = (-3600.0, -90.0, -3.0, 3.0, 60.0, 150.0)  # seconds; 150 is more than the write timeout
WRITES = "POST|PUT|PATCH|DELETE"


@dataclass(frozen=True)
class Blow:
    """``process``: the number of the one that is hit, which may be more than there are; ``server``: who is on the
    other end of the wire, or whose request it is.

    ``point``, ``when`` and ``commit``: of kills; ``part`` and ``direction``: of "cut in a request"; ``fault``,
    ``method`` and ``status``: of "request". "database cut" and the next two are between one process and the
    database.
    """

    at: float
    kind: BlowKind
    seconds: float = 0.0
    process: int = 0
    point: str = ""
    when: When = "after"
    commit: str = ""
    server: str = ""
    direction: Direction = "request"
    part: float = 0.0
    clock: float = 0.0
    fault: FaultKind = "cut_after"
    method: str = ""
    status: int = 500
    times: int = 1


def make_blows(random: Random, seconds: float, every: float, *, postgresql: bool = False) -> Sequence[Blow]:
    """``every``: seconds between two of them."""
    blows: list[Blow] = []
    at = every
    deck = {kind: count for kind, count in _DECK.items() if not postgresql or kind not in _DISK}
    for kind, point in _deal(random, {**deck, **_POSTGRESQL_DECK} if postgresql else deck):
        if at >= seconds:
            return blows
        blows.append(_blow(random, at, kind, point))
        at += random.uniform(0.5, 1.5) * every
    raise AssertionError("the deck is endless")


def _deal(random: Random, deck: Mapping[BlowKind, int]) -> Iterator[tuple[BlowKind, str]]:
    """(kind, point)"""
    cards: list[tuple[BlowKind, str]] = [("kill at a point", point) for point in POINTS]
    cards += [(kind, "") for kind, count in deck.items() for _ in range(count)]
    while True:
        random.shuffle(cards)
        yield from cards


def _blow(random: Random, at: float, kind: BlowKind, point: str) -> Blow:
    when, commit = POINTS.get(point, (random.choice(("before", "after")), random.choice(list(Commit))))
    faults: Sequence[FaultKind] = ("cut_before", "cut_after", "slow", "late", "hold", "answer")
    return Blow(
        at,
        kind,
        seconds=random.uniform(*_LASTS.get(kind, (0.3, 3.0))),
        process=random.randrange(12),
        point=point,
        when=when,
        commit=commit,
        server=random.choice(SERVERS if kind in ("request", "kill after send") else WIRES),
        direction=random.choice(("request", "response")),
        part=random.choice((0.0, 0.5, 0.9, 1.0)),
        clock=random.choice(CLOCKS),
        fault=random.choice(faults),
        method=random.choice((WRITES, WRITES, "GET", "")),
        status=random.choice((429, 500, 502, 503, 408)),
        times=random.choice((1, 1, 2, 4)),
    )
