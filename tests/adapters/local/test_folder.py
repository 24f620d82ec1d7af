"""The folder: which files are listed, which are never opened, and what ``liaison doctor`` reports."""

import os
from pathlib import Path

import pytest

from adapters.errors import BadResponse, NotFound, Rejected
from adapters.local import PLATFORM, SAMPLES
from adapters.local.adapter import LocalAdapter
from adapters.local.folder import MAX_FILE_SIZE
from adapters.local.markdown import MAX_TASKS
from adapters.models import TaskState
from adapters.protocol import CheckStatus
from adapters.toolkit.messages import load_messages
from adapters.writes import FinishTask
from commands.text.catalogue import plain_text, translate
from tests.adapters.local.harness import local_adapter
from tests.adapters.local.store import MemoryRuns
from tests.adapters.local.writes import ANA, execute_all, new_marker, start_run, start_write


async def listed(local: LocalAdapter) -> list[tuple[str, str]]:
    return [(runbook.key.id, runbook.title) for runbook in await local.runbooks("")]


async def problems(local: LocalAdapter) -> list[str]:
    return [problem.summary for problem in await local.check() if problem.status is CheckStatus.FIX]


async def test_a_runbook_is_read_before_anybody_starts_it(local: LocalAdapter) -> None:
    runbook = await local.runbook("failover.md")
    assert (runbook.title, runbook.description, runbook.task_count) == (
        "Database failover",
        "The primary is gone: make the replica the primary.",
        4,
    )
    assert [stage.title for stage in runbook.stages] == ["Triage", "Fail over"]
    assert [task.state for task in runbook.tasks] == [TaskState.READY] * 2 + [TaskState.WAITING] * 2
    assert [(line.status, line.summary.split(" in ")[0]) for line in await local.check()] == [
        (CheckStatus.OK, "1 runbook with 4 tasks")
    ]


