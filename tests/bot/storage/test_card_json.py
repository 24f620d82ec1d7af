"""A card that waits for a chat comes back from the store as it was."""

from datetime import UTC, datetime

from adapters.models import TaskState
from bot.storage.card_json import dump_card, load_card
from commands.model.card import (
    Bold,
    Button,
    Card,
    ClockTime,
    Code,
    Link,
    PersonName,
    Row,
    Section,
    Separator,
)
from commands.model.intents import Finish, OpenForm

NOW = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)
TEXT = ("plain", Separator(", "), Bold("b"), Code("c", block=True), Link("l", "https://x"), ClockTime(NOW))
CARD = Card(
    title=TEXT,
    summary="s",
    subtitle=(PersonName("Ana", "U1", ping=True),),
    lines=(TEXT, ()),
    sections=(Section("Triage", (Row(TaskState.RUNNING, "T1", "t", TEXT), Row(None, "T2", "u")), ("more",)),),
    buttons=(
        Button("Go", Finish(run="R1", tasks=("T1",)), "primary"),
        Button("Form", OpenForm(about="status")),
    ),
    tone="warn",
    link=Link("Open", "https://x"),
    shown_elsewhere=True,
)


def test_a_card_with_every_part_comes_back_as_it_was() -> None:
    loaded = load_card(dump_card(CARD))
    assert loaded == CARD
    assert loaded.shown_elsewhere, "though it does not count when cards are compared"
    assert isinstance(loaded.title[1], Separator)
