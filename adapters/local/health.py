"""The lines of ``liaison doctor`` about a folder of runbooks and the runs started from it."""

from collections.abc import Sequence
from pathlib import Path

from adapters.local.folder import RunbookFile
from adapters.local.text import message, problem_text
from adapters.protocol import CheckResult, CheckStatus


def disconnected(name: str) -> CheckResult:
    return _problem("cut_off", name=name)


def folder(path: Path, name: str, files: Sequence[RunbookFile]) -> CheckResult:
    """``name`` is the NAME of the ``[platforms.NAME]`` that says where the folder is."""
    if not path.is_dir():
        return _problem("no_folder", path=path, name=name)
    if not files:
        return _problem("no_runbooks", path=path, name=name)
    key = "runbooks_one" if len(files) == 1 else "runbooks"
    return CheckResult(status=CheckStatus.OK, summary=message(f"health_check.{key}", count=len(files), path=path))


def file_problems(files: Sequence[RunbookFile]) -> list[CheckResult]:
    return [
        CheckResult(status=CheckStatus.FIX, summary=summary, fix=fix)
        for file in files
        for summary, fix in (problem_text(problem, file.id) for problem in file.procedure.problems)
    ]


def shared_titles(files: Sequence[RunbookFile]) -> list[CheckResult]:
    by_title: dict[str, list[RunbookFile]] = {}
    for file in files:
        by_title.setdefault(file.procedure.title.casefold(), []).append(file)
    return [
        _problem(
            "same_title",
            count=len(group),
            title=group[0].procedure.title,
            files=", ".join(file.id for file in group),
        )
        for group in by_title.values()
        if len(group) > 1
    ]


def unreadable_runs(ids: Sequence[str]) -> list[CheckResult]:
    return [_problem("run_unreadable", run=id) for id in ids]


def _problem(key: str, **facts: object) -> CheckResult:
    summary, fix = message(f"health_check.{key}", **facts), message(f"health_check.{key}_fix", **facts)
    return CheckResult(status=CheckStatus.FIX, summary=summary, fix=fix)
