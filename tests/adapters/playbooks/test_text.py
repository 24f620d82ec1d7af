"""Escaping mentions and Markdown."""

import re

import pytest

from adapters.playbooks import text as texts

# Mattermost strips trailing punctuation (".", "-", ":", "_") from a word until it is a name: app/notification.go.
MENTION_ALL = re.compile(r"@(?:channel|here|all)(?![A-Za-z0-9])", re.IGNORECASE)


@pytest.mark.parametrize(
    "name", ["channel", "here", "all", "Channel", "channel_", "here__", "all_.", "here-", "all:"]
)
@pytest.mark.parametrize(
    "template", ["{}", "`{}`", "\\`{}\\`", "```\n{}\n```", "``` {} ```", "a`{}", "*{}*", "<{}>"]
)
def test_mentions_of_everybody_are_always_escaped(name: str, template: str) -> None:
    text = template.format(f"@{name}")
    assert MENTION_ALL.search(texts.escape_mentions(text)) is None
    assert texts.unescape_mentions(texts.escape_mentions(text)) == text


@pytest.mark.parametrize("text", ["@ben", "\\`@ben\\`", "x ``` \n\n@ben\n\n``` y", "(@ben)", "```\n`\n```\n@ben"])
def test_names_outside_code_are_escaped(text: str) -> None:
    assert "@ben" not in texts.escape_mentions(text)


@pytest.mark.parametrize("text", ["`ssh ops@host`", "`npm i @acme/db`", "```\nmail @ben\n```", "see `@ben` there"])
def test_code_is_unchanged(text: str) -> None:
    assert texts.escape_mentions(text) == text


@pytest.mark.parametrize(
    ("typed", "escaped"),
    [
        ("@here now", "@\u200bhere now"),
        ("(@channel)", "(@\u200bchannel)"),
        ("**@All**", "**@\u200bAll**"),
        ("_@ana_ and @ben.", "_@\u200bana_ and @\u200bben."),
        ("mail ana@example.com", "mail ana@example.com"),
        ("x-@here", "x-@\u200bhere"),
        ("`npm i @types/node`", "`npm i @types/node`"),
        ("```\npush @scope/x\n```", "```\npush @scope/x\n```"),
        ("`@channel`", "`@\u200bchannel`"),
        ("an open ` and @ben", "an open ` and @\u200bben"),
        ("4 @ 5", "4 @ 5"),
    ],
)
def test_mentions_are_escaped(typed: str, escaped: str) -> None:
    assert texts.escape_mentions(typed) == escaped
    assert texts.unescape_mentions(escaped) == typed
