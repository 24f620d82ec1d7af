"""The search select of a message: what a client sends when a person opens it, types, and chooses."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack import Slack
from tests.fakes.slack_blocks import option_faults
from tests.fakes.slack_deliveries import Delivered
from tests.fakes.slack_state import Posted


async def search(slack: Slack, app_url: str, post: Posted, typed: str, *, user: str) -> list[dict[str, Any]]:
    """The options that are offered for what was typed."""
    block_id, select = _search_select(post)
    payload = {
        **slack.interaction("block_suggestion", user),
        **_shown(slack, post),
        "block_id": block_id,
        "action_id": select["action_id"],
        "value": typed,
    }
    options: list[dict[str, Any]] = (await slack.deliver(app_url, "interactive", payload)).json["options"]
    assert not (faults := option_faults(options)), faults
    return options


async def choose(slack: Slack, app_url: str, post: Posted, option: Mapping[str, Any], *, user: str) -> Delivered:
    """Chooses one of the options that ``search`` returned."""
    block_id, select = _search_select(post)
    action = {"type": "external_select", "action_id": select["action_id"], "selected_option": option}
    payload = {
        **slack.interaction("block_actions", user),
        **_shown(slack, post),
        "response_url": slack.new_response_url(post.channel, user, post),
        "actions": [{**action, "block_id": block_id, "action_ts": slack.new_ts()}],
    }
    return await slack.deliver(app_url, "interactive", payload)


def _shown(slack: Slack, post: Posted) -> dict[str, Any]:
    thread = {"thread_ts": post.thread_ts} if post.thread_ts else {}
    shown = {"ts": post.ts, "user": post.user, "text": post.text, "blocks": post.blocks, **thread}
    return {
        "channel": {"id": post.channel, "name": slack.channels[post.channel].name},
        "container": {"type": "message", "message_ts": post.ts, "channel_id": post.channel, **thread},
        "message": {"type": "message", **shown},
    }


def _search_select(post: Posted) -> tuple[str, Mapping[str, Any]]:
    """The block id, and the select itself."""
    for block in post.blocks:
        for element in (*block.get("elements", ()), block.get("accessory") or {}):
            if element.get("type") == "external_select":
                return block["block_id"], element
    raise AssertionError("the message has no search select")
