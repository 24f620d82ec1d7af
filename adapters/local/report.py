"""What ``liaison runbooks check`` prints of a file, and the file written again with a check box for each task."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from adapters.local.blocks import parse_blocks
from adapters.local.folder import Folder, RunbookFile
from adapters.local.headings import Vocabulary
from adapters.local.procedure import Procedure, TaskEntry
from adapters.local.text import message, problem_text
from adapters.runbook_reports import RunbookReport


def report(path: Path, file: RunbookFile) -> RunbookReport:
    procedure = file.procedure
    problems = [" ".join(problem_text(problem, file.id)) for problem in procedure.problems]
    checklist = as_checklist(procedure) if procedure.tasks else None
    return RunbookReport(path, tuple(_lines(procedure)), tuple(problems), checklist)


def report_path(path: Path, words: Vocabulary) -> Sequence[RunbookReport]:
    """Of a folder anywhere, or a file, also of one that is otherwise left out. Blocks; call it in a thread."""
    if path.is_dir():
        return [report(path / file.id, file) for file in Folder(path, words=words).files()]
    file = Folder(path.parent, ignore=(), words=words).file(path.name)
    return [] if file is None else [report(path, file)]


def _lines(procedure: Procedure) -> Iterator[str]:
    count = len(procedure.tasks)
    yield message("report.found_one" if count == 1 else "report.found", title=procedure.title, count=count)
    if procedure.from_sections:
        yield message("sections_as_tasks_one" if count == 1 else "sections_as_tasks", count=count)
    stage: int | None = None
    for number, task in enumerate(procedure.tasks, start=1):
        if task.stage is not None and task.stage != stage:
            yield procedure.stages[task.stage]
        stage = task.stage
        yield message("report.task", line=task.line, number=number, title=task.title)
    for remark in procedure.remarks:
        key = "report.remark_one" if remark.line == remark.last else "report.remark"
        why = message(remark.key.removeprefix("local."))
        yield message(key, line=remark.line, last=remark.last, why=why)


def as_checklist(procedure: Procedure) -> str:
    """It is read as the same stages and tasks. Text between them keeps its place."""
    matter: dict[str, object] = {"liaison": {"steps": "boxes"}}
    if procedure.inputs:
        declared = {
            name: one.model_dump(exclude_defaults=True, mode="json") for name, one in procedure.inputs.items()
        }
        matter["inputs"] = declared
    head = yaml.safe_dump(matter, allow_unicode=True, sort_keys=False).strip()
    parts = [f"---\n{head}\n---", f"# {procedure.title}", procedure.description]
    passages = [replace(passage, text=_without_headings(passage.text)) for passage in procedure.passages]
    stage: int | None = None
    for index, task in enumerate(procedure.tasks):
        before = [passage for passage in passages if passage.before <= index]
        passages = passages[len(before) :]
        parts += [passage.text for passage in before if passage.stage != task.stage or passage.stage is None]
        if task.stage is not None and task.stage != stage:
            parts.append(f"## {procedure.stages[task.stage]}")
        stage = task.stage
        parts += [passage.text for passage in before if passage.stage == task.stage and passage.stage is not None]
        parts.append(_box(procedure, task))
    parts += [passage.text for passage in passages]
    return "\n\n".join(part for part in parts if part) + "\n"


def _without_headings(text: str) -> str:
    """With bold lines instead, because each heading above a task is a stage."""
    lines = text.split("\n")
    for block in parse_blocks(text):
        if block.type == "heading":
            lines[block.first : block.end] = [f"**{block.text}**", *[""] * (block.end - block.first - 1)]
    return "\n".join(lines)


def _box(procedure: Procedure, task: TaskEntry) -> str:
    names = [f"@{name}" for name in task.assignees if f"@{name}" not in task.title]
    after = "; ".join(procedure.tasks[index].title for index in task.after)
    line = " ".join(["- [ ]", task.title, *names, *([f"(after: {after})"] if after else [])])
    return "\n\n".join([line, textwrap.indent(task.instructions, "  ")]) if task.instructions else line
