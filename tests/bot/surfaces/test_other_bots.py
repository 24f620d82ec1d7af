"""A bot is heard only if the operator has listed its user id, and our own account never."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.surfaces.mattermost.incoming_posts import BotAccount, ChannelInfo, IncomingPost
from bot.surfaces.slack.deliveries import NewMessage
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.inbound import DeliveryParser

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
ME, ALERTS = "m" * 26, "a" * 26


def hears_on_slack(user: str, bots: Collection[str]) -> bool:
    event: dict[str, Any] = {
        "type": "app_mention",
        "user": user,
        "bot_id": "B0ALERTS",
        "text": "<@U0BOT> start Database failover",
        "ts": "1.2",
        "channel": "C0INC",
    }
    parser = DeliveryParser(Identity(team="T1", user="U0BOT"), NOW, lambda _: None, bots)
    return isinstance(parser.parse({"type": "event_callback", "team_id": "T1", "event": event}), NewMessage)


def hears_on_mattermost(user: str, bots: Collection[str], **props: str) -> bool:
    account = BotAccount(ME, "liaison", "https://chat.example.com", "mattermost:", "", bots)
    post = {"id": "p" * 26, "user_id": user, "channel_id": "c" * 26, "message": "@liaison help", "props": props}
    return account.parse(IncomingPost(post, ChannelInfo("O")), NOW, lambda *_: "") is not None


@pytest.mark.parametrize(
    ("user", "bots", "is_heard"),
    [("U0ALERTS", (), False), ("U0ALERTS", ("U0ALERTS",), True), ("U0BOT", ("U0BOT",), False)],
)
def test_on_slack(user: str, bots: Collection[str], is_heard: bool) -> None:
    assert hears_on_slack(user, bots) is is_heard


@pytest.mark.parametrize(
    ("user", "bots", "is_heard"), [(ALERTS, (), False), (ALERTS, (ALERTS,), True), (ME, (ME,), False)]
)
def test_on_mattermost(user: str, bots: Collection[str], is_heard: bool) -> None:
    assert hears_on_mattermost(user, bots, from_bot="true") is is_heard


def test_a_webhook_may_have_the_id_of_anybody() -> None:
    assert not hears_on_mattermost(ALERTS, (ALERTS,), from_webhook="true")
