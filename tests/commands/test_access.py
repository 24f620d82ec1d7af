"""Access: a button needs the right of whoever presses it, for what it executes."""

from collections.abc import Sequence
from typing import cast

import pytest

from adapters.errors import Rejected
from adapters.models import Run
from adapters.protocol import Adapter
from adapters.results import WriteResult
from adapters.writes import TaskWrite, Write, WriteMarker
from commands.access import rights_of
from commands.forms.opening import open_form
from commands.model.access_rules import AccessRules
from commands.model.command import Right
from commands.model.errors import Stale
from commands.model.intents import (
    Choose,
    Comment,
    DecideOutcome,
    Drop,
    Finish,
    Intent,
    OpenForm,
    Retry,
    Start,
    Stop,
)
from commands.model.tracked_run import TrackedRun
from commands.visibility import readable_services
from tests.commands.room import ANA, BEN, EVE, HERE, ON_SLACK, Room, ScriptedAdapter, private_text


@pytest.mark.parametrize(
    ("step", "what"), [("end", "end runs"), ("start", "start runs"), ("start:copy", "start runs")]
)
async def test_deciding_an_unknown_end_or_start_needs_the_right_to_it(room: Room, step: str, what: str) -> None:
    await room.start()
    room.allow(AccessRules(start=("ana",), end=("ana",)))
    for there in (True, False):
        answer = await room.press(DecideOutcome(run="R1", key="K", step=step, applied=there), by=BEN)
        assert f"Only ana can {what}. Nothing changed." in private_text(answer)
        assert "already been resolved" in private_text(
            await room.press(DecideOutcome(run="R1", key="K", step=step, applied=there))
        )


async def test_deciding_an_unknown_task_write_needs_the_right_to_write(room: Room) -> None:
    await room.start()
    decide = DecideOutcome(run="R1", key="K", step="finish:1", applied=True)
    assert "Guests can view runs" in private_text(await room.press(decide, by=EVE))
    assert "already been resolved" in private_text(await room.press(decide, by=BEN))


class RecordingAdapter(ScriptedAdapter):
    """Records the options of the last write."""

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        self.options = dict(step.options)
        return await super().execute(step, marker)


SLACK_ID, MATTERMOST_ID = "U0ANA1234", "8hzwq4t1bpfr5yw6k3odxn9c7e"


@pytest.mark.parametrize("id", [SLACK_ID, MATTERMOST_ID])
async def test_a_handle_that_looks_like_an_id_does_not_match_that_id(room: Room, id: str) -> None:
    rules = AccessRules(end=(id,), places=())
    mallory = BEN.model_copy(update={"handle": id.lower()})
    assert Right.END not in rights_of(mallory, HERE, rules)
    assert Right.END in rights_of(BEN.model_copy(update={"id": id}), HERE, rules)
    assert Right.END in rights_of(mallory, HERE, AccessRules(end=(f"@{id.lower()}",)))


@pytest.mark.parametrize("id", ["C0OPS1234", MATTERMOST_ID])
async def test_a_channel_name_that_looks_like_an_id_does_not_match_that_id(room: Room, id: str) -> None:
    rules = AccessRules(places=(id,))
    assert Right.WRITE not in rights_of(ANA, HERE.model_copy(update={"channel_name": id.lower()}), rules)
    assert Right.WRITE in rights_of(ANA, HERE.model_copy(update={"channel": id, "thread": "t1"}), rules)


class RefusingAdapter(ScriptedAdapter):
    """Refuses task 2 before anything is sent, as Xurrent does with an approval."""

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        if isinstance(write, TaskWrite) and write.task == "2":
            raise Rejected("local", write.op.value, said="an approval")
        return super().steps(write, run)


async def test_a_refused_task_does_not_hide_what_was_done_to_the_others(room: Room) -> None:
    adapter = RefusingAdapter(room.platform.inner, room.platform.capabilities)
    cast(dict[str, Adapter], room.services.platforms)["local"] = adapter
    await room.start()
    answer = await room.type("skip T1 T2 T4")
    assert private_text(answer).startswith("2 of 3 done")
    assert "T1 Confirm the primary is down: skipped. Receipt" in private_text(answer)
    assert "an approval" in private_text(answer)
    assert "T4 Repoint the app: skipped. Receipt" in private_text(answer)
    assert answer.result == "failed"
    assert "Nothing changed" in private_text(await room.type("skip T2"))


