"""A value that was not understood is refused with what was probably meant, and nothing is posted."""

import pytest

from tests.commands.room import Room, button_labels, find_button, private_text, public_text


@pytest.mark.parametrize("line", ["status amber replica lags --next soonish", "status --next soonish"])
async def test_a_time_that_is_none_keeps_the_promise(room: Room, line: str) -> None:
    await room.start()
    await room.type("status amber lagging --next 15m")
    promised = (await room.run("R1")).overlay.update_due
    answer = await room.type(line)
    assert answer.result == "failed"
    assert answer.public is None
    assert "soonish isn't a time I understand" in private_text(answer)
    assert button_labels(answer) == ["15m", "30m", "1h"]
    assert (await room.run("R1")).overlay.update_due == promised
    done = await room.press(find_button(answer, "30m"))
    assert done.result == "done"
    assert (await room.run("R1")).overlay.update_due != promised
    late = await room.press(find_button(answer, "1h"))
    assert "already handled this" in private_text(late)


async def test_a_colour_that_is_none_is_no_public_text(room: Room) -> None:
    await room.start()
    answer = await room.type("status purple hello")
    assert answer.public is None
    assert "purple isn't a status color" in private_text(answer)
    assert button_labels(answer) == ["GREEN", "AMBER", "RED", "As text: purple hello"]
    done = await room.press(find_button(answer, "As text: purple hello"))
    assert "purple hello" in public_text(done)
    answer = await room.type("status laranja lento")
    assert button_labels(answer)[0] == "AMBER"
    done = await room.press(find_button(answer, "AMBER"))
    assert "lento" in public_text(done)
    assert "AMBER" in public_text(done)


async def test_a_misspelt_flag_is_no_public_text(room: Room) -> None:
    await room.start()
    answer = await room.type("status amber lagging --nxt 15m")
    assert answer.public is None
    assert "Unknown flag --nxt. Did you mean --next?" in private_text(answer)
    done = await room.press(find_button(answer, "status amber lagging --next 1…"))
    assert "lagging" in public_text(done)
    assert (await room.run("R1")).overlay.update_due is not None
