"""When a chat may be called, by its own rules."""

import asyncio

import pytest

from bot.surfaces import budgets as module
from bot.surfaces.budgets import Budgets, ServerBudget
from bot.surfaces.errors import Throttled


def wait_for(budgets: Budgets, method: str, channel: str) -> float:
    """How long the call has to wait. It is made if that is 0."""
    try:
        with budgets.call(method, channel):
            return 0.0
    except Throttled as error:
        return error.retry_after


@pytest.fixture
def budgets() -> Budgets:
    return Budgets({"post": 1.0}, {"post": 2.0, "edit": 2.0})


async def test_a_channel_takes_one_call_in_its_interval_and_others_do_not_wait(budgets: Budgets) -> None:
    assert not wait_for(budgets, "post", "C1")
    assert 0.9 < wait_for(budgets, "post", "C1") <= 1.0
    assert not wait_for(budgets, "post", "C2")
    assert not wait_for(budgets, "edit", "C1"), "another method"


async def test_the_interval_begins_with_the_response(budgets: Budgets) -> None:
    with budgets.call("post", "C1"):
        await asyncio.sleep(0.2)
    assert wait_for(budgets, "post", "C1") > 0.95


async def test_nothing_is_sent_with_a_method_inside_its_retry_after(budgets: Budgets) -> None:
    budgets.block("edit", 30.0)
    assert 29.0 < wait_for(budgets, "edit", "C1") <= 30.0
    assert wait_for(budgets, "edit", "C2") > 29.0
    assert not wait_for(budgets, "post", "C1")


async def test_after_a_429_calls_are_made_one_at_a_time_and_after_another_at_the_documented_pace(
    budgets: Budgets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CAUTIOUS_SECONDS", 5.0)
    budgets.block("edit", 0.01)
    await asyncio.sleep(0.02)
    with budgets.call("edit", "C1"):
        assert wait_for(budgets, "edit", "C2")
    assert not wait_for(budgets, "edit", "C2")
    budgets.block("edit", 0.01)
    await asyncio.sleep(0.02)
    assert 1.5 < wait_for(budgets, "edit", "C2") <= 2.0


async def test_the_last_fifth_of_a_server_s_limit_is_for_what_people_wait_for() -> None:
    budget = ServerBudget()
    budget.require(background=True)
    budget.read({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "15", "x-ratelimit-reset": "8"})
    budget.require(background=False)
    with pytest.raises(Throttled) as error:
        budget.require(background=True)
    assert 0.3 < error.value.retry_after < 1.5
    budget.block(2.0)
    with pytest.raises(Throttled):
        budget.require(background=False)


async def test_a_server_without_a_limit_is_called_at_any_time() -> None:
    budget = ServerBudget()
    for _ in range(1000):
        budget.require(background=True)
        budget.read({"content-type": "application/json"})
