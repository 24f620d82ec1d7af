"""The buttons of several writes in one post can be told apart, and none is left out."""

from commands.cards.activity_line import distinct_buttons
from commands.model.card import ActivityLine, Button
from commands.model.intents import DecideOutcome

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
