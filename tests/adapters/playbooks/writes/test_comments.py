"""Comments are posts in the run's channel."""

import pytest

from adapters.errors import Rejected
from adapters.models import Health
from adapters.results import Applied, Indeterminate, NotApplied
from adapters.writes import AddComment, FinishTask, HoldTask, SetStatus
from tests.adapters.playbooks.harness import PlatformHarness
from tests.adapters.playbooks.helpers import ANA, execute_steps, make_baseline, make_marker
from tests.fakes.mattermost.models import User, mentioned


async def test_a_comment_is_a_signed_post(harness: PlatformHarness) -> None:
    run, marker = await harness.new_run(), make_marker()
    [result] = await execute_steps(harness, AddComment(run=run.key, by=ANA, text="line one\n> two"), run, marker)
    [sent] = harness.fake.calls("POST", "/api/v4/posts$")
    assert run.home is not None
    assert sent.json == {
        "channel_id": run.home.channel,
        "message": f"line one\n> two\n\nAna via Slack ({marker.code})",
        "root_id": "",
        "props": {"playbook_run_id": run.key.id, "liaison": "comment"},
    }
    assert result.comment is not None
    assert result.comment.text == "line one\n> two"
    assert result.id in harness.fake.core.posts


async def test_comments_on_a_task_share_a_thread(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    task = run.tasks[1]
    for text in ("first", "second"):
        await execute_steps(harness, AddComment(run=run.key, by=ANA, text=text, task=task.id), run)
    first, second = [seen.json for seen in harness.fake.calls("POST", "/api/v4/posts$")]
    assert first["message"].startswith("**Page the DBA**\nfirst\n")
    assert first["props"]["checklist_item_id"] == task.id
    assert first["root_id"] == ""
    assert harness.fake.core.posts[second["root_id"]]["message"] == first["message"]
    harness.fake.core.write(
        run.home.channel if run.home else "", harness.fake.ben, "third", root=second["root_id"]
    )
    await execute_steps(harness, AddComment(run=run.key, by=ANA, text="elsewhere"), run)
    comments = await harness.adapter.comments(run.key.id, task.id)
    assert [(item.text, item.by) for item in comments] == [
        ("first", "Ana via Slack"),
        ("second", "Ana via Slack"),
        ("third", "Ben Cole"),
    ]


async def test_system_posts_are_not_comments(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    assert run.home is not None
    core, channel = harness.fake.core, run.home.channel
    core.write(channel, harness.fake.ben, "hello", "")
    for kind in ("system_join_channel", "custom_retro", "custom_pb_task"):
        core.write(channel, harness.fake.bot, "noise", kind)
    assert [item.text for item in await harness.adapter.comments(run.key.id, None)] == ["hello"]


async def test_the_runs_comments_are_what_people_said_and_did(harness: PlatformHarness) -> None:
    """With their names, also in Playbooks itself; without its bot's copies, Liaison's cards and commands to it."""
    run = await harness.new_run()
    assert run.home is not None
    fake, channel = harness.fake, run.home.channel
    core, world, stored = fake.core, fake.world, fake.run(run.key.id)
    core.channels[channel].members |= {fake.ben}
    stored["participant_ids"].append(fake.ben)
    core.write(channel, fake.ben, "looks **bad**, see [the graph](https://grafana.example/d/1)")
    core.write(channel, fake.bot, "**R1 Database failover**\n0 of 4 done", props={"liaison": "nonce"})  # its card
    core.write(channel, fake.bot, "Ana reopened T1 Confirm (VDP6)", props={"liaison": "nonce"})  # an activity line
    core.write(channel, fake.ben, "@relay finish T1")
    await execute_steps(harness, SetStatus(run=run.key, by=ANA, text="replica lagging", health=Health.AMBER), run)
    items = stored["checklists"][0]["items"]
    for state in ("in_progress", "closed", "in_progress"):
        world.set_state(stored, items[0], state, fake.ben)
    world.set_state(stored, items[1], "closed", fake.ben)
    world.set_state(stored, stored["checklists"][1]["items"][0], "closed", fake.bot)  # has a receipt
    comments = await harness.adapter.comments(run.key.id, None)
    assert [(item.by, item.text) for item in comments] == [
        ("Ben Cole", "looks bad, see the graph (https://grafana.example/d/1)"),
        ("Ana via Slack", "[amber] replica lagging"),
        ("Ben Cole", "began Confirm the primary is down"),
        ("Ben Cole", "finished Page the DBA"),
    ]
    assert all(item.at for item in comments)


async def test_comments_are_found_behind_a_page_of_the_plugins_own_posts(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    stored, core = harness.fake.run(run.key.id), harness.fake.core
    core.write(run.home.channel if run.home else "", harness.fake.ben, "hello")
    for number in range(120):
        harness.fake.world.set_state(
            stored, stored["checklists"][0]["items"][0], ("closed", "")[number % 2], harness.fake.bot
        )
    assert [item.text for item in await harness.adapter.comments(run.key.id, None)] == ["hello"]


async def test_a_finish_note_is_a_comment(harness: PlatformHarness) -> None:
    run, marker = await harness.new_run(), make_marker()
    write = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id, note="promoted by hand")
    baseline = make_baseline(run)
    _, note = await execute_steps(harness, write, run, marker)
    assert note.comment is not None
    assert (note.comment.text, note.comment.task) == ("promoted by hand", run.tasks[0].id)
    step = harness.adapter.steps(write, run)[1]
    assert isinstance(await harness.adapter.reconcile(step, marker, baseline), Applied)
    assert isinstance(await harness.adapter.reconcile(step, make_marker(), baseline), NotApplied)


async def test_a_hold_is_a_comment_on_the_task(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    [result] = await execute_steps(
        harness, HoldTask(run=run.key, by=ANA, task=run.tasks[0].id, reason="vendor is asleep"), run
    )
    assert result.comment is not None
    assert result.comment.text == "On hold: vendor is asleep"
    assert result.comment.task == run.tasks[0].id


async def test_the_bot_joins_a_public_channel_by_itself(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    assert run.home is not None
    channel = harness.fake.core.channels[run.home.channel]
    channel.members.discard(harness.fake.bot)
    harness.fake.world.private.clear()
    await execute_steps(harness, AddComment(run=run.key, by=ANA, text="hello"), run)
    [joined] = harness.fake.calls("POST", f"/channels/{run.home.channel}/members$")
    assert joined.json == {"user_id": harness.fake.bot}
    assert harness.fake.effects["comment"] == 1


async def test_a_bot_that_cannot_join_says_how_to_invite_it(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    assert run.home is not None
    channel = harness.fake.core.channels[run.home.channel]
    channel.members.discard(harness.fake.bot)
    channel.private = True
    write = AddComment(run=run.key, by=ANA, text="hello")
    with pytest.raises(Rejected) as error:
        await execute_steps(harness, write, run)
    assert error.value.key == "playbooks.not_in_channel"
    assert error.value.facts["bot"] == "@relay"
    assert harness.fake.effects["comment"] == 0
    with pytest.raises(Rejected):
        await harness.adapter.comments(run.key.id, None)
    assert isinstance(await harness.adapter.reconcile(write, make_marker(), make_baseline(run)), Indeterminate)


async def test_a_text_that_is_too_long_is_refused(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    with pytest.raises(Rejected) as error:
        await execute_steps(harness, AddComment(run=run.key, by=ANA, text="x" * 16_383), run)
    assert error.value.key == "playbooks.too_long"
    assert not harness.fake.calls("POST", "/api/v4/posts$")
    await execute_steps(harness, AddComment(run=run.key, by=ANA, text="x" * 16_300), run)
    assert harness.fake.effects["comment"] == 1


async def test_markdown_in_titles_and_names_is_escaped(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    item = harness.fake.run(run.key.id)["checklists"][0]["items"][0]
    item["title"] = "[click](http://evil.example.com) @all\n# `x`"
    marker = make_marker("*Ana* [x](y) @here via Slack")
    [result] = await execute_steps(
        harness, AddComment(run=run.key, by=ANA, text="hi", task=run.tasks[0].id), run, marker
    )
    message = harness.fake.calls("POST", "/api/v4/posts$")[0].json["message"]
    assert message.startswith("**\\[click\\](http://evil.example.com) `@all` \\# \\`x\\`**\nhi\n\n\\*Ana\\*")
    assert not mentioned([message], [User("ben")])
    assert result.comment is not None
    assert result.comment.text == "hi"
