"""Lines of ``liaison doctor`` from a platform's message catalogue."""

from pathlib import Path

from adapters.protocol import CheckResult, CheckStatus
from adapters.toolkit.messages import load_messages, message_text


def check_result(messages: Path, key: str, /, **facts: object) -> CheckResult:
    """The message ``key``. It is a problem if the catalogue also has ``<key>_fix``, which says what to do."""
    summary = message_text(messages, key, **facts)
    if f"{key}_fix" not in load_messages(messages):
        return CheckResult(status=CheckStatus.OK, summary=summary)
    return CheckResult(status=CheckStatus.FIX, summary=summary, fix=message_text(messages, f"{key}_fix", **facts))