async def test_only_buttons_can_send_the_private_options_of_an_adapter(room: Room) -> None:
    adapter = RecordingAdapter(room.platform.inner, room.platform.capabilities)
    cast(dict[str, Adapter], room.services.platforms)["local"] = adapter
    await room.type("start Database failover --set _copied=7008 --set region=eu")
    assert adapter.options == {"copied": "7008", "region": "eu"}
    room.messages.intents["K"] = Start(runbook="Third-party outage").model_dump(mode="json")
    await room.press(Choose(key="K", values={"confirmed": True, "options": {"_copied": "7008"}}))
    assert adapter.options == {"_copied": "7008"}


IN_SLACK = {"surface": "slack"}
SLACK_ANA, SLACK_BEN = ANA.model_copy(update=IN_SLACK), BEN.model_copy(update=IN_SLACK)
ELSEWHERE = ON_SLACK.model_copy(update={"channel": "random", "channel_name": "random"})
EXPIRED = "This button has expired"


async def _outsider(room: Room) -> TrackedRun:
    """A run of Ana's place, which Ben cannot see."""
    tracked = await room.start()
    room.memberships.outsiders = {(SLACK_BEN.id, HERE.channel)}
    return await room.runs.update_overlay(
        tracked.handle, lambda overlay: overlay.model_copy(update={"places": (ON_SLACK,), "started_by": SLACK_ANA})
    )


@pytest.mark.parametrize("press", [Choose(key="K", values={"note": "gone"}), Retry(key="K")])
async def test_a_choice_stays_open_when_somebody_without_access_presses_it(room: Room, press: Intent) -> None:
    await _outsider(room)
    room.messages.intents["K"] = Finish(run="R1", tasks=("T1",)).model_dump(mode="json")
    answer = await room.press(press, by=SLACK_BEN, place=ELSEWHERE)
    assert EXPIRED in private_text(answer)
    assert "done" in private_text(await room.press(press, by=SLACK_ANA, place=ON_SLACK))


@pytest.mark.parametrize(
    "intent", [Start(runbook="Third-party outage"), Comment(text="hello"), Comment(run="payroll", text="hello")]
)
async def test_a_choice_about_no_run_is_for_the_people_of_its_place(room: Room, intent: Intent) -> None:
    await _outsider(room)
    room.messages.intents["K"] = intent.model_dump(mode="json")
    room.messages.sent["K"] = SLACK_ANA, ON_SLACK
    answer = await room.press(Retry(key="K"), by=SLACK_BEN, place=ELSEWHERE)
    assert EXPIRED in private_text(answer)
    assert not room.messages.taken


@pytest.mark.parametrize(
    ("press", "done"),
    [
        (Stop(key="K"), "Stopped"),
        (Stop(run="R1", key="K"), "Stopped"),
        (Drop(key="K"), "Cancelled"),
        (DecideOutcome(key="K", step="finish:1", applied=True), "already been resolved"),
        (DecideOutcome(key="K", step="finish:1", applied=False), "already been resolved"),
    ],
)
async def test_the_key_of_a_message_gives_nobody_access(room: Room, press: Intent, done: str) -> None:
    await _outsider(room)
    room.messages.intents["K"] = Finish(run="R1", tasks=("T1",)).model_dump(mode="json")
    room.messages.sent["K"] = SLACK_ANA, ON_SLACK
    room.messages.stoppable["K"] = "stopped"
    answer = private_text(await room.press(press, by=SLACK_BEN, place=ELSEWHERE))
    assert EXPIRED in answer, answer
    assert done in private_text(await room.press(press, by=SLACK_ANA, place=ON_SLACK))


async def test_the_form_of_a_message_opens_only_for_people_with_access(room: Room) -> None:
    await _outsider(room)
    room.messages.intents["K"] = Comment(run="R1", text="the password is").model_dump(mode="json")
    room.messages.sent["K"] = SLACK_ANA, ON_SLACK
    retry = OpenForm(about="retry", fill={"key": "K"})
    services = readable_services(SLACK_BEN, ELSEWHERE, room.services)[0]
    with pytest.raises(Stale):
        await open_form(retry, SLACK_BEN, ELSEWHERE, services)
