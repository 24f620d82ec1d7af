"""Comments are posts in the run's channel; nothing in them may call people."""

import pytest

from adapters.errors import Rejected
from adapters.playbooks import text as words
from adapters.writes import AddComment, Applied, FinishTask, HoldTask, Indeterminate, NotApplied
from tests.adapters.playbooks.doing import ANA, a_mark, do, known_now
from tests.adapters.playbooks.subject import PlaybooksSubject


async def test_what_a_comment_looks_like_there(either: PlaybooksSubject) -> None:
    run, mark = await either.a_run(), a_mark()
    [told] = await do(either, AddComment(run=run.key, by=ANA, text="line one\n> two"), run, mark)
    [sent] = either.fake.calls("POST", "/api/v4/posts$")
    assert run.home is not None
    assert sent.json == {
        "channel_id": run.home.channel,
        "message": f"line one\n> two\n\nAna via Slack ({mark.code})",
        "root_id": "",
        "props": {"playbook_run_id": run.key.id, "liaison": "comment"},
    }
    assert told.comment is not None
    assert told.comment.text == "line one\n> two"
    assert told.id in either.fake.core.posts


async def test_comments_on_a_task_share_a_thread(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    task = run.tasks[1]
    for text in ("first", "second"):
        await do(either, AddComment(run=run.key, by=ANA, text=text, task=task.id), run)
    first, second = [seen.json for seen in either.fake.calls("POST", "/api/v4/posts$")]
    assert first["message"].startswith("**Page the DBA**\nfirst\n")
    assert first["props"]["checklist_item_id"] == task.id
    assert first["root_id"] == ""
    assert either.fake.core.posts[second["root_id"]]["message"] == first["message"]
    either.fake.core.write(run.home.channel if run.home else "", either.fake.ben, "third", root=second["root_id"])
    await do(either, AddComment(run=run.key, by=ANA, text="elsewhere"), run)
    comments = await either.adapter.comments(run.key.id, task.id)
    assert [(one.text, one.by) for one in comments] == [
        ("first", "Ana via Slack"),
        ("second", "Ana via Slack"),
        ("third", "Ben Cole"),
    ]


async def test_machines_lines_are_no_comments(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    assert run.home is not None
    core, channel = either.fake.core, run.home.channel
    core.write(channel, either.fake.ben, "hello", "")
    for kind in ("system_join_channel", "custom_run_update", "custom_pb_task"):
        core.write(channel, either.fake.bot, "noise", kind)
    assert [one.text for one in await either.adapter.comments(run.key.id, None)] == ["hello"]


async def test_a_note_goes_along_with_a_finish(either: PlaybooksSubject) -> None:
    run, mark = await either.a_run(), a_mark()
    write = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id, note="promoted by hand")
    known = known_now(run)
    _, note = await do(either, write, run, mark)
    assert note.comment is not None
    assert (note.comment.text, note.comment.task) == ("promoted by hand", run.tasks[0].id)
    step = either.adapter.steps(write, run)[1]
    assert isinstance(await either.adapter.reconcile(step, mark, known), Applied)
    assert isinstance(await either.adapter.reconcile(step, a_mark(), known), NotApplied)


async def test_a_hold_is_said_where_the_task_is(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    [told] = await do(either, HoldTask(run=run.key, by=ANA, task=run.tasks[0].id, reason="vendor is asleep"), run)
    assert told.comment is not None
    assert told.comment.text == "On hold: vendor is asleep"
    assert told.comment.task == run.tasks[0].id


async def test_the_bot_lets_itself_into_a_public_channel(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    assert run.home is not None
    there = either.fake.core.channels[run.home.channel]
    there.members.discard(either.fake.bot)
    either.fake.world.private.clear()
    await do(either, AddComment(run=run.key, by=ANA, text="hello"), run)
    [joined] = either.fake.calls("POST", f"/channels/{run.home.channel}/members$")
    assert joined.json == {"user_id": either.fake.bot}
    assert either.fake.effects["comment"] == 1


async def test_a_bot_that_is_not_let_in_says_how(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    assert run.home is not None
    there = either.fake.core.channels[run.home.channel]
    there.members.discard(either.fake.bot)
    there.private = True
    write = AddComment(run=run.key, by=ANA, text="hello")
    with pytest.raises(Rejected) as refused:
        await do(either, write, run)
    assert refused.value.key == "playbooks.not_in_channel"
    assert refused.value.facts["bot"] == "@relay"
    assert either.fake.effects["comment"] == 0
    with pytest.raises(Rejected):
        await either.adapter.comments(run.key.id, None)
    assert isinstance(await either.adapter.reconcile(write, a_mark(), known_now(run)), Indeterminate)


async def test_a_text_that_is_too_long_is_not_sent(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    with pytest.raises(Rejected) as long:
        await do(either, AddComment(run=run.key, by=ANA, text="x" * 16_383), run)
    assert long.value.key == "playbooks.too_long"
    assert not either.fake.calls("POST", "/api/v4/posts$")
    await do(either, AddComment(run=run.key, by=ANA, text="x" * 16_300), run)
    assert either.fake.effects["comment"] == 1


@pytest.mark.parametrize(
    ("typed", "quiet"),
    [
        ("@here now", "@\u200bhere now"),
        ("(@channel)", "(@\u200bchannel)"),
        ("**@All**", "**@\u200bAll**"),
        ("_@ana_ and @ben.", "_@\u200bana_ and @\u200bben."),
        ("mail ana@example.com", "mail ana@example.com"),
        ("x-@here", "x-@\u200bhere"),
        ("`npm i @types/node`", "`npm i @types/node`"),
        ("```\npush @scope/x\n```", "```\npush @scope/x\n```"),
        ("`@channel`", "`@\u200bchannel`"),
        ("an open ` and @ben", "an open ` and @\u200bben"),
        ("4 @ 5", "4 @ 5"),
    ],
)
def test_nobody_is_called(typed: str, quiet: str) -> None:
    assert words.quiet(typed) == quiet
    assert words.as_typed(quiet) == typed


async def test_names_are_drawn_letter_by_letter(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    item = either.fake.run(run.key.id)["checklists"][0]["items"][0]
    item["title"] = "[click](http://evil.example.com) @all\n# `x`"
    mark = a_mark("*Ana* [x](y) @here via Slack")
    [told] = await do(either, AddComment(run=run.key, by=ANA, text="hi", task=run.tasks[0].id), run, mark)
    message = either.fake.calls("POST", "/api/v4/posts$")[0].json["message"]
    assert "@all" not in message
    assert "@here" not in message
    assert message.startswith("**\\[click\\](http://evil.example.com) @\u200ball \\# \\`x\\`**\nhi\n\n\\*Ana\\*")
    assert told.comment is not None
    assert told.comment.text == "hi"
