"""The checks of ``liaison doctor`` that need only the settings.

What ``serve`` refuses is ``FIX``. What works, but not as it should, is ``warn``: ``serve`` logs it and starts.
"""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.protocol import CheckResult, CheckStatus
from adapters.toolkit.people import is_chat_id
from bot.config.environment import variable_of
from bot.config.parse import RENAMED, SECTIONS
from bot.config.settings import Settings

# How a problem of the settings goes on if it says itself what to do.
_INSTRUCTIONS = ("install ", "set ", "use ", "rename ", "remove ", "choose ")


def ok(summary: str) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=summary)


def fix(summary: str, how: str) -> CheckResult:
    return CheckResult(status=CheckStatus.FIX, summary=summary, fix=how)


def warn(summary: str, how: str) -> CheckResult:
    return CheckResult(status=CheckStatus.WARN, summary=summary, fix=how)


def check_problem(problem: str) -> CheckResult:
    """The line for a problem that also keeps ``serve`` from starting."""
    summary, _, instruction = problem.rpartition("; ")
    if summary and instruction.startswith(_INSTRUCTIONS):
        return fix(summary, instruction)
    return fix(problem, _how_to_fix(problem))


def check_settings(settings: Settings) -> Iterator[CheckResult]:
    """Warnings only: ``load`` has refused everything else."""
    yield from _renamed_settings(settings)
    yield from _check_chats(settings)
    yield from _check_places(settings)
    yield from _check_files(settings)


def _how_to_fix(problem: str) -> str:
    """Names the place of the key that the problem begins with: the settings file and the variable."""
    key = problem.partition(":")[0]
    section, dot, name = key.rpartition(".")
    if not dot or section.partition(".")[0] not in SECTIONS:
        if "cannot be read" in problem:
            return "name the right file with --config or LIAISON_CONFIG; liaison settings prints a template"
        return f"correct {key}"
    verb = "set" if ": is missing" in problem else "correct"
    return f"{verb} {name} under [{section}] in the settings file, or {variable_of(key)}"


def _renamed_settings(settings: Settings) -> Iterator[CheckResult]:
    """A line for each setting that was set by its old name."""
    for warning in settings.warnings:
        section, _, old = warning.partition(":")[0].rpartition(".")
        new = RENAMED[section][old]
        place = f"under [{section}] in the settings file, or use {variable_of(f'{section}.{new}')}"
        yield warn(warning, f"rename {old} to {new} {place}")


def _check_chats(settings: Settings) -> Iterator[CheckResult]:
    bot = settings.bot
    if settings.slack is None and settings.mattermost is None:
        yield warn(
            "chat: none is configured, so only liaison say works",
            "add [slack] or [mattermost]; see liaison settings",
        )
    if settings.mattermost is not None and bot.public_url is None:
        how = f"set bot.public_url to the URL at which Mattermost can reach port {bot.port}"
        yield warn(f"bot.public_url: not set, so Mattermost will send clicks to {bot.address}", how)


def _check_places(settings: Settings) -> Iterator[CheckResult]:
    """On Mattermost anybody may create a team with a channel of any name, and add our bot to it."""
    if settings.mattermost is None or settings.mattermost.team:
        return
    how = "use its id (in the channel's menu, View Info), or set mattermost.team"
    for place in settings.access.places:
        if not is_chat_id(place):
            yield warn(f"access.places: {place} matches channels of every team", how)


def _check_files(settings: Settings) -> Iterator[CheckResult]:
    """Files with secrets, or with what people wrote, that every account of this machine may read.

    Not refused: Docker and Kubernetes mount secrets with mode 0444, in containers that have one account.
    """
    files = {path: "contains secrets" for path in settings.secret_files}
    if settings.source is not None and _contains_secret(settings.source, settings.secret_values()):
        files[settings.source] = "contains secrets"
    files[settings.key_path] = "signs buttons"
    files[settings.store_path] = "contains what people wrote"
    for path, reason in files.items():
        if _is_readable_by_all(path):
            yield warn(f"{path}: {reason}, and every account on this machine can read it", f"chmod 600 {path}")


def _contains_secret(path: Path, secrets: Sequence[str]) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(secret in text for secret in secrets if secret)


def _is_readable_by_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
