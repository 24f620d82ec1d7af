"""The folder: what is listed, what is never opened, and what ``liaison doctor`` says about it."""

import os
from pathlib import Path

import pytest

from adapters.errors import BadResponse, NotFound, Rejected
from adapters.local import PLATFORM, SAMPLES, LocalAdapter
from adapters.local.folder import LARGEST
from adapters.models import TaskState
from adapters.protocol import CheckStatus
from adapters.toolkit.messages import load_messages
from adapters.writes import FinishTask
from commands.text.catalogue import plain_text, translate
from tests.adapters.local.acting import ANA, a_start, carried, mark, started
from tests.adapters.local.store import MemoryRuns
from tests.adapters.local.subject import adapter_over


async def listed(local: LocalAdapter) -> list[tuple[str, str]]:
    return [(runbook.key.id, runbook.title) for runbook in await local.runbooks("")]


async def faults(local: LocalAdapter) -> list[str]:
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
        (CheckStatus.OK, "1 runbook")
    ]


async def test_folders_within_count_and_hidden_ones_do_not(local: LocalAdapter, folder: Path) -> None:
    for path in ("eu/switch.markdown", ".git/x.md", "eu/.draft.md", "notes.txt", "README.md"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("# Switch\n- [ ] a\n" if "switch" in path else "# About\n")
    assert await listed(local) == [("eu/switch.markdown", "Switch"), ("failover.md", "Database failover")]
    assert (await started(local, "eu/switch.markdown")).runbook == "Switch"


async def test_a_missing_or_empty_folder_has_no_runbooks_and_says_so(tmp_path: Path, runs: MemoryRuns) -> None:
    local = adapter_over(tmp_path / "runbooks", runs)
    assert await listed(local) == []
    (line,) = await local.check()
    assert (line.status, "[platforms.local] path" in line.fix) == (CheckStatus.FIX, True)
    (tmp_path / "runbooks").mkdir()
    assert await listed(local) == []
    assert len(await faults(local)) == 1


@pytest.mark.parametrize(
    "id", ["../secret.md", "/etc/passwd", "sub/../../secret.md", "..", "", "failover", "./failover.md", "a\0b.md"]
)
async def test_ids_from_outside_are_never_made_into_paths(local: LocalAdapter, folder: Path, id: str) -> None:
    (folder.parent / "secret.md").write_text("# Secret\n- [ ] a\n")
    with pytest.raises(NotFound):
        await local.runbook(id)
    with pytest.raises(NotFound):
        await local.execute(a_start(id), mark())


async def test_links_that_lead_out_are_named_and_not_opened(local: LocalAdapter, folder: Path) -> None:
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
    assert len(await faults(local)) == 3
    for id in ("link.md", "deep/secret.md"):
        with pytest.raises((NotFound, Rejected)):
            await local.execute(a_start(id), mark())


async def test_a_mounted_config_map_is_read(tmp_path: Path, runs: MemoryRuns) -> None:
    folder = tmp_path / "runbooks"
    (folder / "..2026_03_04").mkdir(parents=True)
    (folder / "..2026_03_04" / "switch.md").write_text("# Switch\n- [ ] a\n")
    (folder / "..data").symlink_to("..2026_03_04")
    (folder / "switch.md").symlink_to("..data/switch.md")
    local = adapter_over(folder, runs)
    assert await listed(local) == [("switch.md", "Switch")]
    assert (await started(local, "switch.md")).runbook == "Switch"


async def test_what_is_no_readable_file_is_named(local: LocalAdapter, folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    (folder / "big.md").write_bytes(b"x" * (LARGEST + 1))
    assert len(await faults(local)) == 2
    with pytest.raises(Rejected, match=r"local\.too_big"):
        await local.runbook("big.md")


async def test_a_broken_file_is_listed_and_says_what_is_wrong(
    local: LocalAdapter, folder: Path, runs: MemoryRuns
) -> None:
    (folder / "broken.md").write_text(
        "# Broken\n- [ ] Promote\n- [ ] Repoint (after: Promote it)\n- [ ] X (after: X)\n"
    )
    assert ("broken.md", "Broken") in await listed(local)
    for call in (local.runbook("broken.md"), local.execute(a_start("broken.md"), mark())):
        with pytest.raises(Rejected) as refused:
            await call
        assert (refused.value.facts["line"], refused.value.facts["title"]) == (3, "Repoint")
        assert len(refused.value.reasons) == 2
        assert "Line 3 of broken.md" in refused.value.reasons[0]
        assert "Line 3 of broken.md" in plain_text(
            translate(refused.value.key, load_messages(PLATFORM.messages), **refused.value.facts)
        )
    assert runs.documents == {}
    assert len(await faults(local)) == 2


async def test_text_that_is_not_utf8_can_be_started_and_is_said(local: LocalAdapter, folder: Path) -> None:
    (folder / "latin.md").write_bytes("# Caf\xe9\n- [ ] Look\n".encode("latin-1"))
    (folder / "wide.md").write_bytes("# Grün\n- [ ] Look\n".encode("utf-16"))
    assert await listed(local) == [("failover.md", "Database failover"), ("latin.md", "Caf�"), ("wide.md", "Grün")]
    assert len((await started(local, "latin.md")).tasks) == 1
    (fault,) = await faults(local)
    assert fault.startswith("Line 1 of latin.md is not UTF-8")


async def test_two_files_of_one_title_can_be_told_apart(local: LocalAdapter, folder: Path) -> None:
    (folder / "other.md").write_text("# Database failover\n- [ ] Look\n")
    assert await listed(local) == [
        ("failover.md", "Database failover (failover.md)"),
        ("other.md", "Database failover (other.md)"),
    ]
    assert (await started(local, "other.md")).runbook == "Database failover"
    (fault,) = await faults(local)
    assert "2 files" in fault


async def test_a_changed_file_is_read_anew(local: LocalAdapter, folder: Path) -> None:
    assert await listed(local) == [("failover.md", "Database failover")]
    (folder / "failover.md").write_text("# Failover, second edition\n- [ ] Look\n")
    assert await listed(local) == [("failover.md", "Failover, second edition")]


async def test_platforms_that_share_a_store_do_not_see_each_other(folder: Path, runs: MemoryRuns) -> None:
    eu, us = adapter_over(folder, runs, name="eu"), adapter_over(folder, runs, name="us")
    run = await started(eu)
    assert run.key.platform == "eu"
    assert await us.runs("") == []
    with pytest.raises(NotFound):
        await us.read(run.key.id)


async def test_a_spoiled_document_hides_no_other_run(local: LocalAdapter, runs: MemoryRuns) -> None:
    run = await started(local)
    await runs.save("spoiled", "{")
    assert [head.key for head in await local.runs("")] == [run.key]
    with pytest.raises(BadResponse):
        await local.read("spoiled")
    assert await faults(local) == ["Run spoiled cannot be read."]


async def test_the_samples_are_sound_and_can_be_carried_through(runs: MemoryRuns) -> None:
    local = adapter_over(SAMPLES, runs)
    assert await faults(local) == []
    runbooks = await local.runbooks("")
    assert [runbook.title for runbook in runbooks] == [
        "Certificate expiry",
        "Database failover",
        "Third-party outage",
    ]
    for runbook in runbooks:
        run = await started(local, runbook.key.id, handle=runbook.title[:3])
        for task in run.tasks:
            await carried(local, FinishTask(run=run.key, by=ANA, task=task.id))
        assert runbook.stages
        assert any(task.waits_for for task in runbook.tasks)
        assert any(task.command for task in runbook.tasks)
        assert all(task.instructions for task in runbook.tasks)


def test_links_are_not_ours(local: LocalAdapter) -> None:
    assert local.parse_link("https://example.org/runs/1") is None
    assert local.parse_link("local:r9") is None
