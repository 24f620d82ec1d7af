"""A platform that has to know which: one button for each of its choices, with the words of its own folder."""

from adapters.errors import Rejected
from adapters.writes import Op
from bot.storage.effects import _dump_outcome, _load_outcome
from tests.commands.world import Room, button, labels, shown, traces

WHICH = {"button.begin": ("part=mine",), "button.again": ("part=whole", "loud")}


async def test_each_choice_is_a_button_and_nothing_failed(room: Room) -> None:
    await room.start()
    room.platform.raises["finish"] = Rejected(
        "local", "finish", choices={"button.mine": ("part=mine",), "button.stop": ("part=whole", "loud")}
    )
    answer = await room.type("finish T1")
    assert answer.result == "question"
    assert len(labels(answer)) == 2
    dump = button(answer, labels(answer)[1]).intent.model_dump()
    assert dump["pick"]["options"] == {"part": "whole", "loud": "true"}
    assert tuple(dump["pick"]["tasks"]) == ("T1",)


def test_the_effect_log_keeps_them() -> None:
    kept = _load_outcome("refused", _dump_outcome(Rejected("local", "finish", choices=WHICH)))
    assert isinstance(kept, Rejected)
    assert {key: tuple(options) for key, options in kept.choices.items()} == WHICH


async def test_of_several_tasks_each_is_a_choice_of_its_own(room: Room) -> None:
    known = await room.start()
    which = Rejected("local", "finish", choices={"button.mine": ("part=mine",), "button.stop": ("part=whole",)})
    ids = [task.id for task in known.run.tasks[:2]]
    room.platform.raises |= {f"finish:{id}": which for id in ids}
    asked = await room.type("finish T1 T2")
    mine, whole = labels(await room.type("finish T1"))
    assert labels(asked) == [f"T1: {mine}", f"T1: {whole}", f"T2: {mine}", f"T2: {whole}"]
    room.platform.raises.clear()
    for handle in ("T2", "T1"):
        assert f"{handle} " in shown(await room.press(button(asked, f"{handle}: {mine}")))
    assert [task.state for task in (await room.run("R1")).run.tasks[:2]] == ["done", "done"]
    taken = await room.press(button(asked, f"T1: {whole}"))
    assert "Ana" in shown(taken), "one choice of a task is completed once"
    assert taken.result == "failed"


async def test_a_part_is_told_as_a_part_although_a_note_follows(room: Room) -> None:
    await room.start()
    room.platform.parts = {Op.FINISH: ("", "note")}
    room.platform.partial = frozenset({Op.FINISH})
    answer = await room.type("finish T1 my half")
    assert "one part of it is recorded" in shown(answer)
    assert "waits for the others" in traces(answer)[0]
