"""What is posted on a person's word calls nobody, however it is dressed up."""

import re

import pytest

from adapters.playbooks import text as words

# Mattermost, app/notification.go: a word loses the punctuation behind it (".", "-", ":", "_") until it is a name.
EVERYBODY = re.compile(r"@(?:channel|here|all)(?![A-Za-z0-9])", re.IGNORECASE)


@pytest.mark.parametrize(
    "name", ["channel", "here", "all", "Channel", "channel_", "here__", "all_.", "here-", "all:"]
)
@pytest.mark.parametrize("dress", ["{}", "`{}`", "\\`{}\\`", "```\n{}\n```", "``` {} ```", "a`{}", "*{}*", "<{}>"])
def test_nobody_calls_everybody(name: str, dress: str) -> None:
    text = dress.format(f"@{name}")
    assert EVERYBODY.search(words.quiet(text)) is None
    assert words.as_typed(words.quiet(text)) == text


@pytest.mark.parametrize("text", ["@ben", "\\`@ben\\`", "x ``` \n\n@ben\n\n``` y", "(@ben)", "```\n`\n```\n@ben"])
def test_a_name_that_is_no_code_calls_nobody(text: str) -> None:
    assert "@ben" not in words.quiet(text)


@pytest.mark.parametrize("text", ["`ssh ops@host`", "`npm i @acme/db`", "```\nmail @ben\n```", "see `@ben` there"])
def test_code_stays_as_it_was_typed(text: str) -> None:
    assert words.quiet(text) == text
