"""A list that is cut short says so at once, and never that there is nothing."""

from pathlib import Path

import pytest

from tests.commands.room import Room, private_rows, private_text

CUT = "Local runbooks has more than could be read, so this list isn't complete."


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("runs", "Some runs can't be listed."),
        ("runs failover", "Some runs can't be listed."),
        ("runbooks nothing like it", "No runbooks found among those that can be listed"),
    ],
)
async def test_an_empty_list_that_was_cut_is_not_called_empty(room: Room, line: str, title: str) -> None:
    room.platform.lists_all = False
    assert private_text(await room.type(line)).splitlines()[:2] == [title, CUT]


@pytest.mark.parametrize("line", ["runs", "runbooks"])
async def test_a_list_that_was_cut_says_so_first(room: Room, line: str) -> None:
    await room.start()
    room.platform.lists_all = False
    answer = await room.type(line)
    lines = private_text(answer).splitlines()
    assert lines[1] == CUT
    assert len(lines) > 2 or private_rows(answer)


async def test_the_choice_of_a_runbook_says_that_there_are_more(room: Room, tmp_path: Path) -> None:
    for number in range(18):
        (tmp_path / f"more-{number}.md").write_text(f"# Failover of zone {number}\n- [ ] Look\n")
    room.platform.lists_all = False
    text = private_text(await room.type("start"))
    assert CUT in text
    assert text.endswith("and 5 more.")
    assert CUT in private_text(await room.type("start nothing like it"))
