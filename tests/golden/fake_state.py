"""Saves and restores the state of the fake chats and the fake Cutover that belongs to the 0.1 database.

The JSON uses the attribute names that the fakes had then. If an attribute of a fake is renamed, map it here and
leave ``house_0_1.json`` unchanged.
"""

import itertools
import time
from dataclasses import asdict
from typing import Any

from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeComment, FakeRunbook, FakeTask
from tests.fakes.mattermost import FakeMattermost
from tests.fakes.mattermost.models import Channel as MattermostChannel
from tests.fakes.mattermost.models import Dialog, Post, User, millis
from tests.fakes.slack import Slack
from tests.fakes.slack_state import Channel, Modal, Posted

Json = dict[str, Any]


def cutover_state(fake: CutoverFake) -> Json:
    return {
        "runbooks": [asdict(runbook) for runbook in fake.runbooks.values()],
        "effects": fake.effects,
        "next_id": int(fake.world.id()),
    }


def restore_cutover(fake: CutoverFake, state: Json) -> None:
    world = fake.world
    world.runbooks.clear()
    for facts in state["runbooks"]:
        tasks = {id: FakeTask(**task) for id, task in facts["tasks"].items()}
        comments = [FakeComment(**comment) for comment in facts["comments"]]
        streams = [(id, name) for id, name in facts["streams"]]
        fields = {**facts, "tasks": tasks, "comments": comments, "streams": streams}
        world.runbooks[facts["id"]] = FakeRunbook(**fields)
    fake.template = next(runbook for runbook in world.runbooks.values() if runbook.is_template)
    world.effects[:] = [(effect, id, actor) for effect, id, actor in state["effects"]]
    world.ids = itertools.count(state["next_id"])


def slack_state(fake: Slack) -> Json:
    channels = [{**asdict(channel), "members": sorted(channel.members)} for channel in fake.channels.values()]
    return {
        "channels": channels,
        "whispers": [asdict(post) for post in fake.ephemerals],
        "modals": [asdict(modal) for modal in fake.modals.values()],
        "responses": [[id, channel, user] for id, (channel, user, _, _) in fake._responses.items()],
        "next_number": next(fake._numbers),
    }


def restore_slack(fake: Slack, state: Json) -> None:
    for facts in state["channels"]:
        messages = [Posted(**post) for post in facts["messages"]]
        fields = {**facts, "members": set(facts["members"]), "messages": messages}
        fake.channels[facts["id"]] = Channel(**fields)
    fake.ephemerals = [Posted(**post) for post in state["whispers"]]
    fake.modals = {facts["id"]: Modal(**facts) for facts in state["modals"]}
    fake._responses = {id: (channel, user, "", []) for id, channel, user in state["responses"]}
    fake._numbers = itertools.count(state["next_number"])


def mattermost_state(fake: FakeMattermost) -> Json:
    dialogs = [dialog for dialog in fake.dialogs if dialog.open]
    return {
        "team": fake.team,
        "team_members": sorted(fake.team_members),
        "command_token": fake.command_token,
        "users": [asdict(user) for user in fake.users.values()],
        "channels": [
            {**asdict(channel), "members": sorted(channel.members)} for channel in fake.channels.values()
        ],
        "posts": [asdict(post) for post in fake.posts.values()],
        "ephemerals": [asdict(post) for post in fake.ephemerals],
        "dialogs": [
            {
                "user": dialog.user.id,
                "channel": dialog.channel.id,
                "team": dialog.team,
                "url": dialog.url,
                "dialog": dialog.dialog,
            }
            for dialog in dialogs
        ],
        "hooks": [[id, user.id, channel.id] for id, (user, channel, _, _) in fake.hooks.items()],
        "pending": fake.pending,
    }


def restore_mattermost(fake: FakeMattermost, state: Json) -> None:
    """Response URLs count as new, because version 0.1 received them just before it was killed."""
    fake.team, fake.command_token, fake.pending = state["team"], state["command_token"], dict(state["pending"])
    fake.team_members = set(state["team_members"])
    fake.users = {facts["id"]: User(**facts) for facts in state["users"]}
    fake.channels = {
        facts["id"]: MattermostChannel(**{**facts, "members": set(facts["members"])})
        for facts in state["channels"]
    }
    fake.posts = {facts["id"]: Post(**facts) for facts in state["posts"]}
    fake.ephemerals = [Post(**facts) for facts in state["ephemerals"]]
    fake.dialogs = [
        Dialog(
            fake.users[saved["user"]],
            fake.channels[saved["channel"]],
            saved["team"],
            saved["url"],
            saved["dialog"],
        )
        for saved in state["dialogs"]
    ]
    now = int(time.time() * 1000)
    fake.hooks = {id: (fake.users[user], fake.channels[channel], now, 5) for id, user, channel in state["hooks"]}
    by_name = {user.username: user for user in fake.users.values()}
    fake.ana, fake.ben, fake.gil, fake.bot = by_name["ana"], by_name["ben"], by_name["gil"], by_name["liaison"]
    millis()
