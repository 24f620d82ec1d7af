"""Only the outbox sends: a surface's own files don't, except where the database cannot take a row."""

import ast
from collections.abc import Iterator
from pathlib import Path

import bot

BOT = Path(bot.__file__).parent
SENDING = {
    "send",
    "send_private",
    "send_notice",
    "send_direct",
    "post",
    "post_lines",
    "react",
    "edit",
    "edit_lines",
}
OWNERS = ("replies", "_replies", "posts", "_posts", "surface", "_surface", "steps", "_steps")
SENDERS = {
    "outbound/postings.py",
    "outbound/live_cards.py",
    "outbound/activity_log.py",
    "server/roundtrip_check.py",  # asked for by an operator
    "surfaces/slack/surface.py",  # what the outbox calls
    "surfaces/slack/replies.py",
    "surfaces/mattermost/surface.py",
    "surfaces/mattermost/replies.py",
    "surfaces/slack/bolt.py",  # a click that could not be recorded
}


def _sends(path: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        owner = call.func.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if call.func.attr in SENDING and name in OWNERS:
            yield f"{path.relative_to(BOT)}:{call.lineno}"


def test_nothing_is_sent_around_the_outbox() -> None:
    sends = [line for path in sorted(BOT.rglob("*.py")) for line in _sends(path)]
    assert not [line for line in sends if line.partition(":")[0] not in SENDERS]
    assert len([line for line in sends if line.startswith("surfaces/slack/bolt.py")]) <= 1
