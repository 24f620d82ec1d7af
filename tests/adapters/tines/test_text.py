"""What people write arrives on Tines as it is, but mentions nobody."""

import pytest

from adapters.tines.text import escape_mentions, unescape_mentions


@pytest.mark.parametrize("text", ["curl -d <@body.json https://h/x", "a <@ b", "mail <ana@example.com>"])
def test_what_is_no_mention_is_written_as_it_is(text: str) -> None:
    assert escape_mentions(text) == text


def test_a_mention_is_broken_visibly() -> None:
    assert escape_mentions("ask <@user-2435>, please") == "ask < @user-2435>, please"
    for written in ("< @user-2435>", "<\u200b@user-2435>"):
        assert unescape_mentions(written) == "<@user-2435>"
