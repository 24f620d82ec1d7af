"""What is read from a platform's text: its formatting, its links, and its code, byte for byte."""

import pytest

from adapters.protocol import Markup
from commands.model.rich_text import (
    Block,
    Bold,
    Code,
    CodeBlock,
    Inline,
    Italic,
    Item,
    Link,
    Paragraph,
    Struck,
    Table,
    words,
)
from commands.text.markdown import MAX_LENGTH, rich_text


def read(markdown: str, markup: Markup = Markup.MARKDOWN) -> list[Block]:
    return list(rich_text(markdown, markup).blocks)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**bold** *it* ~~no~~", [Bold("bold"), " ", Italic("it"), " ", Struck("no")]),
        ("run `a  b | c`", ["run ", Code("a  b | c")]),
        ("[docs](https://a.example/x)", [Link("docs", "https://a.example/x")]),
        ("![plan](https://a.example/p.png)", [Link("plan", "https://a.example/p.png")]),
        ("[other](../other.md)", ["other (../other.md)"]),
        ("[mail](mailto:ops@a.example)", ["mail (ops@a.example)"]),
        ("<https://a.example/x>", [Link("https://a.example/x", "https://a.example/x")]),
        ("one<br>two <b>three</b>", ["one\ntwo <b>three</b>"]),
        ("seen <!-- not --> seen", ["seen  seen"]),
        ("one\ntwo", ["one two"]),
        ("db_primary_host and other_host_name", ["db_primary_host and other_host_name"]),
        (r"\*kept\* &lt;x&gt;", ["*kept* <x>"]),
    ],
)
def test_inline_markup(markdown: str, expected: list[Inline]) -> None:
    assert read(markdown) == [Paragraph(tuple(expected))]


@pytest.mark.parametrize("around", ["({})", "[{}]", "**{}**", "{}.", "{}!", "{},", "see {}: done", '"{}"', "{}?"])
def test_punctuation_around_a_url_is_not_part_of_it(around: str) -> None:
    url = "https://wiki.example/db_(primary)?a=1&b=2"
    for markup in Markup:
        (block,) = read(around.format(url), markup)
        assert isinstance(block, Paragraph)
        links = [span for span in block.text if isinstance(span, Link)]
        assert links == [Link(url, url)]


def test_blocks_in_the_order_written() -> None:
    text = (
        "# Before\n\n1. one\n\n   ```sh\n   a  b\n\n     c\n   ```\n2. two\n"
        "   - inner\n     - [ ] box\n\n   more\n\n"
        "> said\n\n~~~\nx\n~~~\n\n| Host | Port |\n|---|---|\n| `db` | 1 |\n\n---\n\n    indented\n"
    )
    assert read(text) == [
        Paragraph((Bold("Before"),)),
        Item(("one",), 1, 1),
        CodeBlock("a  b\n\n  c", 1),
        Item(("two",), 1, 2),
        Item(("inner",), 2),
        Item(("☐ box",), 3),
        Paragraph(("more",), 1),
        Paragraph(("said",), quoted=True),
        CodeBlock("x"),
        Table(((("Host",), ("Port",)), ((Code("db"),), ("1",)))),
        Paragraph(("―" * 8,)),
        CodeBlock("indented"),
    ]


def test_plain_text_is_never_markup() -> None:
    text = "run *all* of __init__ on db_a_b\n- `x`\n\n# no heading"
    assert read(text, Markup.PLAIN) == [Paragraph((text,))]


def test_line_breaks_are_seen_where_the_platform_shows_them() -> None:
    assert read("one\ntwo", Markup.MARKDOWN_WITH_BREAKS) == [Paragraph(("one\ntwo",))]


def test_a_long_text_is_cut_at_a_line() -> None:
    found = rich_text("a line of words\n" * 5000, Markup.PLAIN)
    assert found.shortened
    assert len(words(found)) <= MAX_LENGTH + 1
    assert words(found).endswith("a line of words…")


@pytest.mark.parametrize("hostile", ["[" * 5000, "*" * 5000, "> " * 3000, "- " * 3000, "`" * 5000, "<!--" * 2000])
def test_reading_is_quick_whatever_the_text(hostile: str) -> None:
    assert rich_text(hostile, Markup.MARKDOWN).blocks is not None
