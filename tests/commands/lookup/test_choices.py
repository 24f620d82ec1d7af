"""A platform asks to choose: each choice is a button with a label from the platform's catalogue."""

from adapters.errors import Rejected
from adapters.writes import Op
from bot.storage.effects import _dump_outcome, _load_outcome
from tests.commands.room import Room, activity_texts, button_labels, find_button, private_text

CHOICES = {"button.begin": ("part=mine",), "button.again": ("part=whole", "loud")}


async def test_each_choice_of_the_platform_is_a_button_and_no_failure(room: Room) -> None:
    await room.start()
    room.platform.errors["finish"] = Rejected(
        "local", "finish", choices={"button.mine": ("part=mine",), "button.stop": ("part=whole", "loud")}
    )
    answer = await room.type("finish T1")
    assert answer.result == "question"
    assert len(button_labels(answer)) == 2
    dump = find_button(answer, button_labels(answer)[1]).intent.model_dump()
    assert dump["pick"]["options"] == {"part": "whole", "loud": "true"}
    assert tuple(dump["pick"]["tasks"]) == ("T1",)


def test_the_effect_log_stores_the_choices() -> None:
    stored = _load_outcome("refused", _dump_outcome(Rejected("local", "finish", choices=CHOICES)))
    assert isinstance(stored, Rejected)
    assert {key: tuple(options) for key, options in stored.choices.items()} == CHOICES


async def test_each_of_several_tasks_is_a_choice_of_its_own(room: Room) -> None:
    tracked = await room.start()
    rejected = Rejected("local", "finish", choices={"button.mine": ("part=mine",), "button.stop": ("part=whole",)})
    ids = [task.id for task in tracked.run.tasks[:2]]
    room.platform.errors |= {f"finish:{id}": rejected for id in ids}
    asked = await room.type("finish T1 T2")
    mine, whole = button_labels(await room.type("finish T1"))
    assert button_labels(asked) == [f"T1: {mine}", f"T1: {whole}", f"T2: {mine}", f"T2: {whole}"]
    room.platform.errors.clear()
    for handle in ("T2", "T1"):
        assert f"{handle} " in private_text(await room.press(find_button(asked, f"{handle}: {mine}")))
    assert [task.state for task in (await room.run("R1")).run.tasks[:2]] == ["done", "done"]
    taken = await room.press(find_button(asked, f"T1: {whole}"))
    assert "You already handled this" in private_text(taken), "one choice of a task is completed once"
    assert taken.result == "failed"


async def test_a_partial_result_is_reported_even_if_a_note_follows(room: Room) -> None:
    await room.start()
    room.platform.parts = {Op.FINISH: ("", "note")}
    room.platform.partial_ops = frozenset({Op.FINISH})
    answer = await room.type("finish T1 my half")
    assert "your part is recorded" in private_text(answer)
    assert "waiting for the others" in activity_texts(answer)[0]


async def test_a_corrected_flag_is_carried_out_once(room: Room) -> None:
    await room.start()
    refused = await room.type("status amber replica lags --nxt 15m")
    (label,) = button_labels(refused)
    posted = await room.press(find_button(refused, label))
    assert posted.public is not None
    again = await room.press(find_button(refused, label))
    assert again.public is None
    assert "You already handled this" in private_text(again)
    assert room.platform.executed.count("status") == 1
