"""Escaping mentions and Markdown."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.playbooks import text as texts
from tests.fakes.mattermost.models import User, mentioned

BEN = User("ben")
PIECES = ("@ben", "@channel", "@all_", "`", "```", "\\", "\n", " ", "x", "_", "*", "https://h/", "(", ")", "\n\n")


def notifies(text: str) -> bool:
    return bool(mentioned([text], [BEN]))


@pytest.mark.parametrize(
    "name", ["channel", "here", "all", "Channel", "channel_", "here__", "all_.", "here-", "all:"]
)
@pytest.mark.parametrize(
    "template", ["{}", "`{}`", "\\`{}\\`", "```\n{}\n```", "``` {} ```", "a`{}", "*{}*", "<{}>", "https://h/{}"]
)
def test_nobody_is_notified(name: str, template: str) -> None:
    text = template.format(f"@{name}")
    assert not notifies(texts.escape_mentions(text))
    assert "\u200b" not in texts.escape_mentions(text)


@example("```\n```\n\n@all")
@example("_\n\n`_*\n`@channel(`x```")
@example("https://h/`@ben")
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_no_markdown_around_a_name_makes_it_a_mention(text: str) -> None:
    assert not notifies(texts.escape_mentions(text))
    assert not notifies(texts.with_task_header(text, "hi"))


@pytest.mark.parametrize(
    "text",
    [
        "`ssh ops@host`",
        "`npm i @acme/db`",
        "```\nmail @ben\n```",
        "see `@ben` there",
        "`/invite @liaison`",
        "mail ana@example.com",
        "an open ` and no name",
        "4 @ 5",
        "https://ana@example.com/x?y=a@b",
    ],
)
def test_what_notifies_nobody_is_unchanged(text: str) -> None:
    assert texts.escape_mentions(text) == text


@pytest.mark.parametrize(
    ("typed", "escaped"),
    [
        ("@here now", "`@here` now"),
        ("(@channel)", "(`@channel`)"),
        ("**@All**", "**`@All`**"),
        ("_@ana_ and @ben.", "_`@ana`_ and `@ben`."),
        ("x-@here", "x-`@here`"),
        ("npm i @types/node", "npm i `@types/node`"),
        ("/invite @liaison", "/invite `@liaison`"),
        ("an open ` and @ben", "an open \\` and `@ben`"),
    ],
)
def test_names_become_code(typed: str, escaped: str) -> None:
    assert texts.escape_mentions(typed) == escaped
    assert texts.unescape_mentions(escaped) == typed


def test_an_address_stays_an_address() -> None:
    assert texts.escape_mentions("https://chat.example/@ben/1") == "https://chat.example/%40ben/1"


def test_what_earlier_versions_wrote_is_read() -> None:
    assert texts.unescape_mentions("@\u200bben and `@\u200ball`") == "@ben and @all"
