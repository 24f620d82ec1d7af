"""What people type and what goes wrong, and when: all of it follows from the seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from adapters.testing.fake_server import FaultKind
from bot.storage.store import Commit

PEOPLE = ("ana", "ben", "cam", "rui")
SERVERS = ("slack", "mattermost", "cutover", "tines", "xurrent", "runrunit", "playbooks")
QUIET_END = 8.0  # seconds before the end, in which nothing goes wrong any more
MOST_ADDED = 6  # tasks to one run: all of them fit in one answer to ``show``
SLOW_LANES = {"runrunit": 0.12}  # the platform allows 100 requests a minute

STARTS_EVERY = 8  # seconds
START_ON = tuple(
    (platform, chat)
    for platform in ("cutover", "playbooks", "tines", "xurrent", "local")
    for chat in ("slack", "mattermost")
)

BlowKind = Literal["kill", "kill at commit", "pause", "disk full", "outage", "request", "cut socket"]


@dataclass(frozen=True)
class Command:
    """``code`` is in ``text`` and nowhere else, and is written to the platform; empty if nothing is written.

    ``verb`` "press": ``text`` is the label of a button. ``resends``: seconds until the delivery arrives again.
    """

    at: float
    lane: int
    user: str
    text: str
    code: str = ""
    verb: str = ""
    mention: bool = False
    resends: tuple[float, ...] = ()


@dataclass(frozen=True)
class Start:
    """Of a run in a room of its own."""

    at: float
    platform: str
    chat: str
    user: str


@dataclass(frozen=True)
class Blow:
    """``when`` and ``commit``: of "kill at commit"; ``server`` and ``fault``: of "request"."""

    at: float
    kind: BlowKind
    seconds: float = 0.0
    when: str = ""
    commit: str = ""
    server: str = ""
    fault: FaultKind = "cut_after"
    method: str = ""
    status: int = 500
    times: int = 1


@dataclass(frozen=True)
class Plan:
    seed: int
    seconds: float
    commands: Sequence[Command]
    blows: Sequence[Blow]
    starts: Sequence[Start] = ()


def make_plan(seed: int, seconds: float, lanes: Sequence[str], *, rate: float, every: float) -> Plan:
    """``lanes``: the platform of each; ``rate``: commands a second; ``every``: seconds between two blows."""
    random = Random(seed)
    typed = _Typist(random, lanes)
    commands = [typed.command(number / rate) for number in range(int(seconds * rate))]
    blows = []
    at = every
    while at < seconds - QUIET_END:
        blows.append(_blow(random, at))
        at += random.uniform(0.5, 1.5) * every
    moments = [at + random.random() for at in range(0, int(seconds - QUIET_END), STARTS_EVERY)]
    starts = [Start(at, *random.choice(START_ON), random.choice(PEOPLE)) for at in moments]
    return Plan(seed, seconds, commands, blows, starts)


class _Typist:
    def __init__(self, random: Random, lanes: Sequence[str]) -> None:
        self._random = random
        self._lanes = range(len(lanes))
        self._weights = [SLOW_LANES.get(platform, 1.0) for platform in lanes]
        self._added = [0] * len(lanes)
        self._number = 0

    def command(self, at: float) -> Command:
        random = self._random
        lane = random.choices(self._lanes, self._weights)[0]
        self._number += 1
        verb, text, code = self._line(lane, f"q{self._number:05}x")
        resends = tuple(random.choice((0.0, 0.3, 2.0, 15.0)) for _ in range(random.choice((0, 0, 0, 1, 2))))
        mention = verb == "comment" and random.random() < 0.15
        return Command(at, lane, random.choice(PEOPLE), text, code, verb, mention, () if mention else resends)

    def _line(self, lane: int, code: str) -> tuple[str, str, str]:
        """(verb, text, code)"""
        random = self._random
        task = f"T{random.randint(1, 4)}"
        verb = random.choices(
            ("comment", "note", "state", "status", "add", "press", "read"), (50, 12, 10, 6, 4, 6, 12)
        )[0]
        if verb == "add" and self._added[lane] == MOST_ADDED:
            verb = "comment"
        match verb:
            case "comment":
                return verb, f"comment {code}", code
            case "note":
                return verb, f"{random.choice(('finish', 'hold', 'skip'))} {task} {code}", code
            case "state":
                return verb, f"{random.choice(('begin', 'begin', 'reopen', 'finish'))} {task}", ""
            case "press":
                return verb, f"Begin {task}", ""
            case "status":
                return verb, f"status {random.choice(('amber', 'red', 'green'))} {code}", code
            case "add":
                self._added[lane] += 1
                return verb, f"add Call {code}", code
        return "read", random.choice(("show", "show", "mine", "next", "runs", f"show {task}")), ""


def _blow(random: Random, at: float) -> Blow:
    kinds: Sequence[BlowKind] = (
        "kill", "kill at commit", "pause", "disk full", "outage", "request", "cut socket",
    )  # fmt: skip
    kind = random.choices(kinds, (8, 22, 6, 6, 8, 45, 5))[0]
    seconds, server = random.uniform(0.3, 3.0), random.choice(SERVERS)
    commit, when = random.choice([*NAMED_COMMITS, *Commit]), random.choice(("before", "after"))
    faults: Sequence[FaultKind] = ("cut_before", "cut_after", "slow", "late", "hold", "answer")
    return Blow(
        at,
        kind,
        seconds,
        when,
        commit,
        server,
        random.choice(faults),
        random.choice(("POST|PUT|PATCH|DELETE", "POST|PUT|PATCH|DELETE", "GET", "")),
        random.choice((429, 500, 502, 503, 408)),
        random.choice((1, 1, 2, 4)),
    )


NAMED_COMMITS = (Commit.RECORD, Commit.SENT, Commit.OUTCOME, Commit.DONE, Commit.LIVE_CARD, Commit.OUTBOX)
"""Those that a message always makes: they are chosen more often than the others."""
