"""What ``liaison runbooks check`` says of a file, and the checklist that it writes."""

from pathlib import Path

import pytest

from adapters.local.adapter import LocalAdapter
from adapters.local.markdown import parse
from adapters.local.report import as_checklist
from tests.adapters.local.test_runbooks import FILES

MIXED = """# Disk is full

## Causes

1. Logs

## Mitigation

- [x] Delete old logs
1. Grow the volume

## Interesting

- a remark
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_checklist_is_read_as_the_same_tasks(path: Path) -> None:
    original = parse(path.read_text(encoding="utf-8"), path.stem)
    again = parse(as_checklist(original), path.stem)
    assert [(task.title, task.instructions, task.after, task.assignees) for task in again.tasks] == [
        (task.title, task.instructions, task.after, task.assignees) for task in original.tasks
    ]
    assert (again.title, again.stages, again.inputs) == (original.title, original.stages, original.inputs)
    assert again.problems == ()


async def test_a_report_has_stages_tasks_and_what_was_ignored_with_line_numbers(
    local: LocalAdapter, folder: Path
) -> None:
    (folder / "disk.md").write_text(MIXED)
    (report,) = await local.report_runbooks(folder / "disk.md")
    assert report.problems == ()
    assert report.lines == (
        "Disk is full: 2 tasks",
        "Mitigation",
        "  line 9: T1 Delete old logs",
        "  line 10: T2 Grow the volume",
        "  line 5: not tasks, because the heading above says that it is context",
        "  line 9: the box is ticked; a run starts with it open",
        "  line 14: not tasks, because the heading above doesn't name a procedure",
    )
    assert [one.path.name for one in await local.report_runbooks(None)] == ["disk.md", "failover.md"]
