"""Slash commands: proved by their token, recorded once, answered with nothing that a client should not see."""

import json

import pytest

from commands.model.messages import Via
from tests.bot.surfaces.mattermost.rig import Rig, card


async def test_a_command_is_recorded_and_then_carried(rig: Rig) -> None:
    delivered = await rig.mm.command(rig.url, 'start "Database failover" --owner @ben', user=rig.mm.ana)
    assert delivered.status == 200
    assert delivered.json == {"response_type": "ephemeral", "text": "", "skip_slack_parsing": True}
    [message] = rig.engine.messages
    assert message.via is Via.COMMAND
    assert message.text == 'start "Database failover" --owner @ben'
    assert (message.actor.id, message.actor.handle) == (rig.mm.ana.id, "ana")
    assert (message.place.channel, message.place.thread, message.place.direct) == (rig.mm.town.id, "", False)
    assert message.place.site == rig.mm.url
    assert message.reply.url.startswith(f"{rig.mm.url}/hooks/commands/")
    assert rig.engine.carried == [message.key]
    assert message.key.startswith(f"mattermost:127.0.0.1:{rig.mm.port}:")
    assert len(message.key) <= 128


async def test_the_same_delivery_twice_is_one_message_and_one_answer(rig: Rig) -> None:
    form = rig.mm.command_form("finish T3", rig.mm.ana, rig.mm.town)
    first = await rig.mm.send_command(rig.url, form)
    second = await rig.mm.send_command(rig.url, form)
    assert first.body == second.body
    assert len(rig.engine.messages) == 1
    assert len(rig.engine.carried) == 1


async def test_a_delivery_without_trigger_id_is_still_told_from_another(rig: Rig) -> None:
    form = rig.mm.command_form("finish T3", rig.mm.ana, rig.mm.town, trigger_id="")
    other = rig.mm.command_form("finish T3", rig.mm.ana, rig.mm.town, trigger_id="")
    for sent in (form, form, other):
        assert (await rig.mm.send_command(rig.url, sent)).status == 200
    assert len(rig.engine.messages) == 2


async def test_fields_without_end_are_400(rig: Rig) -> None:
    assert (await rig.mm.send_command(rig.url, {f"f{number}": "" for number in range(1000)})).status == 400


@pytest.mark.parametrize("token", ["", "wrong", "8zfcikhqgidijxhepbieg85iuw", "\u00e9"])
async def test_a_wrong_token_is_401_and_leaves_nothing(rig: Rig, token: str) -> None:
    form = rig.mm.command_form("finish T3", rig.mm.ana, rig.mm.town, token=token)
    assert (await rig.mm.send_command(rig.url, form, header=False)).status == 401
    assert rig.engine.messages == []


async def test_the_header_alone_is_proof_but_a_wrong_header_is_not(rig: Rig) -> None:
    form = rig.mm.command_form("next", rig.mm.ana, rig.mm.town)
    token = form.pop("token")
    assert (await rig.mm.send_command(rig.url, form | {"x": "y"})).status == 401
    assert (await rig.mm.send_command(rig.url, form | {"token": token}, header=False)).status == 200


async def test_no_configured_token_refuses_every_command(rig: Rig) -> None:
    await rig.surface.stop()
    rig.build(command_tokens=())
    await rig.listen()
    assert (await rig.mm.command(rig.url, "next")).status == 401


async def test_a_store_that_does_not_answer_is_said_and_nothing_is_carried(rig: Rig) -> None:
    rig.engine.broken = 1
    delivered = await rig.mm.command(rig.url, "finish T3")
    assert delivered.status == 200
    assert "not surely recorded" in delivered.json["text"]
    assert "`/run show`" in delivered.json["text"]
    assert rig.engine.carried == []


async def test_before_the_start_it_is_503(rig: Rig) -> None:
    await rig.surface.stop()
    assert (await rig.mm.command(rig.url, "next")).status == 503


async def test_a_command_in_a_direct_channel_with_us_says_so(rig: Rig) -> None:
    await rig.mm.command(rig.url, "mine", channel=rig.mm.direct(rig.mm.ana, rig.mm.bot))
    await rig.mm.command(rig.url, "mine", channel=rig.mm.direct(rig.mm.ana, rig.mm.ben))
    assert [message.place.direct for message in rig.engine.messages] == [True, False]


