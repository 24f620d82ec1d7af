"""``liaison runbooks check``, as its author runs it."""

from pathlib import Path

from tests.e2e.process import Liaison

DISK = "# Disk is full\n\n## Causes\n\n1. Logs\n\n## Mitigation\n\n- Delete old logs\n- [x] Grow the volume\n"


def write(folder: Path, **files: str) -> Path:
    runbooks = folder / "runbooks"
    runbooks.mkdir()
    for name, text in files.items():
        (runbooks / f"{name}.md").write_text(text)
    return runbooks


def liaison(folder: Path) -> Liaison:
    return Liaison(folder, {"platforms.local": {"kind": "local", "path": "runbooks"}})


async def test_check_prints_how_each_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, disk=DISK)
    code, output = await liaison(tmp_path).run("runbooks", "check")
    assert code == 0, output
    for line in (
        "disk.md",
        "Disk is full: 2 tasks",
        "line 9: T1 Delete old logs",
        "line 10: T2 Grow the volume",
        "line 5: not tasks, because the heading above says that it is context",
        "line 10: the box is ticked; a run starts with it open",
        "1 runbook, 0 with problems",
    ):
        assert line in output


async def test_check_fails_on_a_problem_and_names_the_line(tmp_path: Path) -> None:
    runbooks = write(tmp_path, disk=DISK, broken="# Broken\n\n- [ ] Act (after: Look)\n")
    code, output = await liaison(tmp_path).run("runbooks", "check")
    assert code == 1
    assert "FIX Line 3 of broken.md" in output
    code, output = await liaison(tmp_path).run("runbooks", "check", str(runbooks / "disk.md"))
    assert (code, "broken" in output) == (0, False)


async def test_fix_asks_and_then_writes_a_checklist_beside_the_file(tmp_path: Path) -> None:
    runbooks = write(tmp_path, disk=DISK)
    await liaison(tmp_path).run("runbooks", "check", "--fix", answer="n\n")
    assert [path.name for path in runbooks.iterdir()] == ["disk.md"]
    code, output = await liaison(tmp_path).run("runbooks", "check", "--fix", answer="y\n")
    assert code == 0, output
    written = (runbooks / "disk-checklist.md").read_text()
    assert "- [ ] Delete old logs\n\n- [ ] Grow the volume" in written
    assert (runbooks / "disk.md").read_text() == DISK
