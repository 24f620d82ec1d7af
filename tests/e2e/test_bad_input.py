"""Invalid or unusual input gets a readable answer and changes nothing. Texts arrive exactly as typed."""

import html
import re

import pytest

from adapters.cutover.text import to_html
from tests.adapters.cutover.world import FakeComment, FakeRunbook
from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene

WRITES = ("start", "begin", "finish", "status", "comment", "add", "end")

NOT_FOUND = "I can't find a command, run, task or runbook called "
BAD_COMMANDS = {
    "a misspelt verb": ("finsh T1", r"Unknown command finsh\. Did you mean:"),
    "an unknown command": ("frobnicate the widget", NOT_FOUND + "“frobnicate the widget”"),
    "no reason": ("hold T1", r"Add a reason, for example: hold T"),
    "no person, where nobody can be assigned": ("assign T1", r"Cutover can't assign a task from here"),
    "no text": ("status amber", r"A status update needs some text\. Add a sentence"),
    "no value": ("status --next", r"--next needs a value, for example: status"),
    "not a time": ("status late --next sometime", r"sometime isn't a time I understand\. Use 30m"),
    "a backward range": ("finish T4-T1", r"T4-T1 is backwards\. Put the lower number first"),
    "an unknown task": ("finish T99", r"I can't find a task “T99” in R\d+ "),
    "an unknown title": ("finish water the plants", r"I can't find a task “water the plants” in R\d+ "),
    "an unknown run": ("finish R999.T1", r"I can't find a run R999 that you have access to\."),
    "two runs": ("finish T1 --run R998 --run R999", r"--run is given twice, as R998 and as R999\. Give it once"),
    "an unknown runbook": (
        "start xyzzy plugh",
        r"I can't find a runbook called “xyzzy plugh”\.",
    ),
    "an unknown platform": (
        f'start "{RUNBOOK}" --on jira',
        r"I can't find a platform “jira”\. Choose one of these: cutover, playbooks",
    ),
    "an unknown person": (
        f'start "{RUNBOOK}" --on cutover --owner @nobody',
        r"I can't find anyone called “@?nobody” here",
    ),
    "a blocked task": (
        "finish T3",
        r"T3 Promote the replica is waiting for T1 Confirm the primary is down.*Nothing changed",
    ),
    "an unknown link": ("show https://elsewhere.example/runs/1", NOT_FOUND),
    "@channel and @here": ("@channel @here", NOT_FOUND + "“@channel @here”"),
    "markup": ("<b>&amp;</b> *bold* _it_ `code` ~no~", NOT_FOUND + "“<b>"),
    "emoji": ("🔥🔥🔥", NOT_FOUND + "“🔥🔥🔥”"),
    "right to left": ("אנא סיים את המשימה", NOT_FOUND + "“אנא סיים את המשימה”"),
    "ten thousand letters": ("x" * 10_000, NOT_FOUND + "“xxx"),
    "control characters": ("fin\x00ish \x1b[31mT1", r"I can't find a task “.*T1” in R\d+ "),
}


@pytest.mark.parametrize("case", sorted(BAD_COMMANDS))
async def test_bad_input_is_answered_and_changes_nothing(shared_scene: Scene, case: str) -> None:
    typed, pattern = BAD_COMMANDS[case]
    before = [shared_scene.count_effects(op) for op in WRITES]
    answer = await shared_scene.room.private_answer(typed)
    assert re.search(pattern, " ".join(answer.text.split())), answer.text
    assert "our side" not in answer.text
    assert [shared_scene.count_effects(op) for op in WRITES] == before
    assert shared_scene.room.unsafe_texts() == []


async def test_a_misspelt_verb_gets_a_button_for_the_intended_command(shared_scene: Scene) -> None:
    answer = await shared_scene.room.private_answer("beginn T4")
    assert "Begin T4" in answer.labels
    assert "Help" in answer.labels


TEXTS = {
    "apostrophes": "don't fail over, it's Ana's",
    "quotes inside": 'she said "not yet" twice',
    "an unclosed quote": 'the "replica is behind',
    "curly quotes": "it’s “fine”, really",
    "a dash between words": "lag went up — then down again",
    "flags of other programs": "pg_ctl --force promote -D /data on T3 and R7 then",
    "code": "```\nselect 1; -- not a flag --all\n  indented\n```",
    "a code span": "run `pg_ctl --force` twice",
    "a link": "see https://wiki.example/a?b=1&c=2#d for more",
    "emoji": "🔥 replica 👩🏽‍🚒 is fine ✅",
    "right to left": "השרת נפל אבל העותק תקין",
    "@channel and @here": "do not wake @channel or @here yet",
    "markup": "a < b && c > d <b>bold</b> *b* _i_ ~s~ [x](http://evil.example) <!channel> &lt;",
    "lines": "first line\n\n- second\n# third\n> fourth",
    "ten thousand letters": "long " * 2_000,
}


