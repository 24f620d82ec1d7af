"""Every file of ``tests/runbooks`` is read as the JSON file beside it says."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.local.markdown import parse
from adapters.local.procedure import Procedure, TaskEntry

FILES = sorted((Path(__file__).parents[2] / "runbooks").glob("*.md"))


def as_json(procedure: Procedure) -> Mapping[str, object]:
    texts = (procedure.description, *(passage.text for passage in procedure.passages))
    return {
        "title": procedure.title,
        "stages": list(procedure.stages),
        "from_sections": procedure.from_sections,
        "tasks": [task_as_json(procedure, task) for task in procedure.tasks],
        "context": [text for text in texts if text],
        "problems": [problem.key for problem in procedure.problems],
        "remarks": [f"{one.line}-{one.last} {one.key}" for one in procedure.remarks],
    }


def task_as_json(procedure: Procedure, task: TaskEntry) -> Mapping[str, object]:
    parts = {
        "line": task.line,
        "stage": None if task.stage is None else procedure.stages[task.stage],
        "title": task.title,
        "instructions": task.instructions,
        "assignees": list(task.assignees),
    }
    return {name: part for name, part in parts.items() if part}


def test_there_is_a_file_for_each_construct() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_read_as_a_person_would_read_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert as_json(parse(path.read_text(encoding="utf-8"), path.stem)) == expected
