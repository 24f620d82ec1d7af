"""What people type wrongly or wildly: it is answered in words, and changes nothing; and texts arrive as typed."""

import html
import re

import pytest

from tests.adapters.cutover.world import FakeRunbook
from tests.e2e.conftest import RUNBOOK, TITLE, Scene

WRITES = ("start", "begin", "finish", "status", "comment", "add", "end")

NOT_FOUND = "I can't find a command, run, task or runbook called "
REFUSED = {
    "a verb misspelt": ("finsh T1", r"Unknown command finsh\. Did you mean:"),
    "a verb nobody knows": ("frobnicate the widget", NOT_FOUND + "“frobnicate the widget”"),
    "no reason": ("hold T1", r"Add a reason, for example: hold T"),
    "no person": ("assign T1", r"Say who to assign it to, for example: assign T1"),
    "no words": ("status amber", r"A status update needs some text\. Add a sentence"),
    "no value": ("status --next", r"--next needs a value, for example: status"),
    "not a time": ("status late --next sometime", r"sometime isn't a time I understand\. Use 30m"),
    "a backward range": ("finish T4-T1", r"T4-T1 is backwards\. Put the lower number first"),
    "a task that is not there": ("finish T99", r"I can't find a task “T99” in R\d+ "),
    "a title that is not there": ("finish water the plants", r"I can't find a task “water the plants” in R\d+ "),
    "a run that is not there": ("finish R999.T1", r"I can't find a run R999\."),
    "two runs": ("finish T1 --run R998 --run R999", r"--run is given twice, as R998 and as R999\. Give it once"),
    "a runbook that is not there": (
        "start xyzzy plugh",
        r"I can't find a runbook called “xyzzy plugh”\.",
    ),
    "a platform that is not there": (
        f'start "{RUNBOOK}" --on jira',
        r"I can't find a platform “jira”\. Choose one of these: cutover, playbooks",
    ),
    "a person that is not there": (
        f'start "{RUNBOOK}" --on cutover --owner @nobody',
        r"I can't find anyone called “@?nobody” here",
    ),
    "a blocked task": (
        "finish T3",
        r"T3 Promote the replica is waiting for T1 Confirm the primary is down.*Nothing changed",
    ),
    "no such link": ("show https://elsewhere.example/runs/1", NOT_FOUND),
    "everybody": ("@channel @here", NOT_FOUND + "“@channel @here”"),
    "markup": ("<b>&amp;</b> *bold* _it_ `code` ~no~", NOT_FOUND + "“<b>"),
    "emoji": ("🔥🔥🔥", NOT_FOUND + "“🔥🔥🔥”"),
    "right to left": ("אנא סיים את המשימה", NOT_FOUND + "“אנא סיים את המשימה”"),
    "ten thousand letters": ("x" * 10_000, NOT_FOUND + "“xxx"),
    "a NUL and controls": ("fin\x00ish \x1b[31mT1", r"I can't find a task “.*T1” in R\d+ "),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
async def test_it_is_answered_and_changes_nothing(busy: Scene, case: str) -> None:
    typed, told = REFUSED[case]
    before = [busy.effects(what) for what in WRITES]
    answer = await busy.room.answer(typed)
    assert re.search(told, " ".join(answer.words.split())), answer.words
    assert "our side" not in answer.words
    assert [busy.effects(what) for what in WRITES] == before
    assert busy.room.alarms() == []


async def test_a_misspelt_verb_is_offered_as_it_was_meant(busy: Scene) -> None:
    answer = await busy.room.answer("beginn T4")
    assert "Begin T4" in answer.labels
    assert "Help" in answer.labels


TEXTS = {
    "apostrophes": "don't fail over, it's Ana's",
    "quotes inside": 'she said "not yet" twice',
    "an unclosed quote": 'the "replica is behind',
    "curly quotes": "it’s “fine”, really",
    "a dash between words": "lag went up — then down again",
    "flags of others": "pg_ctl --force promote -D /data on T3 and R7 then",
    "code": "```\nselect 1; -- not a flag --all\n  indented\n```",
    "a code span": "run `pg_ctl --force` twice",
    "a link": "see https://wiki.example/a?b=1&c=2#d for more",
    "emoji": "🔥 replica 👩🏽‍🚒 is fine ✅",
    "right to left": "השרת נפל אבל העותק תקין",
    "everybody": "do not wake @channel or @here yet",
    "markup": "a < b && c > d <b>bold</b> *b* _i_ ~s~ [x](http://evil.example) <!channel> &lt;",
    "lines": "first line\n\n- second\n# third\n> fourth",
    "ten thousand letters": "long " * 2_000,
}


def _texts(run: FakeRunbook) -> list[str]:
    """Comments as Cutover shows them: it holds HTML."""
    return [html.unescape(re.sub(r"</p><p>|<br ?/?>", "\n", one.content)) for one in run.comments]


@pytest.mark.parametrize("case", sorted(TEXTS))
async def test_a_comment_arrives_as_it_was_typed_and_rings_for_nobody(busy: Scene, case: str) -> None:
    run, typed = busy.run(busy.cards()[0]), TEXTS[case].strip()
    before = len(run.comments)
    answer = await busy.room.answer(f"comment {typed}")
    assert "comment added" in answer.words, answer.words
    assert len(run.comments) == before + 1
    assert typed in _texts(run)[-1]
    first = " ".join(typed.splitlines()[0].split())[:40]
    assert first.strip("`") in " ".join(answer.words.split())
    assert busy.room.alarms() == []


async def test_dashes_that_a_phone_makes_are_flags_where_flags_count(scene: Scene) -> None:
    handle = await scene.started()
    await scene.room.command("status amber replica lagging —next 30m")
    await scene.done("status")
    assert scene.run(handle).status_message is not None
    assert "next" not in str(scene.run(handle).status_message).replace("next update", "")
    await scene.sees("next update")


HOSTILE = "<!channel> @here @channel @ana <b>x</b> &amp; *b* _i_ ~s~ `c` [x](http://evil.example) #t :fire: ||"


async def test_words_from_the_platform_are_shown_as_they_are_and_ring_for_nobody(scene: Scene) -> None:
    handle = await scene.started()
    run = scene.run(handle)
    run.task(TITLE).name, run.status_message, run.status = HOSTILE, HOSTILE, "red"
    run.streams = [(id, HOSTILE) for id, _ in run.streams]
    await scene.room.command("show")
    plain = re.escape(HOSTILE)
    await scene.sees(f"(?s)RED {plain}.*{plain}.*T1 {plain}")
    await scene.room.command("finish T1")
    await scene.sees(f"finished T1 {re.escape(HOSTILE[:40])}")  # a sentence has no room for more of a title
    await scene.room.answer("next", user="ben")
    assert scene.room.alarms() == []


async def test_words_of_a_refusal_are_shown_as_they_are(scene: Scene) -> None:
    run = scene.run(await scene.started())
    said = '{"errors":[{"code":"x","title":"No","detail":"<!channel> @here <b>no</b> *way*"}]}'
    headers = {"Content-Type": "application/json"}
    path = f"/runbooks/{run.id}/comments$"
    scene.cutover.fault("answer", method="POST", path=path, status=422, body=said, headers=headers)
    answer = await scene.room.answer("comment hello")
    assert "<!channel> @here <b>no</b> *way*" in answer.words
    assert scene.effects("comment") == 0
    assert scene.room.alarms() == []


async def test_a_finished_run_takes_no_writes(scene: Scene) -> None:
    handle = await scene.started()
    scene.run(handle).stage = "complete"
    await scene.room.command("show")
    await scene.sees("finished, 0 of 4 done")
    answer = await scene.room.answer(f"finish {handle}.T2")
    assert re.search(r"has ended\. Nothing changed", answer.words)
    assert scene.effects("finish") == 0


async def test_where_the_bot_is_not_a_member_nothing_is_started(scene: Scene) -> None:
    room = scene.house.chat.room(bot=False)
    answer = await room.answer(f'start "{RUNBOOK}" --on cutover')
    assert re.search(
        rf"I'm not in .*{room.name}.*Nothing was done\. Type /invite @liaison, then try again", answer.words
    )
    assert "Try again" in answer.labels
    assert scene.effects("start") == 0


async def test_a_channel_without_the_bot_is_answered_privately_about_a_run_of_another(scene: Scene) -> None:
    handle = await scene.started()
    room = scene.house.chat.room(bot=False)
    answer = await room.answer(f"finish {handle}.T1")
    assert "done. Receipt" in answer.words
    await scene.done("finish")
