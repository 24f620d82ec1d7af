"""What people type, and what goes wrong meanwhile: all of it follows from the seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.torture.faults import Blow, make_blows

PEOPLE = ("ana", "ben", "cam", "rui")
FORM_FILLER = "eve"
"""Has at most one form open, so she fills in forms and does nothing else."""
QUIET_END = 8.0  # seconds before the end, in which nothing goes wrong any more
MOST_ADDED = 6  # tasks to one run: all of them fit in one answer to ``show``
SLOW_LANES = {"runrunit": 0.12}  # the platform allows 100 requests a minute

STARTS_EVERY = 8  # seconds
START_ON = tuple(
    (platform, chat)
    for platform in ("cutover", "playbooks", "tines", "xurrent", "local")
    for chat in ("slack", "mattermost")
)
VERBS = {
    "comment": 50, "note": 12, "state": 10, "status": 6, "add": 4, "press": 6, "read": 12, "form": 6, "search": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """``code`` is in ``text`` and nowhere else, and is written to the platform; empty if nothing is written.

    ``verb`` "press": ``text`` is the label of a button. "form": ``label`` is that of the button that opens it, and
    ``values`` are entered by field. "search": ``text`` is typed into the form of ``start``.

    ``late``: seconds that the delivery is on its way; later ones overtake it. ``resends``: seconds until it
    arrives again.
    """

    at: float
    lane: int
    user: str
    text: str
    code: str = ""
    verb: str = ""
    mention: bool = False
    resends: tuple[float, ...] = ()
    late: float = 0.0
    label: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Start:
    """Of a run in a room of its own."""

    at: float
    platform: str
    chat: str
    user: str


@dataclass(frozen=True)
class Plan:
    seed: int
    seconds: float
    commands: Sequence[Command]
    blows: Sequence[Blow]
    starts: Sequence[Start] = ()


def make_plan(
    seed: int, seconds: float, lanes: Sequence[str], *, rate: float, every: float, postgresql: bool = False
) -> Plan:
    """``lanes``: the platform of each; ``rate``: commands a second; ``every``: seconds between two blows."""
    random = Random(seed)
    typist = _Typist(random, lanes)
    commands = [typist.command(number / rate) for number in range(int(seconds * rate))]
    blows = make_blows(random, seconds - QUIET_END, every, postgresql=postgresql)
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
        code = f"q{self._number:05}x"
        verb = random.choices(list(VERBS), list(VERBS.values()))[0]
        if verb == "form":
            return self._form(at, lane, code)
        if verb == "search":
            return Command(at, lane, FORM_FILLER, random.choice(("", "data", "fail", code)), verb=verb)
        if verb == "add" and self._added[lane] == MOST_ADDED:
            verb = "comment"
        text, written = self._line(lane, verb, code)
        user = random.choice(PEOPLE)
        if verb == "comment" and random.random() < 0.15:
            return Command(at, lane, user, text, written, verb, mention=True)
        resends = tuple(random.choice((0.0, 0.3, 2.0, 15.0)) for _ in range(random.choice((0, 0, 0, 1, 2))))
        late = random.choice((0.5, 2.0, 2.5)) if random.random() < 0.1 else 0.0
        return Command(at, lane, user, text, written, verb, resends=resends, late=late)

    def _line(self, lane: int, verb: str, code: str) -> tuple[str, str]:
        """(text, code)"""
        random = self._random
        task = f"T{random.randint(1, 4)}"
        match verb:
            case "comment":
                return f"comment {code}", code
            case "note":
                return f"{random.choice(('finish', 'hold', 'skip'))} {task} {code}", code
            case "state":
                return f"{random.choice(('begin', 'begin', 'reopen', 'finish'))} {task}", ""
            case "press":
                return f"Begin {task}", ""
            case "status":
                return f"status {random.choice(('amber', 'red', 'green'))} {code}", code
            case "add":
                self._added[lane] += 1
                return f"add Call {code}", code
        return random.choice(("show", "show", "mine", "next", "runs", f"show {task}")), ""

    def _form(self, at: float, lane: int, code: str) -> Command:
        random = self._random
        task, health = f"T{random.randint(1, 4)}", random.choice(("amber", "red", "green"))
        label, values = random.choice(
            (
                ("Update status", (("health", health), ("text", code))),
                ("Hold…", (("task", task), ("reason", code))),
            )
        )
        resends = random.choice(((), (), (0.3,)))
        return Command(at, lane, FORM_FILLER, code, code, "form", resends=resends, label=label, values=values)