async def test_a_thread_named_by_a_newer_server_is_the_place(rig: Rig) -> None:
    root = await rig.post()
    await rig.mm.send_command(rig.url, rig.mm.command_form("next", rig.mm.ana, rig.mm.town, root_id=root.id))
    assert rig.engine.messages[0].place.thread == root.id


async def test_a_body_too_large_to_be_a_delivery_is_not_read(rig: Rig) -> None:
    form = rig.mm.command_form("x" * 2**21, rig.mm.ana, rig.mm.town)
    assert (await rig.mm.send_command(rig.url, form)).status == 413
    assert rig.engine.messages == []


async def test_the_private_answer_goes_by_response_url_with_buttons_that_only_its_reader_can_press(
    rig: Rig,
) -> None:
    from commands.model.card import Button
    from commands.model.intents import Choose

    await rig.mm.command(rig.url, "finish rep")
    [message] = rig.engine.messages
    choice = card("Which one?", Button("Promote the replica", Choose(key=message.key, values={"run": "R7"})))
    await rig.surface.send_private(message, choice)
    [shown] = rig.mm.private(rig.mm.ana)
    assert shown.labels == ["Promote the replica"]
    assert not [post for post in rig.mm.posts_in(rig.mm.town) if post.user == rig.mm.bot.id]

    stolen = rig.mm.click_body(shown, "Promote the replica", rig.mm.ben)
    assert (await rig.mm.send_json(*stolen)).status == 401
    assert (await rig.mm.press(shown, "Promote the replica", rig.mm.ana)).status == 200
    pressed = rig.engine.messages[-1]
    assert pressed.intent == {"verb": "choose", "key": message.key, "pick": {"run": "R7"}}
    assert pressed.reply.url == message.reply.url
    assert len(rig.engine.messages) == 2


async def test_response_urls_of_other_sites_are_never_called(rig: Rig) -> None:
    from tests.fakes.mattermost import FakeMattermost

    async with FakeMattermost() as elsewhere:
        form = rig.mm.command_form(
            "help", rig.mm.ana, rig.mm.town, response_url=f"{elsewhere.url}/somewhere/else?x=/hooks/commands/abc"
        )
        await rig.mm.send_command(rig.url, form)
        await rig.surface.send_private(rig.engine.messages[0], card("Help"))
        assert elsewhere.seen == []
    direct = await rig.mm.until(lambda: rig.mm.last_post(rig.mm.direct(rig.mm.ana, rig.mm.bot)))
    assert "Help" in direct.text


async def test_a_site_that_calls_itself_by_another_name_is_answered_at_our_address(rig: Rig) -> None:
    form = rig.mm.command_form("help", rig.mm.ana, rig.mm.town)
    form["response_url"] = form["response_url"].replace(rig.mm.url, "https://chat.example.com/mm")
    await rig.mm.send_command(rig.url, form)
    await rig.surface.send_private(rig.engine.messages[0], card("Help"))
    assert [post.text for post in rig.mm.private(rig.mm.ana)] == ["Help"]


async def test_five_uses_and_then_a_direct_message_for_a_refusal_only(rig: Rig) -> None:
    await rig.mm.command(rig.url, "finish T3")
    [message] = rig.engine.messages
    for _ in range(5):
        await rig.surface.send_private(message, card("T4 waits for T3"))
    await rig.surface.send_private(message, card("Done", shown_elsewhere=True))
    assert len(rig.mm.private(rig.mm.ana)) == 5
    assert rig.mm.posts_in(rig.mm.direct(rig.mm.ana, rig.mm.bot)) == []
    await rig.surface.send_private(message, card("T5 waits for T3", tone="bad"))
    [last] = rig.mm.posts_in(rig.mm.direct(rig.mm.ana, rig.mm.bot))
    assert "T5 waits for T3" in last.text


async def test_the_token_of_the_bot_is_not_sent_to_a_response_url(rig: Rig) -> None:
    await rig.mm.command(rig.url, "help")
    await rig.surface.send_private(rig.engine.messages[0], card("Help"))
    [call] = rig.mm.calls("POST", "/hooks/commands/")
    assert "Authorization" not in call.headers
    assert json.loads(call.body)["response_type"] == "ephemeral"
