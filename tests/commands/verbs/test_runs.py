"""The list of active runs."""

from adapters.errors import Unreachable
from tests.commands.room import Room, private_text


async def test_runs_says_that_it_could_not_ask_instead_of_none(room: Room) -> None:
    room.platform.errors["runs"] = Unreachable("local", "runs")
    text = private_text(await room.type("runs"))
    assert "No active runs" not in text
    assert text.startswith("Some runs can't be listed.")
    assert "Local runbooks" in text
