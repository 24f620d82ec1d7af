"""Slash commands are verified by their token, recorded once, and answered privately."""

import json

import pytest

from commands.model.messages import Via
from tests.bot.surfaces.mattermost.harness import MattermostHarness, simple_card


async def test_a_command_is_recorded_and_processed(harness: MattermostHarness) -> None:
    delivered = await harness.mm.command(
        harness.url, 'start "Database failover" --owner @ben', user=harness.mm.ana
    )
    assert delivered.status == 200
    assert (delivered.json["response_type"], delivered.json["text"]) == ("ephemeral", "")
    [message] = harness.intake.messages
    assert message.via is Via.COMMAND
    assert message.text == 'start "Database failover" --owner @ben'
    assert (message.actor.id, message.actor.handle) == (harness.mm.ana.id, "ana")
    assert (message.place.channel, message.place.thread, message.place.direct) == (harness.mm.town.id, "", False)
    assert message.place.site == harness.mm.url
    assert message.reply.url.startswith(f"{harness.mm.url}/hooks/commands/")
    assert harness.intake.processed == [message.key]
    assert message.key.startswith(f"mattermost:127.0.0.1:{harness.mm.port}:")
    assert len(message.key) <= 128


async def test_a_duplicate_command_is_recorded_once_and_gets_the_same_response(harness: MattermostHarness) -> None:
    dialog = harness.mm.command_form("finish T3", harness.mm.ana, harness.mm.town)
    first = await harness.mm.send_command(harness.url, dialog)
    second = await harness.mm.send_command(harness.url, dialog)
    assert first.body == second.body
    assert len(harness.intake.messages) == 1
    assert len(harness.intake.processed) == 1


async def test_commands_without_trigger_id_are_distinguished(harness: MattermostHarness) -> None:
    dialog = harness.mm.command_form("finish T3", harness.mm.ana, harness.mm.town, trigger_id="")
    other = harness.mm.command_form("finish T3", harness.mm.ana, harness.mm.town, trigger_id="")
    for sent in (dialog, dialog, other):
        assert (await harness.mm.send_command(harness.url, sent)).status == 200
    assert len(harness.intake.messages) == 2


async def test_too_many_fields_are_400(harness: MattermostHarness) -> None:
    assert (await harness.mm.send_command(harness.url, {f"f{number}": "" for number in range(1000)})).status == 400


@pytest.mark.parametrize("token", ["", "wrong", "8zfcikhqgidijxhepbieg85iuw", "\u00e9"])
async def test_a_wrong_token_is_401_and_not_recorded(harness: MattermostHarness, token: str) -> None:
    dialog = harness.mm.command_form("finish T3", harness.mm.ana, harness.mm.town, token=token)
    assert (await harness.mm.send_command(harness.url, dialog, header=False)).status == 401
    assert harness.intake.messages == []


async def test_the_header_or_the_token_is_enough_but_a_wrong_one_is_401(harness: MattermostHarness) -> None:
    dialog = harness.mm.command_form("next", harness.mm.ana, harness.mm.town)
    token = dialog.pop("token")
    assert (await harness.mm.send_command(harness.url, dialog | {"x": "y"})).status == 401
    assert (await harness.mm.send_command(harness.url, dialog | {"token": token}, header=False)).status == 200


async def test_without_configured_tokens_every_command_is_401(harness: MattermostHarness) -> None:
    await harness.surface.stop()
    harness.build(command_tokens=())
    await harness.start()
    assert (await harness.mm.command(harness.url, "next")).status == 401


async def test_a_command_that_is_not_recorded_says_so(harness: MattermostHarness) -> None:
    harness.intake.failing_records = 1
    delivered = await harness.mm.command(harness.url, "finish T3")
    assert delivered.status == 200
    assert "couldn't confirm that this was saved" in delivered.json["text"]
    assert "`/run show`" in delivered.json["text"]
    assert harness.intake.processed == []


async def test_routes_are_503_when_not_started(harness: MattermostHarness) -> None:
    await harness.surface.stop()
    assert (await harness.mm.command(harness.url, "next")).status == 503


async def test_a_command_in_a_direct_channel_with_the_bot_is_direct(harness: MattermostHarness) -> None:
    await harness.mm.command(harness.url, "mine", channel=harness.mm.direct(harness.mm.ana, harness.mm.bot))
    await harness.mm.command(harness.url, "mine", channel=harness.mm.direct(harness.mm.ana, harness.mm.ben))
    assert [message.place.direct for message in harness.intake.messages] == [True, False]


