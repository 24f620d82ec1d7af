"""What waits for a chat comes back from the store as it was."""

from datetime import UTC, datetime

from adapters.models import HomeChannel, TaskState
from bot.storage.kept_answers import KeptAnswer, dump_answer, load_answer
from commands.model.card import (
    ActivityLine,
    Answer,
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
ANSWER = Answer(
    private=CARD,
    channel_title=TEXT,
    activity=(ActivityLine("R1", "K:finish:1", TEXT, CARD.buttons, corrects=True),),
    public=CARD,
    changed_runs=("R1", "R2"),
    move_card="R1",
    result="question",
    home_channels={"R1": HomeChannel(site="https://chat.example.com", channel="C1")},
)


def test_an_answer_with_every_part_comes_back_as_it_was() -> None:
    loaded = load_answer(dump_answer(KeptAnswer(ANSWER, NOW)))
    assert loaded == KeptAnswer(ANSWER, NOW)
    assert loaded.answer.private is not None
    assert loaded.answer.private.shown_elsewhere, "though it does not count when cards are compared"
    assert isinstance(loaded.answer.private.title[1], Separator)


def test_an_empty_answer_comes_back_as_it_was() -> None:
    assert load_answer(dump_answer(KeptAnswer(Answer(), NOW))) == KeptAnswer(Answer(), NOW)
