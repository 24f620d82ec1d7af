"""The lines that ``liaison doctor`` says about a folder of runbooks and the runs made from it."""

from collections.abc import Sequence
from pathlib import Path

from adapters.local.folder import RunbookFile
from adapters.local.text import told
from adapters.protocol import CheckResult, CheckStatus


def folder_line(path: Path, setting: str, files: Sequence[RunbookFile]) -> CheckResult:
    """``setting`` names the key that says where the folder is."""
    if not path.is_dir():
        fix = f"Make the folder, or set {setting} to the one that has your runbooks."
        return CheckResult(status=CheckStatus.FIX, summary=f"There is no folder {path}.", fix=fix)
    if not files:
        fix = f"Put a Markdown file with a task list there, or set {setting} to another folder."
        return CheckResult(status=CheckStatus.FIX, summary=f"The folder {path} holds no runbooks.", fix=fix)
    count = "1 runbook" if len(files) == 1 else f"{len(files)} runbooks"
    return CheckResult(status=CheckStatus.OK, summary=f"{count} in {path}")


def file_lines(files: Sequence[RunbookFile]) -> list[CheckResult]:
    return [
        CheckResult(status=CheckStatus.FIX, summary=what, fix=fix)
        for file in files
        for what, fix in (told(trouble, file.id) for trouble in file.procedure.troubles)
    ]


def twin_lines(files: Sequence[RunbookFile]) -> list[CheckResult]:
    by_title: dict[str, list[RunbookFile]] = {}
    for file in files:
        by_title.setdefault(file.procedure.title.casefold(), []).append(file)
    return [
        CheckResult(
            status=CheckStatus.FIX,
            summary=f'{len(twins)} files are titled "{twins[0].procedure.title}".',
            fix=f"Give each a title of its own: {', '.join(file.id for file in twins)}.",
        )
        for twins in by_title.values()
        if len(twins) > 1
    ]


def run_lines(unread: Sequence[str]) -> list[CheckResult]:
    """``unread``: ids of runs whose documents make no sense."""
    fix = "Restore the store from a backup; all other runs can be used meanwhile."
    return [CheckResult(status=CheckStatus.FIX, summary=f"Run {id} cannot be read.", fix=fix) for id in unread]
