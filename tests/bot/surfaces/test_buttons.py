"""Buttons keep their intent, and commands, mentions and forms arrive as they were typed."""

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
from tests.bot.surfaces.fake_intake import FIELD_ERROR
from tests.bot.surfaces.harness import SurfaceHarness, needs_server

SPECIAL_TEXT = 'R7.T3 “é” <b> & "x" :) 🔥'


def _one_intent_of_each_class() -> Iterator[Intent]:
    """One intent of each class that a button can have, with every field set."""
    for kind in vars(intents).values():
        if isinstance(kind, type) and issubclass(kind, Intent) and kind not in (Intent, TaskIntent, OpenForm):
            yield kind.model_validate(
                {name: _sample_value(name, of.annotation) for name, of in kind.model_fields.items()}
            )


def _sample_value(name: str, kind: Any) -> Any:
    choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else ()
    if choices:
        return choices[0 if name == "verb" else -1]
    if kind is bool:
        return True
    if kind is int:
        return 3
    if kind is datetime:
        return datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    if typing.get_origin(kind) is tuple:
        return (SPECIAL_TEXT, "T2")
    if typing.get_origin(kind) is dict:
        return {"a": SPECIAL_TEXT}
    return f"{name} {SPECIAL_TEXT}"


async def test_every_intent_survives_its_button(harness: SurfaceHarness) -> None:
    everything = list(_one_intent_of_each_class())
    assert len(everything) > 20
    for intent in everything:
        card = Card(title=(intent.verb,), summary=intent.verb, buttons=(Button(intent.verb, intent),))
        ref = await harness.surface.post(harness.ops(), card, nonce=f"n-{intent.verb}")
        message = await harness.press(ref, intent.verb)
        assert message.intent is not None
        assert COMMANDS.intent_from(message.intent) == intent
        assert (message.via, message.text, message.actor.id) == (Via.BUTTON, "", harness.person("ana").id)
        assert message.place.key == harness.ops().key


async def test_anybody_can_press_each_button_of_a_card(harness: SurfaceHarness) -> None:
    buttons = tuple(Button(f"Finish T{n}", Finish(run="R7", tasks=(f"T{n}",))) for n in range(1, 5))
    ref = await harness.surface.post(harness.ops(), Card(title=("R7",), summary="R7", buttons=buttons), nonce="n1")
    for number, user in ((3, "ben"), (1, "ana"), (4, "gil")):
        message = await harness.press(ref, f"Finish T{number}", user=user)
        assert message.intent is not None
        assert COMMANDS.intent_from(message.intent) == buttons[number - 1].intent
        assert message.actor.id == harness.person(user).id


@needs_server
async def test_a_click_in_a_thread_belongs_to_the_thread(harness: SurfaceHarness) -> None:
    thread = await harness.start_thread()
    card = Card(title=("R7",), summary="R7", buttons=(Button("Finish T1", Finish(run="R7", tasks=("T1",))),))
    ref = await harness.surface.post(harness.ops(thread=thread), card, nonce="n1")
    message = await harness.press(ref, "Finish T1")
    assert message.place.thread == thread
    assert message.reply.post == ref.id


async def test_an_edited_button_has_the_new_intent(harness: SurfaceHarness) -> None:
    actor, two = (Button("Finish", Finish(run="R7", tasks=(task,))) for task in ("T1", "T2"))
    ref = await harness.surface.post(
        harness.ops(), Card(title=("R7",), summary="R7", buttons=(actor,)), nonce="n1"
    )
    await harness.surface.edit(ref, Card(title=("R7",), summary="R7", buttons=(two,)))
    message = await harness.press(ref, "Finish")
    assert message.intent is not None
    assert COMMANDS.intent_from(message.intent) == two.intent


async def test_a_form_is_corrected_in_place_and_recorded_once(
    harness: SurfaceHarness,
) -> None:
    update = Button("Update status", OpenForm(run="R7", about="status"))
    ref = await harness.surface.post(
        harness.ops(), Card(title=("R7",), summary="R7", buttons=(update,)), nonce="n1"
    )
    message = await harness.submit_form(
        ref, "Update status", {"health": "green", "text": "short"}, {"health": "green", "text": "all is well"}
    )
    assert message.via is Via.FORM
    assert message.intent == {"verb": "status", "run": "R7", "health": "green", "text": "all is well"}
    assert (message.actor.id, message.place.key) == (harness.person("ana").id, harness.ops().key)
    assert len(harness.intake.messages) == 1
    assert FIELD_ERROR not in harness.public_text()


TYPED = [
    "finish T3 don't — it's done",
    'start "Database failover" --name Primary down in EU',
    "status amber lag < 40 s & rising > 10 %",
    "comment see https://wiki.example/a?b=1&c=2#d for `x`",
    "comment 🔥 השרת נפל",
    "status “quoted” —next 30m",
]


@pytest.mark.parametrize("line", TYPED)
async def test_a_typed_line_arrives_unchanged(harness: SurfaceHarness, line: str) -> None:
    assert (await harness.command(line)).text == line


@pytest.mark.parametrize("line", TYPED)
@needs_server
async def test_a_mention_arrives_unchanged_in_its_thread(harness: SurfaceHarness, line: str) -> None:
    thread = await harness.start_thread()
    message = await harness.mention(line, thread=thread)
    assert (message.text, message.place.thread, message.via) == (line, thread, Via.MENTION)
