"""The small helpers that several adapters share."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.errors import NotFound, Rejected, Unreachable
from adapters.protocol import CheckStatus
from adapters.toolkit.health import check_result
from adapters.toolkit.messages import in_language
from adapters.toolkit.reconciliation import read_or_raise
from adapters.toolkit.signing import TextSigner
from adapters.writes import WriteMarker

REJECTED = Rejected("jira", "finish")
MARKER = WriteMarker(code="7K2F", who="Ana <3 via Slack", at=datetime(2026, 7, 18, tzinfo=UTC))


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    path = tmp_path / "messages.toml"
    path.write_text('[jira]\nanswers = "{url} is responding"\nkeys = "No {key}"\nkeys_fix = "Set {key}."\n')
    path.with_name("messages.pt-BR.toml").write_text('[jira]\nkeys = "Sem {key}"\nkeys_fix = "Defina {key}."\n')
    return path


def test_a_check_without_a_fix_is_ok(messages: Path) -> None:
    result = check_result(messages, "jira.answers", url="https://jira")
    assert (result.status, result.summary, result.fix) == (CheckStatus.OK, "https://jira is responding", "")


def test_a_check_with_a_fix_says_what_to_do(messages: Path) -> None:
    result = check_result(messages, "jira.keys", key="token")
    assert (result.status, result.summary, result.fix) == (CheckStatus.FIX, "No token", "Set token.")
    with in_language("pt-BR"):
        assert check_result(messages, "jira.keys", key="token").fix == "Defina token."


async def test_a_successful_read_is_returned() -> None:
    async def read() -> str:
        return "done"

    assert await read_or_raise(read(), REJECTED) == "done"


@pytest.mark.parametrize("error", [NotFound("jira", "show"), Unreachable("jira", "show")])
async def test_a_failed_read_raises_the_first_error(error: Exception) -> None:
    async def read() -> str:
        raise error

    with pytest.raises(Rejected) as raised:
        await read_or_raise(read(), REJECTED)
    assert raised.value is REJECTED


def test_a_signer_can_allow_other_names() -> None:
    strict, lenient = TextSigner(separator=" — "), TextSigner(separator=" — ", name=r"[^\n—]{1,120}?")
    text = lenient.sign("lagging", MARKER)
    assert strict.read(text).by == ""
    assert (lenient.read(text).text, lenient.read(text).by) == ("lagging", "Ana <3 via Slack")