async def test_subfolders_are_listed_and_hidden_files_are_not(local: LocalAdapter, folder: Path) -> None:
    for path in ("eu/switch.markdown", ".git/x.md", "eu/.draft.md", "notes.txt", "README.md"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("# Switch\n- [ ] a\n" if "switch" in path else "# About\n")
    assert await listed(local) == [("eu/switch.markdown", "Switch"), ("failover.md", "Database failover")]
    assert (await start_run(local, "eu/switch.markdown")).runbook == "Switch"


async def test_a_missing_or_empty_folder_has_no_runbooks_and_is_reported(tmp_path: Path, runs: MemoryRuns) -> None:
    local = local_adapter(tmp_path / "runbooks", runs)
    assert await listed(local) == []
    (line,) = await local.check()
    assert (line.status, "[platforms.local] path" in line.fix) == (CheckStatus.FIX, True)
    (tmp_path / "runbooks").mkdir()
    assert await listed(local) == []
    assert len(await problems(local)) == 1


@pytest.mark.parametrize(
    "id", ["../secret.md", "/etc/passwd", "sub/../../secret.md", "..", "", "failover", "./failover.md", "a\0b.md"]
)
async def test_an_id_is_never_used_as_a_path(local: LocalAdapter, folder: Path, id: str) -> None:
    (folder.parent / "secret.md").write_text("# Secret\n- [ ] a\n")
    with pytest.raises(NotFound):
        await local.runbook(id)
    with pytest.raises(NotFound):
        await local.execute(start_write(id), new_marker())


async def test_links_out_of_the_folder_are_reported_and_not_opened(local: LocalAdapter, folder: Path) -> None:
    (folder.parent / "out").mkdir()
    (folder.parent / "out" / "secret.md").write_text("# Secret\n- [ ] a\n")
    (folder / "link.md").symlink_to(folder.parent / "out" / "secret.md")
    (folder / "deep").symlink_to(folder.parent / "out")
    (folder / "round.md").symlink_to(folder / "round.md")
    (folder / "gone.md").symlink_to(folder / "nothing.md")
    assert await listed(local) == [
        ("failover.md", "Database failover"),
        ("gone.md", "Gone"),
        ("link.md", "Link"),
        ("round.md", "Round"),
    ]
    assert len(await problems(local)) == 3
    for id in ("link.md", "deep/secret.md"):
        with pytest.raises((NotFound, Rejected)):
            await local.execute(start_write(id), new_marker())


async def test_a_mounted_config_map_is_read(tmp_path: Path, runs: MemoryRuns) -> None:
    folder = tmp_path / "runbooks"
    (folder / "..2026_03_04").mkdir(parents=True)
    (folder / "..2026_03_04" / "switch.md").write_text("# Switch\n- [ ] a\n")
    (folder / "..data").symlink_to("..2026_03_04")
    (folder / "switch.md").symlink_to("..data/switch.md")
    local = local_adapter(folder, runs)
    assert await listed(local) == [("switch.md", "Switch")]
    assert (await start_run(local, "switch.md")).runbook == "Switch"


async def test_a_file_that_cannot_be_read_is_reported(local: LocalAdapter, folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    (folder / "big.md").write_bytes(b"x" * (MAX_FILE_SIZE + 1))
    (folder / "long.md").write_text("- [ ] a\n" * (MAX_TASKS + 1))
    assert len(await problems(local)) == 3
    with pytest.raises(Rejected, match=r"local\.too_big"):
        await local.runbook("big.md")
    with pytest.raises(Rejected, match=r"local\.too_many_tasks"):
        await local.runbook("long.md")


async def test_a_broken_file_is_listed_and_its_problems_are_named(
    local: LocalAdapter, folder: Path, runs: MemoryRuns
) -> None:
    (folder / "broken.md").write_text(
        "# Broken\n- [ ] Promote\n- [ ] Repoint (after: Promote it)\n- [ ] X (after: X)\n"
    )
    assert ("broken.md", "Broken") in await listed(local)
    for call in (local.runbook("broken.md"), local.execute(start_write("broken.md"), new_marker())):
        with pytest.raises(Rejected) as refused:
            await call
        assert (refused.value.facts["line"], refused.value.facts["title"]) == (3, "Repoint")
        assert len(refused.value.reasons) == 2
        assert "Line 3 of broken.md" in refused.value.reasons[0]
        assert "Line 3 of broken.md" in plain_text(
            translate(refused.value.key, load_messages(PLATFORM.messages), **refused.value.facts)
        )
    assert runs.documents == {}
    assert len(await problems(local)) == 2


async def test_a_file_that_is_not_utf8_can_be_started_and_is_reported(local: LocalAdapter, folder: Path) -> None:
    (folder / "latin.md").write_bytes("# Caf\xe9\n- [ ] Look\n".encode("latin-1"))
    (folder / "wide.md").write_bytes("# Grün\n- [ ] Look\n".encode("utf-16"))
    assert await listed(local) == [("failover.md", "Database failover"), ("latin.md", "Caf�"), ("wide.md", "Grün")]
    assert len((await start_run(local, "latin.md")).tasks) == 1
    (problem,) = await problems(local)
    assert problem.startswith("Line 1 of latin.md isn't UTF-8")


async def test_files_with_the_same_title_are_listed_with_their_names(local: LocalAdapter, folder: Path) -> None:
    (folder / "other.md").write_text("# Database failover\n- [ ] Look\n")
    assert await listed(local) == [
        ("failover.md", "Database failover (failover.md)"),
        ("other.md", "Database failover (other.md)"),
    ]
    assert (await start_run(local, "other.md")).runbook == "Database failover"
    (problem,) = await problems(local)
    assert "2 files" in problem


async def test_a_changed_file_is_read_again(local: LocalAdapter, folder: Path) -> None:
    assert await listed(local) == [("failover.md", "Database failover")]
    (folder / "failover.md").write_text("# Failover, second edition\n- [ ] Look\n")
    assert await listed(local) == [("failover.md", "Failover, second edition")]


async def test_platforms_that_share_a_store_do_not_see_each_other(folder: Path, runs: MemoryRuns) -> None:
    eu, us = local_adapter(folder, runs, name="eu"), local_adapter(folder, runs, name="us")
    run = await start_run(eu)
    assert run.key.platform == "eu"
    assert not await us.runs("")
    with pytest.raises(NotFound):
        await us.read(run.key.id)


async def test_a_document_that_cannot_be_read_hides_no_other_run(local: LocalAdapter, runs: MemoryRuns) -> None:
    run = await start_run(local)
    await runs.save("spoiled", "{", over=False, replaces=None)
    assert [head.key for head in await local.runs("")] == [run.key]
    with pytest.raises(BadResponse):
        await local.read("spoiled")
    assert await problems(local) == ["Can't read run spoiled"]


async def test_the_samples_have_no_problems_and_can_be_finished(runs: MemoryRuns) -> None:
    local = local_adapter(SAMPLES, runs)
    assert await problems(local) == []
    runbooks = await local.runbooks("")
    assert [runbook.title for runbook in runbooks] == [
        "Certificate expiry",
        "Database failover",
        "Third-party outage",
    ]
    for runbook in runbooks:
        run = await start_run(local, runbook.key.id, handle=runbook.title[:3])
        for task in run.tasks:
            await execute_all(local, FinishTask(run=run.key, by=ANA, task=task.id))
        assert runbook.stages
        assert any(task.waits_for for task in runbook.tasks)
        assert any("```" in task.instructions for task in runbook.tasks)
        assert all(task.instructions for task in runbook.tasks)


def test_local_runs_have_no_links(local: LocalAdapter) -> None:
    assert local.parse_link("https://example.org/runs/1") is None
    assert local.parse_link("local:r9") is None


async def test_doctor_says_how_many_runbooks_have_no_steps(local: LocalAdapter, folder: Path) -> None:
    (folder / "prose.md").write_text("# Disk is full\n\n## Logs\n\nMany.\n\n## Room\n\nLittle.\n")
    (line,) = await local.check()
    assert line.summary.startswith("2 runbooks with 6 tasks in ")
    assert ", 1 of them without recognisable steps" in line.summary
