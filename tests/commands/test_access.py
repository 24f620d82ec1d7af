"""Who may: what a button carries out is judged for whoever presses it, and by what it really does."""

from collections.abc import Sequence
from typing import cast

import pytest

from adapters.errors import Rejected
from adapters.models import Run
from adapters.protocol import Adapter
from adapters.writes import TaskWrite, Write, WriteMarker, WriteResult
from commands.access import rights_of
from commands.model.command import Right
from commands.model.intents import Choose, DecideOutcome, Start
from commands.model.ports import AccessRules
from tests.commands.world import ANA, BEN, EVE, HERE, Room, Wilful, shown


@pytest.mark.parametrize(
    ("step", "what"), [("end", "end runs"), ("start", "start runs"), ("start:copy", "start runs")]
)
async def test_writing_an_unknown_end_or_start_again_takes_the_right_to_it(
    room: Room, step: str, what: str
) -> None:
    await room.start()
    room.allow(AccessRules(start=("ana",), end=("ana",)))
    for there in (True, False):
        answer = await room.press(DecideOutcome(run="R1", key="K", step=step, applied=there), by=BEN)
        assert f"Only ana may {what}. Nothing changed." in shown(answer)
        assert "not unknown any more" in shown(
            await room.press(DecideOutcome(run="R1", key="K", step=step, applied=there))
        )


async def test_deciding_what_became_of_a_task_takes_the_right_to_write(room: Room) -> None:
    await room.start()
    decide = DecideOutcome(run="R1", key="K", step="finish:1", applied=True)
    assert "Guests may look" in shown(await room.press(decide, by=EVE))
    assert "not unknown any more" in shown(await room.press(decide, by=BEN))


class Seeing(Wilful):
    """Remembers what it was asked to start with."""

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        self.options = dict(step.options)
        return await super().execute(step, mark)


SLACKS, MATTERMOSTS = "U0ANA1234", "8hzwq4t1bpfr5yw6k3odxn9c7e"


@pytest.mark.parametrize("id", [SLACKS, MATTERMOSTS])
async def test_a_handle_that_is_spelt_like_an_id_does_not_stand_for_it(room: Room, id: str) -> None:
    rules = AccessRules(end=(id,), places=())
    mallory = BEN.model_copy(update={"handle": id.lower()})
    assert Right.END not in rights_of(mallory, HERE, rules)
    assert Right.END in rights_of(BEN.model_copy(update={"id": id}), HERE, rules)
    assert Right.END in rights_of(mallory, HERE, AccessRules(end=(f"@{id.lower()}",)))


@pytest.mark.parametrize("id", ["C0OPS1234", MATTERMOSTS])
async def test_a_channel_that_is_named_like_an_id_does_not_stand_for_it(room: Room, id: str) -> None:
    rules = AccessRules(places=(id,))
    assert Right.WRITE not in rights_of(ANA, HERE.model_copy(update={"channel_name": id.lower()}), rules)
    assert Right.WRITE in rights_of(ANA, HERE.model_copy(update={"channel": id, "thread": "t1"}), rules)


class Choosy(Wilful):
    """Refuses task 2 by what it knows of it, as Xurrent does with an approval."""

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        if isinstance(write, TaskWrite) and write.task == "2":
            raise Rejected("local", write.op.value, said="an approval")
        return super().steps(write, run)


async def test_a_refusal_of_one_task_does_not_deny_what_was_done_to_the_others(room: Room) -> None:
    choosy = Choosy(room.platform.inner, room.platform.capabilities)
    cast(dict[str, Adapter], room.world.platforms)["local"] = choosy
    await room.start()
    answer = await room.type("skip T1 T2 T4")
    assert shown(answer).startswith("2 of 3 done")
    assert "T1 Confirm the primary is down: skipped. Receipt" in shown(answer)
    assert "an approval" in shown(answer)
    assert "T4 Repoint the app: skipped. Receipt" in shown(answer)
    assert answer.result == "failed"
    assert "Nothing changed" in shown(await room.type("skip T2"))


async def test_only_a_button_says_what_an_adapter_keeps_for_its_second_try(room: Room) -> None:
    seeing = Seeing(room.platform.inner, room.platform.capabilities)
    cast(dict[str, Adapter], room.world.platforms)["local"] = seeing
    await room.type("start Database failover --set _copied=7008 --set region=eu")
    assert seeing.options == {"copied": "7008", "region": "eu"}
    room.messages.intents["K"] = Start(runbook="Third-party outage").model_dump(mode="json")
    await room.press(Choose(key="K", values={"confirmed": True, "options": {"_copied": "7008"}}))
    assert seeing.options == {"_copied": "7008"}
