"""The fakes' state as JSON, and back: what stood in the chats and on Cutover when the golden database was made.

The JSON has the fakes' own names of 0.1. Whoever renames something in the fakes translates it here, and leaves
``house_0_1.json`` as it is.
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
        told = {**facts, "tasks": tasks, "comments": comments, "streams": streams}
        world.runbooks[facts["id"]] = FakeRunbook(**told)
    fake.template = next(runbook for runbook in world.runbooks.values() if runbook.is_template)
    world.effects[:] = [(what, id, who) for what, id, who in state["effects"]]
    world.ids = itertools.count(state["next_id"])


def slack_state(fake: Slack) -> Json:
    channels = [{**asdict(one), "members": sorted(one.members)} for one in fake.channels.values()]
    return {
        "channels": channels,
        "whispers": [asdict(one) for one in fake.ephemerals],
        "modals": [asdict(one) for one in fake.modals.values()],
        "responses": [[id, channel, user] for id, (channel, user, _, _) in fake._responses.items()],
        "next_number": next(fake._numbers),
    }


def restore_slack(fake: Slack, state: Json) -> None:
    for facts in state["channels"]:
        messages = [Posted(**post) for post in facts["messages"]]
        told = {**facts, "members": set(facts["members"]), "messages": messages}
        fake.channels[facts["id"]] = Channel(**told)
    fake.ephemerals = [Posted(**post) for post in state["whispers"]]
    fake.modals = {facts["id"]: Modal(**facts) for facts in state["modals"]}
    fake._responses = {id: (channel, user, "", []) for id, channel, user in state["responses"]}
    fake._numbers = itertools.count(state["next_number"])


def mattermost_state(fake: FakeMattermost) -> Json:
    dialogs = [one for one in fake.dialogs if one.open]
    return {
        "team": fake.team,
        "team_members": sorted(fake.team_members),
        "command_token": fake.command_token,
        "users": [asdict(one) for one in fake.users.values()],
        "channels": [{**asdict(one), "members": sorted(one.members)} for one in fake.channels.values()],
        "posts": [asdict(one) for one in fake.posts.values()],
        "ephemerals": [asdict(one) for one in fake.ephemerals],
        "dialogs": [
            {
                "user": one.user.id,
                "channel": one.channel.id,
                "team": one.team,
                "url": one.url,
                "dialog": one.dialog,
            }
            for one in dialogs
        ],
        "hooks": [[id, user.id, channel.id] for id, (user, channel, _, _) in fake.hooks.items()],
        "pending": fake.pending,
    }


def restore_mattermost(fake: FakeMattermost, state: Json) -> None:
    """A ``response_url`` is as fresh as on the day: it was made just before the process was killed."""
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
        Dialog(fake.users[one["user"]], fake.channels[one["channel"]], one["team"], one["url"], one["dialog"])
        for one in state["dialogs"]
    ]
    now = int(time.time() * 1000)
    fake.hooks = {id: (fake.users[user], fake.channels[channel], now, 5) for id, user, channel in state["hooks"]}
    named = {user.username: user for user in fake.users.values()}
    fake.ana, fake.ben, fake.gil, fake.bot = named["ana"], named["ben"], named["gil"], named["liaison"]
    millis()