async def test_a_command_in_a_thread_has_the_thread_as_its_place(harness: MattermostHarness) -> None:
    root = await harness.post()
    await harness.mm.send_command(
        harness.url, harness.mm.command_form("next", harness.mm.ana, harness.mm.town, root_id=root.id)
    )
    assert harness.intake.messages[0].place.thread == root.id


async def test_a_large_body_is_413(harness: MattermostHarness) -> None:
    dialog = harness.mm.command_form("x" * 2**21, harness.mm.ana, harness.mm.town)
    assert (await harness.mm.send_command(harness.url, dialog)).status == 413
    assert harness.intake.messages == []


async def test_only_the_reader_of_a_private_answer_can_press_its_buttons(
    harness: MattermostHarness,
) -> None:
    from commands.model.card import Button
    from commands.model.intents import Choose

    await harness.mm.command(harness.url, "finish rep")
    [message] = harness.intake.messages
    choice = simple_card(
        "Which one?", Button("Promote the replica", Choose(key=message.key, values={"run": "R7"}))
    )
    await harness.surface.send_private(message, choice)
    [shown] = harness.mm.private(harness.mm.ana)
    assert shown.labels == ["Promote the replica"]
    assert not [post for post in harness.mm.posts_in(harness.mm.town) if post.user == harness.mm.bot.id]

    stolen = harness.mm.click_body(shown, "Promote the replica", harness.mm.ben)
    assert (await harness.mm.send_json(*stolen)).status == 401
    assert (await harness.mm.press(shown, "Promote the replica", harness.mm.ana)).status == 200
    pressed = harness.intake.messages[-1]
    assert pressed.intent == {"verb": "choose", "key": message.key, "pick": {"run": "R7"}}
    assert pressed.reply.url == message.reply.url
    assert len(harness.intake.messages) == 2


async def test_response_urls_of_other_sites_are_never_called(harness: MattermostHarness) -> None:
    from tests.fakes.mattermost import FakeMattermost

    async with FakeMattermost() as other_site:
        dialog = harness.mm.command_form(
            "help",
            harness.mm.ana,
            harness.mm.town,
            response_url=f"{other_site.url}/somewhere/else?x=/hooks/commands/abc",
        )
        await harness.mm.send_command(harness.url, dialog)
        await harness.surface.send_private(harness.intake.messages[0], simple_card("Help"))
        assert other_site.seen == []
    direct = await harness.mm.until(
        lambda: harness.mm.last_post(harness.mm.direct(harness.mm.ana, harness.mm.bot))
    )
    assert "Help" in direct.text


async def test_a_response_url_with_another_host_name_uses_the_configured_address(
    harness: MattermostHarness,
) -> None:
    dialog = harness.mm.command_form("help", harness.mm.ana, harness.mm.town)
    dialog["response_url"] = dialog["response_url"].replace(harness.mm.url, "https://chat.example.com/mm")
    await harness.mm.send_command(harness.url, dialog)
    await harness.surface.send_private(harness.intake.messages[0], simple_card("Help"))
    assert [post.text for post in harness.mm.private(harness.mm.ana)] == ["Help"]


async def test_after_five_uses_only_a_refusal_is_sent_directly(harness: MattermostHarness) -> None:
    await harness.mm.command(harness.url, "finish T3")
    [message] = harness.intake.messages
    for _ in range(5):
        await harness.surface.send_private(message, simple_card("T4 waits for T3"))
    await harness.surface.send_private(message, simple_card("Done", shown_elsewhere=True))
    assert len(harness.mm.private(harness.mm.ana)) == 5
    assert harness.mm.posts_in(harness.mm.direct(harness.mm.ana, harness.mm.bot)) == []
    await harness.surface.send_private(message, simple_card("T5 waits for T3", tone="bad"))
    [last] = harness.mm.posts_in(harness.mm.direct(harness.mm.ana, harness.mm.bot))
    assert "T5 waits for T3" in last.text


async def test_a_response_url_does_not_get_the_bots_token(harness: MattermostHarness) -> None:
    await harness.mm.command(harness.url, "help")
    await harness.surface.send_private(harness.intake.messages[0], simple_card("Help"))
    [call] = harness.mm.calls("POST", "/hooks/commands/")
    assert "Authorization" not in call.headers
    assert json.loads(call.body)["response_type"] == "ephemeral"
