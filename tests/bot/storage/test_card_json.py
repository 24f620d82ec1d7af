"""A card that waits for a chat comes back from the store as it was."""

import re
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime

import pytest

from adapters.models import TaskState
from bot.storage.card_json import dump_card, dump_parts, load_card
from commands.model import card, rich_text
from commands.model.card import (
    ActivityLine,
    Answer,
    Bold,
    Button,
    Card,
    ClockTime,
    Code,
    Field,
    Form,
    Link,
    Menu,
    Option,
    PeoplePicker,
    PersonName,
    Row,
    Section,
    Separator,
)
from commands.model.intents import Assign, Finish, OpenForm
from commands.model.rich_text import CodeBlock, Italic, Item, Paragraph, RichText, Struck, Table

NOW = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)
TEXT = ("plain", Separator(", "), Bold("b"), Code("c", block=True), Link("l", "https://x"), ClockTime(NOW))
RICH_TEXT = RichText(
    (
        Paragraph(("Run ", Code("df"), Bold("b"), Link("l", "https://x"))),
        Item((Italic("i"), Struck("s")), depth=2, number=3),
        CodeBlock("df -h\n", depth=1, quoted=True),
        Table(((("Host",),), (("db1",),))),
    ),
    shortened=True,
)
CARD = Card(
    title=TEXT,
    summary="s",
    subtitle=(PersonName("Ana", "U1", ping=True),),
    lines=(TEXT, (), (RICH_TEXT,)),
    sections=(Section("Triage", (Row(TaskState.RUNNING, "T1", "t", TEXT), Row(None, "T2", "u")), ("more",)),),
    buttons=(
        Button("Go", Finish(run="R1", tasks=("T1",)), "primary"),
        Button("Form", OpenForm(about="status")),
    ),
    tone="warn",
    link=Link("Open", "https://x"),
    shown_elsewhere=True,
    menu=Menu("Finish …", (Button("T1", Finish(run="R1", tasks=("T1",))),), "finish", "R1"),
    picker=PeoplePicker("Assign", Assign(run="R1", tasks=("T1",), person="ben"), "person"),
    footer=TEXT,
)


def test_a_card_with_every_part_comes_back_as_it_was() -> None:
    loaded = load_card(dump_card(CARD))
    assert loaded == CARD
    assert loaded.shown_elsewhere, "though it does not count when cards are compared"
    assert isinstance(loaded.title[1], Separator)


def test_every_part_that_a_card_can_have_comes_back() -> None:
    parts = {
        value
        for model in (card, rich_text)
        for value in vars(model).values()
        if isinstance(value, type) and is_dataclass(value)
    }
    parts -= {ActivityLine, Answer, Field, Form, Option}  # never wait for a chat
    missing = {part.__name__ for part in parts} - set(re.findall(r'"is": "(\w+)"', dump_card(CARD)))
    assert not missing, f"add {missing} to CARD"


def test_what_could_not_be_read_back_is_never_stored() -> None:
    @dataclass(frozen=True)
    class Unknown:
        text: str

    with pytest.raises(TypeError, match="Unknown cannot be stored"):
        dump_parts((Unknown("x"),))
