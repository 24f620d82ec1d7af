"""Drives ``liaison serve`` on both chats and draws what it posts: ``python -m tests.pictures [CHAT|GROUP]...``."""

import asyncio
import json
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.adapters.cutover.fake import CutoverFake
from tests.e2e.chats import Chat
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.process import Liaison
from tests.e2e.slack_chat import SlackChat
from tests.pictures.mattermost_page import page
from tests.pictures.runbooks import write_runbooks
from tests.pictures.scenes import GROUPS, Picture, Stage

HERE = Path(__file__).parent
Groups = dict[str, list[dict[str, Any]]]
OUT = HERE.parent.parent / "docs" / "pictures"


async def _collect(chat: Chat, folder: Path, groups: list[str]) -> tuple[Groups, dict[str, str]]:
    """The pictures by group, as JSON for ``draw.cjs``, and the names of people and channels by their ids."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(chat)
        cutover = await stack.enter_async_context(CutoverFake())
        write_runbooks(folder / "runbooks")
        platforms = {
            "platforms.local": {"kind": "local", "path": str(folder / "runbooks")},
            "platforms.cutover": {**cutover.settings(), "slowest_answer": "5s"},
        }
        liaison = Liaison(folder, {**chat.settings(), **platforms})
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        found: Groups = {}
        for group in groups:
            found[group] = [_json(picture, chat) for picture in await GROUPS[group](Stage(chat, cutover))]
            print(f"{chat.name}: {group}, {len(found[group])} pictures", flush=True)
        return {group: pictures for group, pictures in found.items() if pictures}, _names(chat)


def _names(chat: Chat) -> dict[str, str]:
    if not isinstance(chat, SlackChat):
        return {}
    channels = {id: f"#{channel.name}" for id, channel in chat.fake.channels.items()}
    return {**channels, **{id: name for name, id in chat.users.items()}}


def _json(picture: Picture, chat: Chat) -> dict[str, Any]:
    raw = picture.raw
    shown: dict[str, Any] = {"caption": picture.caption, "private": picture.private}
    if isinstance(raw, dict):
        return {**shown, "form": raw}
    if chat.name == "slack":
        return {**shown, "blocks": raw.blocks}
    return {**shown, "message": raw.message, "attachments": raw.attachments}


def _draw(name: str, groups: Groups, names: dict[str, str], folder: Path) -> None:
    for group, pictures in groups.items():
        source = folder / f"{name}-{group}.json"
        html = {theme: page(pictures, theme) for theme in ("light", "dark")} if name == "mattermost" else {}
        source.write_text(json.dumps({"pictures": pictures, "html": html, "names": names}))
        subprocess.run(["node", str(HERE / "draw.cjs"), str(source), str(OUT / f"{name}-{group}")], check=True)


def main() -> None:
    named = sys.argv[1:]
    groups = [group for group in GROUPS if group in named] or list(GROUPS)
    chats = [chat for chat in (SlackChat(), MattermostChat()) if chat.name in named] or [
        SlackChat(),
        MattermostChat(),
    ]
    OUT.mkdir(exist_ok=True)
    for chat in chats:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _draw(chat.name, *asyncio.run(_collect(chat, folder, groups)), folder)


if __name__ == "__main__":
    main()
