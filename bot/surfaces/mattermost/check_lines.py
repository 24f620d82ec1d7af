"""Lines of the checks: messages of the catalogue, whose name with "_fix" says what to do."""

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.mattermost.text import translate_plain


def ok_line(key: str, **facts: object) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=translate_plain(key, **facts))


def warn_line(key: str, **facts: object) -> CheckResult:
    return _line(CheckStatus.WARN, key, facts)


def fix_line(key: str, **facts: object) -> CheckResult:
    return _line(CheckStatus.FIX, key, facts)


def _line(status: CheckStatus, key: str, facts: dict[str, object]) -> CheckResult:
    summary, fix = translate_plain(key, **facts), translate_plain(f"{key}_fix", **facts)
    return CheckResult(status=status, summary=summary, fix=fix)
