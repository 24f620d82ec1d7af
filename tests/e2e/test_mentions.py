"""What people write to Liaison in a channel or directly: which messages it reads, and which it leaves alone."""

import asyncio

from tests.e2e.conftest import FIRST_TASK, RUNBOOK, Scene
from tests.e2e.process import until

QUIET_SECONDS = 2.0  # in which nothing may appear


async def test_a_read_that_is_mentioned_in_passing_is_answered(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.say(f"Where are we with this? @liaison next {handle}, please")
    await scene.wait_for_text(rf"(?s){handle} .*{FIRST_TASK}")
    await scene.room.wait_for_button("Begin T1")


async def test_a_write_that_is_mentioned_in_passing_is_asked_first(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.say("I looked at both zones, so @liaison finish T1")
    await scene.wait_for_text(r"Finish T1\?")
    question = await scene.room.wait_for_button("Finish T1")
    assert scene.count_effects("finish") == 0
    await scene.room.click("Finish T1", question)
    await scene.wait_for_effects("finish")
    assert scene.cutover_run(handle).task(FIRST_TASK).stage == "complete"
    await scene.room.say("could you please comment all is well @liaison?")
    await scene.room.press("Comment all is well")
    await scene.wait_for_effects("comment")


async def test_the_question_whether_to_end_a_run_names_it(scene: Scene) -> None:
    handle = await scene.start_run("local")
    await scene.room.say("I think we can now @liaison end the run")
    await scene.wait_for_text(rf"End {handle} {RUNBOOK}\?")
    await scene.room.press(f"End {handle}")
    await scene.wait_for_text(f"{handle} {RUNBOOK} still has 4 open tasks")


async def test_what_the_platform_cannot_do_is_refused_before_anything_is_asked(scene: Scene) -> None:
    await scene.start_run("cutover")
    await scene.room.say("I think we can now @liaison end the run")
    await scene.wait_for_text("Cutover can't end a run from here")
    assert "End the run?" not in scene.room.text()
    answer = await scene.room.private_answer("assign T1")
    assert "Cutover can't assign a task from here" in answer.text
    assert "Say who" not in scene.room.text()


async def test_anything_else_in_passing_is_ignored_silently(scene: Scene) -> None:
    await scene.start_run()
    before = len(scene.room.bot_messages())
    for text in ("I asked @liaison about it", "thanks @liaison", "is @liaison down?", "cc @liaison @ben"):
        await scene.room.say(text)
    await asyncio.sleep(QUIET_SECONDS)
    assert len(scene.room.bot_messages()) == before, scene.room.text()


async def test_a_message_that_was_not_understood_is_read_again_when_it_is_edited(scene: Scene) -> None:
    await scene.start_run()
    post = await scene.room.say("@liaison finsh T1")
    await scene.wait_for_text("Unknown command finsh")
    await scene.room.edit(post, "@liaison finish T1")
    await scene.wait_for_effects("finish")


async def test_a_message_that_was_carried_out_is_never_read_again(scene: Scene) -> None:
    await scene.start_run()
    post = await scene.room.say("@liaison comment first")
    await scene.wait_for_effects("comment")
    await scene.room.edit(post, "@liaison comment second")
    again = await scene.room.say("@liaison comennt third")
    await scene.wait_for_text("Unknown command comennt")
    for text in ("@liaison comment fourth", "@liaison comment fifth"):
        await scene.room.edit(again, text)
    await scene.wait_for_effects("comment", 2)
    await asyncio.sleep(QUIET_SECONDS)
    await scene.wait_for_effects("comment", 2)


async def test_an_edited_direct_message_is_read_like_one_in_a_channel(scene: Scene) -> None:
    handle = await scene.start_run()
    post = await scene.room.say_directly(f"finsh {handle}.T1")
    await scene.wait_for_text("Unknown command finsh")
    await scene.room.edit(post, f"finish {handle}.T1")
    await scene.wait_for_effects("finish")
    await scene.room.edit(post, f"comment {handle}: and more")
    await asyncio.sleep(QUIET_SECONDS)
    assert scene.count_effects("comment") == 0


async def test_lines_that_are_all_commands_run_in_order(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.say("@liaison finish T1 by hand\ncomment T2: paged twice\nbegin T2")
    await scene.wait_for_text(r"(?s)Run these 3 commands\?.*1\. finish T1 by hand.*3\. begin T2")
    assert scene.count_effects("finish") == 0
    await scene.room.press("Run all 3")
    await scene.wait_for_effects("finish")
    await scene.wait_for_text("commented on T2 Page the DBA: paged twice")
    await scene.wait_for_text("began T2 Page")
    assert scene.cutover_run(handle).task(FIRST_TASK).stage == "complete"
    await until(lambda: scene.room.reactions("comment T2: paged twice") == {"white_check_mark"})


async def test_what_is_typed_in_the_direct_message_of_a_run_is_answered_once(scene: Scene) -> None:
    direct = scene.environment.chat.direct_room("eve")
    await direct.say_directly(f'start "{RUNBOOK}" --on local', user="eve")
    await direct.press("Only me (this DM)", user="eve")
    handle = await scene.wait_for_card(direct)
    await direct.say_directly(f"finish {handle}.T2 paged twice", user="eve")
    await direct.wait_for_text("(?i)eve finished T2 Page the DBA: “paged twice”")
    await until(lambda: direct.reactions(f"finish {handle}.T2") == {"white_check_mark"})
    assert "T2 Page the DBA: done. Receipt" not in direct.text()


async def test_people_who_are_mentioned_in_a_text_arrive_as_names(scene: Scene) -> None:
    run = scene.cutover_run(await scene.start_run())
    ben = "@ben" if scene.chat_name == "slack" else "ben"
    await scene.room.say(f"@liaison comment ask {ben} before you fail over")
    await scene.wait_for_effects("comment")
    assert "ask ben before you fail over" in run.comments[-1].content
    await scene.room.command(f"status amber waiting for {ben}")
    await scene.wait_for_effects("status")
    assert "waiting for ben" in str(run.status_message)
    await scene.room.command(f"finish T1 {ben} checked it")
    await scene.wait_for_effects("finish")
    await until(lambda: any("ben checked it" in comment.content for comment in run.comments))
    assert scene.room.unsafe_texts() == []


async def test_a_greeting_is_answered_with_home(scene: Scene) -> None:
    await scene.room.say_directly("Hello!")
    await scene.wait_for_text("(?s)Liaison.*your tasks|no run|help")
    assert "can't find" not in scene.room.text()
    await scene.room.say_directly("oi, tudo bem?", user="rui")
    assert "Não encontrei" not in scene.room.text()


async def test_the_members_of_a_group_are_offered_instead_of_it(scene: Scene) -> None:
    chat, room = scene.environment.chat, scene.room
    handle = await scene.start_run(on="local")
    chat.add_group("oncall", "ben", "cam")
    await room.command("assign T1 @oncall")
    await scene.wait_for_text(r"@oncall is a group\. Which of them\?")
    await room.press("ben" if chat.name == "slack" else "Ben")
    await scene.wait_for_text(r"assigned T1 .*to [Bb]en")
    chat.show_groups(False)
    await room.command(f"assign {handle}.T2 @oncall")
    await scene.wait_for_text(
        r"group, .*can't see .* without (usergroups:read|sysconsole_read_user_management_groups)"
    )
    chat.show_groups(True)