def _texts(run: FakeRunbook) -> list[str]:
    """The plain text of Cutover's HTML comments."""
    return [html.unescape(re.sub(r"</p><p>|<br ?/?>", "\n", comment.content)) for comment in run.comments]


@pytest.mark.parametrize("case", sorted(TEXTS))
async def test_a_comment_arrives_as_typed_and_notifies_nobody(shared_scene: Scene, case: str) -> None:
    run, typed = shared_scene.cutover_run(shared_scene.card_handles()[0]), TEXTS[case].strip()
    before = len(run.comments)
    answer = await shared_scene.room.private_answer(f"comment {typed}")
    assert "comment added" in answer.text, answer.text
    assert len(run.comments) == before + 1
    assert typed in _texts(run)[-1]
    first = " ".join(typed.splitlines()[0].split())[:40]
    assert first.strip("`") in " ".join(answer.text.split())
    assert shared_scene.room.unsafe_texts() == []


async def test_an_em_dash_from_a_phone_keyboard_starts_a_flag(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.command("status amber replica lagging —next 30m")
    await scene.wait_for_effects("status")
    assert scene.cutover_run(handle).status_message is not None
    assert "next" not in str(scene.cutover_run(handle).status_message).replace("next update", "")
    await scene.wait_for_text("next update")


HOSTILE = "<!channel> @here @channel @ana <b>x</b> &amp; *b* _i_ ~s~ `c` [x](http://evil.example) #t :fire: ||"


async def test_texts_from_the_platform_are_shown_verbatim_and_notify_nobody(scene: Scene) -> None:
    handle = await scene.start_run()
    run = scene.cutover_run(handle)
    run.task(FIRST_TASK).name, run.status_message, run.status = HOSTILE, HOSTILE, "red"
    run.streams = [(id, HOSTILE) for id, _ in run.streams]
    await scene.room.command("show")
    plain = re.escape(HOSTILE)
    await scene.wait_for_text(f"(?s)RED · R.*{plain}.*T1 {plain}")
    await scene.room.command("finish T1")
    await scene.wait_for_text(
        f"finished T1 {re.escape(HOSTILE[:40])}"
    )  # long titles are shortened in activity lines
    await scene.room.private_answer("next", user="ben")
    assert scene.room.unsafe_texts() == []


async def test_comments_from_the_platform_are_shown_verbatim_and_notify_nobody(scene: Scene) -> None:
    """Their texts and the names of their authors, which anybody may write there."""
    run = scene.cutover_run(await scene.start_run())
    author, override = "<!here> @all *Eve* `x`", "\u202e"
    signed = f"{HOSTILE} {override}— {author} via Slack (7K2F)"
    for content in (signed, f"> quote\n# {HOSTILE}"):
        run.comments.append(FakeComment(f"c{len(run.comments)}", to_html(content), None, "901"))
    answer = await scene.room.private_answer("show --comments")
    shown = " ".join(answer.text.split())
    assert HOSTILE in shown
    assert author in shown
    assert override not in answer.text
    assert scene.room.unsafe_texts() == []


async def test_a_platforms_error_text_is_shown_verbatim(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    body = '{"errors":[{"code":"x","title":"No","detail":"<!channel> @here <b>no</b> *way*"}]}'
    headers = {"Content-Type": "application/json"}
    path = f"/runbooks/{run.id}/comments$"
    scene.cutover.fault("answer", method="POST", path=path, status=422, body=body, headers=headers)
    answer = await scene.room.private_answer("comment hello")
    assert "<!channel> @here <b>no</b> *way*" in answer.text
    assert scene.count_effects("comment") == 0
    assert scene.room.unsafe_texts() == []


async def test_a_finished_run_rejects_writes(scene: Scene) -> None:
    handle = await scene.start_run()
    scene.cutover_run(handle).stage = "complete"
    await scene.room.command("show")
    await scene.wait_for_text(rf"(?s)Finished · {handle} {RUNBOOK}.*0 of 4 done")
    answer = await scene.room.private_answer(f"finish {handle}.T2")
    assert re.search(r"has ended\. Nothing changed", answer.text)
    assert scene.count_effects("finish") == 0


async def test_no_run_is_started_in_a_channel_without_the_bot(scene: Scene) -> None:
    room = scene.environment.chat.create_room(bot=False)
    answer = await room.private_answer(f'start "{RUNBOOK}" --on cutover')
    assert re.search(
        rf"I'm not in .*{room.name}.*Nothing was done\. Type /invite @liaison, then try again", answer.text
    )
    assert "Try again" in answer.labels
    assert scene.count_effects("start") == 0


async def test_a_channel_without_the_bot_can_change_another_channels_run_privately(scene: Scene) -> None:
    handle = await scene.start_run()
    room = scene.environment.chat.create_room(bot=False)
    answer = await room.private_answer(f"finish {handle}.T1")
    assert "done. Receipt" in answer.text
    await scene.wait_for_effects("finish")
