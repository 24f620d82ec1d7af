"""Several folders in one platform: what they are called, what is listed, and what ``liaison doctor`` reports."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.errors import NotFound
from adapters.local import LocalSettings
from adapters.models import Runbook
from adapters.protocol import CheckStatus
from tests.adapters.local.harness import local_adapter
from tests.adapters.local.store import MemoryRuns
from tests.adapters.local.writes import start_run


@pytest.fixture
def payments(tmp_path: Path) -> Path:
    """A second folder."""
    made = tmp_path / "elsewhere" / "payments"
    (made / "cards").mkdir(parents=True)
    (made / "refund.md").write_text("# Refund\n- [ ] Look\n")
    (made / "cards" / "block.md").write_text("# Block a card\n- [ ] Block it\n")
    return made


async def test_each_further_folder_is_a_sub_folder_with_its_name(
    folder: Path, payments: Path, runs: MemoryRuns
) -> None:
    local = local_adapter(folder, runs, more=(payments,))
    listed = await local.runbooks("")

    def place(runbook: Runbook) -> tuple[str, str]:
        return runbook.key.id, runbook.folder

    assert [place(runbook) for runbook in listed] == [
        ("failover.md", ""),
        ("payments/cards/block.md", "payments/cards"),
        ("payments/refund.md", "payments"),
    ]
    run = await start_run(local, "payments/cards/block.md")
    assert (run.runbook, run.runbook_id) == ("Block a card", "payments/cards/block.md")
    assert [line.status for line in await local.check()] == [CheckStatus.OK] * 2


async def test_a_change_in_a_further_folder_is_seen_without_a_restart(
    folder: Path, payments: Path, runs: MemoryRuns
) -> None:
    local = local_adapter(folder, runs, more=(payments,))
    assert (await local.runbook("payments/refund.md")).title == "Refund"
    (payments / "refund.md").write_text("# Refund, second edition\n- [ ] Look\n")
    assert (await local.runbook("payments/refund.md")).title == "Refund, second edition"


async def test_a_missing_folder_is_reported_and_hides_no_other(
    folder: Path, payments: Path, runs: MemoryRuns
) -> None:
    local = local_adapter(folder, runs, more=(folder.parent / "gone", payments))
    assert len(await local.runbooks("")) == 3
    (problem,) = [line.summary for line in await local.check() if line.status is CheckStatus.FIX]
    assert problem == f"The folder {folder.parent / 'gone'} doesn't exist"


async def test_a_file_hidden_by_a_sub_folder_of_the_same_name_is_reported(
    folder: Path, payments: Path, runs: MemoryRuns
) -> None:
    (folder / "payments").mkdir()
    (folder / "payments" / "refund.md").write_text("# Refund by hand\n- [ ] Look\n")
    local = local_adapter(folder, runs, more=(payments,))
    assert (await local.runbook("payments/refund.md")).title == "Refund by hand"
    assert [book.title for book in await local.runbooks("")].count("Refund") == 0
    (problem,) = [line.summary for line in await local.check() if line.status is CheckStatus.FIX]
    assert problem == "Two folders have a file payments/refund.md, and only the first is listed"


@pytest.mark.parametrize("id", ["payments/../secret.md", "payments//refund.md", "payments/", "refund.md"])
async def test_an_id_is_never_used_as_a_path(folder: Path, payments: Path, runs: MemoryRuns, id: str) -> None:
    (payments.parent / "secret.md").write_text("# Secret\n- [ ] a\n")
    with pytest.raises(NotFound):
        await local_adapter(folder, runs, more=(payments,)).runbook(id)


def test_further_folders_need_different_names() -> None:
    with pytest.raises(ValidationError, match="“eu” is there twice"):
        LocalSettings(paths=(Path("a/eu"), Path("b/eu")))
    with pytest.raises(ValidationError, match="a folder's name at its end"):
        LocalSettings(paths=(Path("/"),))
    with pytest.raises(ValidationError, match="a folder's name at its end"):
        LocalSettings(paths=(Path(".."),))
