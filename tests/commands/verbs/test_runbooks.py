"""``runbooks``: the list is in the order of the folders, and the name of a folder narrows it."""

import pytest

from tests.commands.room import Room, button_labels, private_text


@pytest.fixture
def grouped(room: Room) -> Room:
    folder = room.platform.inner._library.folders[0][1].path
    for path, title in (("payments/refund.md", "Refund"), ("payments/cards/block.md", "Block a card")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"# {title}\n- [ ] Look\n")
    (folder / "core").mkdir()
    (folder / "core" / "router.md").write_text("# Restart the router\n- [ ] Look\n")
    return room


async def test_the_list_has_the_runbooks_of_a_folder_together(grouped: Room) -> None:
    lines = private_text(await grouped.type("runbooks")).splitlines()
    shown = [line for line in lines if line.endswith((" core", " payments", " payments/cards"))]
    assert [line.split(", ")[0] for line in shown] == [
        "Restart the router",
        "Refund",
        "Block a card",
    ]
    assert lines.index(shown[0]) > max(i for i, line in enumerate(lines) if "Database failover" in line)


@pytest.mark.parametrize("query", ["payments", "Payments/", "PAYMENTS"])
async def test_the_name_of_a_folder_lists_it_and_its_sub_folders(grouped: Room, query: str) -> None:
    assert button_labels(await grouped.type(f"runbooks {query}")) == ["Start Refund", "Start Block a card"]


async def test_a_runbook_with_the_name_of_a_folder_is_listed_too(grouped: Room) -> None:
    folder = grouped.platform.inner._library.folders[0][1].path
    (folder / "other.md").write_text("# Core\n- [ ] Look\n")
    assert button_labels(await grouped.type("runbooks core")) == ["Start Core", "Start Restart the router"]


async def test_a_runbook_whose_title_has_the_name_of_a_folder_follows_those_of_the_folder(grouped: Room) -> None:
    folder = grouped.platform.inner._library.folders[0][1].path
    (folder / "other.md").write_text("# Check the core switches\n- [ ] Look\n")
    labels = button_labels(await grouped.type("runbooks core"))
    assert labels == ["Start Restart the router", "Start Check the core switches"]


async def test_a_part_of_the_name_of_a_folder_is_no_folder(grouped: Room) -> None:
    assert "Start Refund" not in button_labels(await grouped.type("runbooks pay"))


async def test_without_sub_folders_the_list_names_none(room: Room) -> None:
    assert all(line.count(", ") <= 2 for line in private_text(await room.type("runbooks")).splitlines())
