"""The lines of ``liaison doctor`` about a folder of runbooks and the runs started from it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.local.folder import RunbookFile
from adapters.local.text import MESSAGES, problem_text
from adapters.protocol import CheckResult, CheckStatus
from adapters.toolkit.health import check_result


def disconnected(name: str) -> CheckResult:
    return check_result(MESSAGES, "local.health_check.cut_off", name=name)


def folder(path: Path, name: str, files: Sequence[RunbookFile]) -> CheckResult:
    """``name`` is the NAME of the ``[platforms.NAME]`` that says where the folder is."""
    facts = _facts(files)
    many = "runbooks_without_steps" if facts["sections"] else "runbooks"
    found = ("no_runbooks", "runbooks_one", many)[min(len(files), 2)]
    key = found if path.is_dir() else "no_folder"
    return check_result(MESSAGES, f"local.health_check.{key}", path=path, name=name, **facts)


def _facts(files: Sequence[RunbookFile]) -> Mapping[str, int]:
    """How many files, tasks, and files whose sections became tasks."""
    return {
        "count": len(files),
        "tasks": sum(len(file.procedure.tasks) for file in files),
        "sections": sum(file.procedure.from_sections for file in files),
    }


def file_problems(files: Sequence[RunbookFile]) -> list[CheckResult]:
    texts = [problem_text(problem, file.id) for file in files for problem in file.procedure.problems]
    return [CheckResult(status=CheckStatus.FIX, summary=summary, fix=fix) for summary, fix in texts]


def shared_titles(files: Sequence[RunbookFile]) -> list[CheckResult]:
    by_title: dict[str, list[RunbookFile]] = defaultdict(list)
    for file in files:
        by_title[file.procedure.title.casefold()].append(file)
    return [
        check_result(
            MESSAGES,
            "local.health_check.same_title",
            count=len(group),
            title=group[0].procedure.title,
            files=", ".join(file.id for file in group),
        )
        for group in by_title.values()
        if len(group) > 1
    ]


def hidden_files(ids: Sequence[str]) -> list[CheckResult]:
    return [check_result(MESSAGES, "local.health_check.hidden", file=id) for id in ids]


def unreadable_runs(ids: Sequence[str]) -> list[CheckResult]:
    return [check_result(MESSAGES, "local.health_check.run_unreadable", run=id) for id in ids]
