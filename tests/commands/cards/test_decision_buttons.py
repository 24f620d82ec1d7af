"""What is asked about a write with an unknown outcome. Buttons of several in one post can be told apart."""

from datetime import UTC, datetime

import pytest

from adapters.errors import Rejected
from adapters.results import Indeterminate, NotApplied
from adapters.writes import NOTE, AddComment, EndRun, WriteMarker
from commands.cards.activity_line import activity_line, decision_line, distinct_buttons
from commands.model.card import ActivityLine, Button
from commands.model.intents import DecideOutcome
from commands.model.messages import Message
from commands.model.outcomes import Refused, Unknown
from commands.text.catalogue import plain_text
from tests.commands.room import ANA, HERE, Room

PAIR = (("It was done", True), ("Send it again", False))


def _line(name: str, step: str) -> ActivityLine:
    buttons = tuple(
        Button(label, DecideOutcome(run="R1", key="M1", step=step, applied=applied)) for label, applied in PAIR
    )
    return ActivityLine("R1", f"M1:{step}", ("?",), buttons, name=name)


def test_one_pair_keeps_its_short_labels() -> None:
    labels = [button.label for button in distinct_buttons([_line("T3 note", "finish:3:note")])]
    assert labels == ["It was done", "Send it again"]


def test_each_pair_names_its_write() -> None:
    buttons = distinct_buttons([_line("T3 note", "finish:3:note"), _line("T4 comment", "comment:4")])
    assert [button.label for button in buttons] == [
        "T3 note: It was done",
        "T3 note: Send it again",
        "T4 comment: It was done",
        "T4 comment: Send it again",
    ]
    assert [button.intent.step for button in buttons if isinstance(button.intent, DecideOutcome)] == [
        "finish:3:note",
        "finish:3:note",
        "comment:4",
        "comment:4",
    ]


def test_two_writes_of_one_name_are_numbered_and_all_are_there() -> None:
    lines = [_line("R1 comment", f"comment:{number}") for number in range(12)]
    labels = [button.label for button in distinct_buttons(lines)]
    assert len(set(labels)) == len(labels) == 24
    assert labels[:2] == ["R1 comment 1: It was done", "R1 comment 1: Send it again"]
    assert all(len(label) <= 30 for label in labels)


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (NotApplied(), "and I can't find it there"),
        (Indeterminate(), "and I can't look it up there"),
        (None, "and I can't look it up there"),
    ],
)
async def test_what_cannot_be_looked_up_is_not_called_missing(
    room: Room, finding: NotApplied | Indeterminate | None, said: str
) -> None:
    """A comment may be there on a platform that shows none: whoever sends it again would have it twice."""
    tracked = await room.start()
    at = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
    step = AddComment(run=tracked.run.key, text="replica lags")
    outcome = Unknown(step, WriteMarker(code="7K2F", who="Ana", at=at), at, finding)
    message = Message(key="M1", actor=ANA, place=HERE, via="command", at=at, text="comment replica lags")
    line = decision_line(message, tracked, outcome, room.services)
    assert said in plain_text(line.text)


async def test_a_lost_or_refused_note_of_an_ending_does_not_say_that_the_run_ended(room: Room) -> None:
    """Some platforms write it before they end the run."""
    tracked = await room.start()
    at = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
    step = EndRun(run=tracked.run.key, text="all back", part=NOTE)
    outcome = Unknown(step, WriteMarker(code="7K2F", who="Ana", at=at), at)
    message = Message(key="M1", actor=ANA, place=HERE, via="command", at=at, text="end --message all back")
    for line in (
        decision_line(message, tracked, outcome, room.services),
        activity_line(message, tracked, outcome, room.services),
    ):
        text = plain_text(line.text)
        assert "the note on R1" in text
        assert "went through, but" not in text
    refused = activity_line(message, tracked, Refused(step, Rejected("local", "end")), room.services)
    assert "ending R1 didn't go through." in plain_text(refused.text)
