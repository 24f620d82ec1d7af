"""Files of a message become lines of what it writes."""

import pytest

from commands.lookup.shared_files import file_name, files_text, with_files
from commands.model.intents import Begin, Comment, End, Finish, Intent
from commands.model.messages import SharedFile

FILES = (SharedFile(name="graph.png", link="https://chat.example/1"), SharedFile(link="https://chat.example/2"))
LINES = "graph.png: https://chat.example/1\nfile: https://chat.example/2"


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        (Comment(text="seen"), Comment(text=f"seen\n{LINES}")),
        (Comment(), Comment(text=LINES)),
        (Finish(tasks=("T1",)), Finish(tasks=("T1",), note=LINES)),
        (End(text="done"), End(text=f"done\n{LINES}")),
        (Begin(tasks=("T1",)), Begin(tasks=("T1",))),
    ],
)
def test_what_is_written_has_the_links(intent: Intent, expected: Intent) -> None:
    assert with_files(intent, FILES) == expected


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("my graph_1.png", "my graph_1.png"),
        ("@all.png", "_all.png"),
        ("[x](https://evil.example)\n<!here>.png", "_x_(https___evil.example)__!here_.png"),
        ("", "file"),
        ("a" * 300, "a" * 80),
    ],
)
def test_names_are_neither_markup_nor_mentions(name: str, shown: str) -> None:
    assert file_name(SharedFile(name=name)) == shown.replace("!", "_")


def test_a_file_without_a_link_is_named() -> None:
    assert files_text((SharedFile(name="a.png"),)) == "a.png"
