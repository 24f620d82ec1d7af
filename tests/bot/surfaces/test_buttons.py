"""A button carries its intent there and back; commands, mentions and forms are read as they were meant."""

import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from commands.model import intents
from commands.model.card import Button, Card
from commands.model.intents import Finish, Intent, OpenForm, TaskIntent
from commands.model.messages import Via
from commands.registry import COMMANDS
from tests.bot.surfaces.recorder import WRONG
from tests.bot.surfaces.stands import Stand, served

WORDS = 'R7.T3 “é” <b> & "x" :) 🔥'


def _every_intent() -> Iterator[Intent]:
    """One of each class that a button may carry, every field filled."""
    for kind in vars(intents).values():
        if isinstance(kind, type) and issubclass(kind, Intent) and kind not in (Intent, TaskIntent, OpenForm):
            yield kind.model_validate(
                {name: _value(name, of.annotation) for name, of in kind.model_fields.items()}
            )


def _value(name: str, kind: Any) -> Any:
    choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else ()
    if choices:
        return choices[-1]
    if kind is bool:
        return True
    if kind is datetime:
        return datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    if typing.get_origin(kind) is tuple:
        return (WORDS, "T2")
    if typing.get_origin(kind) is dict:
        return {"a": WORDS}
    return f"{name} {WORDS}"


async def test_every_intent_comes_back_as_it_was_put_on_its_button(stand: Stand) -> None:
    everything = list(_every_intent())
    assert len(everything) > 20
    for intent in everything:
        card = Card(title=(intent.verb,), summary=intent.verb, buttons=(Button(intent.verb, intent),))
        ref = await stand.surface.post(stand.ops(), card, nonce=f"n-{intent.verb}")
        message = await stand.press(ref, intent.verb)
        assert message.intent is not None
        assert COMMANDS.intent_from(message.intent) == intent
        assert (message.via, message.text, message.actor.id) == (Via.BUTTON, "", stand.person("ana").id)
        assert message.place.key == stand.ops().key


async def test_each_button_of_a_card_is_its_own_and_anybodys(stand: Stand) -> None:
    buttons = tuple(Button(f"Finish T{n}", Finish(run="R7", tasks=(f"T{n}",))) for n in range(1, 5))
    ref = await stand.surface.post(stand.ops(), Card(title=("R7",), summary="R7", buttons=buttons), nonce="n1")
    for number, user in ((3, "ben"), (1, "ana"), (4, "gil")):
        message = await stand.press(ref, f"Finish T{number}", user=user)
        assert message.intent is not None
        assert COMMANDS.intent_from(message.intent) == buttons[number - 1].intent
        assert message.actor.id == stand.person(user).id


@served
async def test_a_button_in_a_thread_speaks_of_that_thread(stand: Stand) -> None:
    thread = await stand.thread()
    card = Card(title=("R7",), summary="R7", buttons=(Button("Finish T1", Finish(run="R7", tasks=("T1",))),))
    ref = await stand.surface.post(stand.ops(thread=thread), card, nonce="n1")
    message = await stand.press(ref, "Finish T1")
    assert message.place.thread == thread
    assert message.reply.post == ref.id


async def test_a_button_that_was_edited_in_carries_the_new_intent(stand: Stand) -> None:
    one, two = (Button("Finish", Finish(run="R7", tasks=(task,))) for task in ("T1", "T2"))
    ref = await stand.surface.post(stand.ops(), Card(title=("R7",), summary="R7", buttons=(one,)), nonce="n1")
    await stand.surface.edit(ref, Card(title=("R7",), summary="R7", buttons=(two,)))
    message = await stand.press(ref, "Finish")
    assert message.intent is not None
    assert COMMANDS.intent_from(message.intent) == two.intent


async def test_a_form_is_opened_by_its_button_corrected_in_place_and_recorded_once(stand: Stand) -> None:
    update = Button("Update status", OpenForm(run="R7", about="status"))
    ref = await stand.surface.post(stand.ops(), Card(title=("R7",), summary="R7", buttons=(update,)), nonce="n1")
    message = await stand.fill(
        ref, "Update status", {"health": "green", "text": "short"}, {"health": "green", "text": "all is well"}
    )
    assert message.via is Via.FORM
    assert message.intent == {"verb": "status", "run": "R7", "health": "green", "text": "all is well"}
    assert (message.actor.id, message.place.key) == (stand.person("ana").id, stand.ops().key)
    assert len(stand.recorder.messages) == 1
    assert WRONG not in stand.public()


TYPED = [
    "finish T3 don't — it's done",
    'start "Database failover" --name Primary down in EU',
    "status amber lag < 40 s & rising > 10 %",
    "comment see https://wiki.example/a?b=1&c=2#d for `x`",
    "comment 🔥 השרת נפל",
    "status “quoted” —next 30m",
]


@pytest.mark.parametrize("line", TYPED)
async def test_a_typed_line_arrives_as_it_was_typed(stand: Stand, line: str) -> None:
    assert (await stand.command(line)).text == line


@pytest.mark.parametrize("line", TYPED)
@served
async def test_a_mention_arrives_as_it_was_typed_in_its_thread(stand: Stand, line: str) -> None:
    thread = await stand.thread()
    message = await stand.mention(line, thread=thread)
    assert (message.text, message.place.thread, message.via) == (line, thread, Via.MENTION)
