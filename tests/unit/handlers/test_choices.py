"""A platform that has to know which: one button for each of its choices, with the words of its own folder."""

from adapters.errors import Rejected
from bot.storage.effects import _outcome_json, _outcome_of
from tests.unit.handlers.world import Room, button, labels

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
    kept = _outcome_of("refused", _outcome_json(Rejected("local", "finish", choices=WHICH)))
    assert isinstance(kept, Rejected)
    assert {key: tuple(options) for key, options in kept.choices.items()} == WHICH
