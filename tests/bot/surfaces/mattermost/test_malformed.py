"""Deliveries in another form than documented are answered with 400 or 401, and never with an internal error."""

import json
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.surfaces.mattermost.buttons import Buttons, ButtonScope
from bot.surfaces.mattermost.dialogs import state_of
from bot.surfaces.mattermost.signing import Signer
from commands.model.card import Button
from commands.model.intents import Finish
from commands.model.messages import Actor, ReplyRoute
from tests.bot.surfaces.damaged_json import damaged, nested
from tests.bot.surfaces.fake_intake import STATUS_FORM
from tests.bot.surfaces.mattermost.harness import SECRET, MattermostHarness

SIGNER = Signer(SECRET)


async def post(harness: MattermostHarness, path: str, body: bytes) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{harness.url}/mattermost/{path}", data=body) as got,
    ):
        return got.status


def click(harness: MattermostHarness) -> dict[str, Any]:
    scope = ButtonScope(harness.town(), "n1")
    (action,) = Buttons(SIGNER, "http://x").actions(
        (Button("Finish", Finish(tasks=("T1",))),), scope, harness.now()
    )
    context = action["integration"]["context"]
    ids = {"user_id": harness.mm.ana.id, "channel_id": harness.mm.town.id, "post_id": "p" * 26}
    return {**ids, "user_name": "ana", "trigger_id": "t1", "context": context}


def form(harness: MattermostHarness) -> dict[str, Any]:
    actor = Actor(surface="mattermost", id=harness.mm.ana.id)
    state = state_of(STATUS_FORM, actor, harness.town(), ReplyRoute(), "n2", harness.now())
    ids = {"user_id": harness.mm.ana.id, "channel_id": harness.mm.town.id}
    return {**ids, "state": SIGNER.seal("dialog", state), "submission": {"text": "hello"}}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), kind=st.sampled_from(["action", "dialog"]))
async def test_no_damaged_delivery_is_an_internal_error(
    harness: MattermostHarness, data: st.DataObject, kind: str
) -> None:
    payload = data.draw(damaged(st.just(click(harness) if kind == "action" else form(harness))))
    assert await post(harness, kind, json.dumps(payload).encode()) in (200, 400, 401)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_damaged_seal_is_an_internal_error(harness: MattermostHarness, data: st.DataObject) -> None:
    """Only who has the key can seal these: a later version of ours, for example."""
    body = click(harness)
    payload = data.draw(
        damaged(st.just({"intent": {"verb": "next"}, "channel": harness.mm.town.id, "thread": "", "nonce": "n"}))
    )
    sealed = SIGNER.seal("button", payload)
    body["context"] = {"p0": sealed}
    assert await post(harness, "action", json.dumps(body).encode()) in (200, 400, 401)


@pytest.mark.parametrize("path", ["action", "dialog"])
@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"5", b"[]", b""])
async def test_a_body_that_is_no_delivery_is_400(harness: MattermostHarness, path: str, content: bytes) -> None:
    assert await post(harness, path, content) == 400


@pytest.mark.parametrize("depth", [200, 400, 900])
async def test_a_deeply_nested_intent_is_400(harness: MattermostHarness, depth: int) -> None:
    payload = {"intent": nested(depth), "channel": harness.mm.town.id, "thread": "", "nonce": "n"}
    body = {**click(harness), "context": {"p0": SIGNER.seal("button", payload)}}
    assert await post(harness, "action", json.dumps(body).encode()) in (200, 400)
    assert harness.intake.messages == [] or depth == 200
