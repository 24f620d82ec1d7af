"""People and messages as Slack's Web API returns them."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack_state import Posted


def with_locale(user: dict[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Slack only returns the locale if ``include_locale`` is set."""
    if arguments.get("include_locale") in ("1", "true", True):
        return user
    return {name: value for name, value in user.items() if name != "locale"}


def message_json(post: Posted, metadata: bool) -> dict[str, Any]:
    """A message as Slack returns it: without ``include_all_metadata``, only the event type of its metadata."""
    thread = {"thread_ts": post.thread_ts} if post.thread_ts else {}
    shown = {"type": "message", "ts": post.ts, "user": post.user, "text": post.text, "blocks": post.blocks}
    if post.metadata is None:
        return {**shown, **thread}
    shown_metadata = post.metadata if metadata else {"event_type": post.metadata["event_type"]}
    return {**shown, **thread, "metadata": shown_metadata}
