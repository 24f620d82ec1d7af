"""``show --comments``: who said what about a run or a task, and when."""

from adapters.errors import Unreachable
from adapters.protocol import Unsupported
from adapters.writes import Op
from commands.model.card import Bold, ClockTime
from tests.commands.room import BEN, Room, button_labels, find_button, private_text


async def test_the_comments_of_a_run_name_who_when_and_the_task(room: Room) -> None:
    await room.start()
    await room.type("comment the vendor answered")
    room.wait(minutes=5)
    await room.type("comment T2: paged twice\nno answer yet", by=BEN)
    answer = await room.type("show --comments")
    assert private_text(answer).splitlines() == [
        "Comments on R1 Primary down in EU",
        "Ana 14:06 UTC: the vendor answered",
        "Ben 14:11 UTC T2: paged twice",
        "no answer yet",
    ]
    assert answer.public is None
    assert not answer.activity
    assert answer.private is not None
    assert [type(span) for span in answer.private.lines[0][:3]] == [Bold, str, ClockTime]


async def test_the_comments_of_a_task_are_its_own(room: Room) -> None:
    await room.start()
    await room.type("comment about the run")
    await room.type("comment T2: about the task")
    for line in (
        "show T2 --comments",
        "show --comments T2",
        "show R1.T2 --comments",
        "show --comments page the DBA",
    ):
        text = private_text(await room.type(line))
        assert text.startswith("Comments on T2 Page the DBA\n"), line
        assert "about the task" in text
        assert "about the run" not in text


async def test_that_there_are_none_is_said(room: Room) -> None:
    await room.start()
    assert private_text(await room.type("show --comments R1")).splitlines() == [
        "There are no comments on R1 Primary down in EU yet.",
        "For those on a task, type /run comments T1",
    ]
    assert private_text(await room.type("show --comments T1")) == (
        "There are no comments on T1 Confirm the primary is down yet."
    )


async def test_only_the_last_ones_are_shown_and_that_is_said_first(room: Room) -> None:
    await room.start()
    for number in range(12):
        await room.type(f"comment number {number}")
    lines = private_text(await room.type("show --comments")).splitlines()
    assert lines[1] == "These are the last 10. Older ones aren't shown."
    assert [line.rpartition(" ")[2] for line in lines[2:]] == [str(number) for number in range(2, 12)]


async def test_the_task_card_and_the_more_form_lead_there(room: Room) -> None:
    await room.start()
    await room.type("comment T1: seen from two zones")
    card = await room.type("show T1")
    shown = await room.press(find_button(card, "Read comments"))
    assert "seen from two zones" in private_text(shown)
    form = {"verb": "show", "run": "R1", "what": "", "comments": True}
    assert "Comments on R1" in private_text(await room.submit(form))


async def test_a_platform_that_is_down_or_has_none_says_so(room: Room) -> None:
    await room.start()
    room.platform.errors["comments"] = Unreachable("local", "comments")
    answer = await room.type("show --comments")
    assert answer.result == "failed"
    room.platform.capabilities = {
        **room.platform.capabilities,
        Op.COMMENTS: Unsupported("Read them on the platform."),
    }
    answer = await room.type("show --comments")
    assert "can't show comments from here" in private_text(answer)
    assert "Read comments" not in button_labels(await room.type("show T1"))


async def test_a_runbook_has_none(room: Room) -> None:
    answer = await room.type("show --comments third-party outage")
    assert private_text(answer) == "A runbook has no comments. Only runs and tasks have."
    assert button_labels(answer) == ["Show the runbook"]


async def test_comments_is_a_word_of_its_own(room: Room) -> None:
    await room.start()
    await room.type("comment T1: seen from two zones")
    for line in ("comments", "comments R1", "comentários R1", "show comments", "comments T1", "comments T1 R1"):
        assert "seen from two zones" in private_text(await room.type(line)), line
    assert "I can't find a run R9" in private_text(await room.type("comments R9"))


async def test_a_comment_of_another_day_has_its_date(room: Room) -> None:
    await room.start()
    await room.type("comment the vendor answered")
    room.wait(days=1)
    assert "Ana 5 May 14:06 UTC" not in private_text(await room.type("comment and called back"))
    text = private_text(await room.type("show --comments"))
    assert "May 14:06 UTC: the vendor answered" in text
