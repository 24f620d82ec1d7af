"""The search select of a message, and its list of people: what a client sends when somebody chooses."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack import Slack
from tests.fakes.slack_blocks import option_faults
from tests.fakes.slack_deliveries import Delivered
from tests.fakes.slack_state import Posted


async def search(slack: Slack, app_url: str, post: Posted, typed: str, *, user: str) -> list[dict[str, Any]]:
    """The options that are offered for what was typed."""
    block_id, select = _select(post, "external_select")
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
    block_id, select = _select(post, "external_select")
    action = {"type": "external_select", "action_id": select["action_id"], "selected_option": option}
    payload = {
        **slack.interaction("block_actions", user),
        **_shown(slack, post),
        "response_url": slack.new_response_url(post.channel, user, post),
        "actions": [{**action, "block_id": block_id, "action_ts": slack.new_ts()}],
    }
    return await slack.deliver(app_url, "interactive", payload)


async def pick_person(slack: Slack, app_url: str, post: Posted, person: str, *, user: str) -> Delivered:
    """Chooses a person in the list of people of a message."""
    block_id, select = _select(post, "users_select")
    shown = _shown(slack, post)
    if post.to:
        shown["container"]["is_ephemeral"] = True
        del shown["message"]
    payload = {
        **slack.interaction("block_actions", user),
        **shown,
        "response_url": slack.new_response_url(post.channel, user, post),
        "actions": [
            {
                "type": "users_select",
                "action_id": select["action_id"],
                "block_id": block_id,
                "selected_user": person,
                "action_ts": slack.new_ts(),
            }
        ],
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


def _select(post: Posted, type: str) -> tuple[str, Mapping[str, Any]]:
    """The block id, and the select itself."""
    for block in post.blocks:
        for element in (*block.get("elements", ()), block.get("accessory") or {}):
            if element.get("type") == type:
                return block["block_id"], element
    raise AssertionError(f"the message has no {type}")
