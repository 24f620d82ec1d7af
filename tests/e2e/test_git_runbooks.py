"""Runbooks from a Git repository, through the real process, with real pushes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adapters.local.git_server import GitRepository
from tests.e2e.chats import Room
from tests.e2e.conftest import CHATS, Scene, on_one_chat
from tests.e2e.process import Liaison, until

RESTART = "# Restart the api\n\n- [ ] Drain node one\n- [ ] Restart node one\n"
FAILOVER = "# Fail over the database\n\n- [ ] Promote the replica\n"


@dataclass
class GitScene:
    repository: GitRepository
    liaison: Liaison
    room: Room

    async def start_run(self, title: str, first_task: str) -> str:
        """Returns the text of its card."""
        await self.room.command(f'start "{title}"')
        card = await until(lambda: self._card(title, first_task), within=30)
        await self.room.wait_for_text(rf"{title}: started\. Receipt")
        return str(card)

    def _card(self, title: str, first_task: str) -> str:
        texts = [message.text for message in self.room.bot_messages()]
        return next((text for text in texts if re.search(rf"R\d+ {title}(?s:.*)T1 {first_task}", text)), "")

    async def sync(self) -> str:
        code, output = await self.liaison.run("runbooks", "sync")
        assert code == 0, output
        return output


@asynccontextmanager
async def git_scene(folder: Path, chat_name: str, address: str = "") -> AsyncIterator[GitScene]:
    repository = GitRepository.create(folder)
    settings = {"kind": "local", "path": address or f"{repository.address}#main:books"}
    async with CHATS[chat_name]() as chat:
        liaison = Liaison(folder, {**chat.settings(), "platforms.local": settings})
        chat.set_liaison_url(liaison.url)
        yield GitScene(repository, liaison, chat.create_room())
        if liaison.is_running:
            await liaison.kill()


@pytest.mark.parametrize("chat", sorted(CHATS))
async def test_a_push_is_used_after_the_next_sync_and_a_run_keeps_its_commit(tmp_path: Path, chat: str) -> None:
    async with git_scene(tmp_path, chat) as scene:
        first = scene.repository.push({"books/restart.md": RESTART})
        await scene.liaison.start()
        await until(lambda: _listed(scene, "Restart the api"))
        assert f"from books@{first}" in await scene.start_run("Restart the api", "Drain node one")
        unchanged = await scene.room.private_answer("show R1 --diff")
        assert "restart.md is unchanged since R1 Restart the api was started" in unchanged.text

        second = scene.repository.push(
            {"books/restart.md": RESTART.replace("Restart node one", "Restart node two"), "books/db.md": FAILOVER}
        )
        assert second in await scene.sync()
        assert f"from books@{second}" in await scene.start_run("Fail over the database", "Promote the replica")
        changed = (await scene.room.private_answer("show R1 --diff")).text
        for shown in ("What changed in restart.md", f"books@{first}", f"books@{second}"):
            assert shown in changed
        assert "-- [ ] Restart node one" in changed
        assert "+- [ ] Restart node two" in changed
        await scene.room.command("finish R1.T1")
        await scene.room.wait_for_text(rf"1 of 2 done(?s:.*)from books@{first}")

        scene.repository.push({"books/restart.md": None})
        await scene.sync()
        assert "restart.md is gone" in (await scene.room.private_answer("show R1 --diff")).text


async def test_a_repository_that_is_away_is_said_and_the_last_copy_is_used(tmp_path: Path) -> None:
    async with git_scene(tmp_path, "slack") as scene:
        commit = scene.repository.push({"books/restart.md": RESTART})
        away = scene.repository.bare.rename(tmp_path / "away.git")
        await scene.liaison.start()
        answer = await until(lambda: _said(scene, "runbooks", "does not appear to be a git repository"))
        assert len(re.findall("aren't here yet", answer)) == 1, answer
        assert "#main:books aren't here yet:" in (await scene.room.private_answer("start Restart the api")).text
        code, output = await scene.liaison.run("doctor")
        assert (code, "can't be copied" in output) == (1, True), output
        code, output = await scene.liaison.run("runbooks", "sync")
        assert (code, "can't be copied" in output) == (1, True), output

        away.rename(scene.repository.bare)
        await scene.sync()
        scene.repository.bare.rename(away)
        await scene.liaison.kill()
        await scene.liaison.start()
        assert f"from books@{commit}" in await scene.start_run("Restart the api", "Drain node one")
        code, output = await scene.liaison.run("runbooks", "sync")
        assert (code, f"Its runbooks are those of {commit}" in output) == (1, True), output
        assert scene.liaison.log.read_text().count("not refreshed") == 1, scene.liaison.log.read_text()


async def test_the_password_of_an_address_is_shown_nowhere(tmp_path: Path) -> None:
    address = "git+https://ana:s3cr%40t@localhost:1/ops.git#main:books"
    async with git_scene(tmp_path, "slack", address) as scene:
        await scene.liaison.start()
        await until(lambda: _said(scene, "runbooks", "localhost/ops#main:books"))
        await until(lambda: "not refreshed" in scene.liaison.log.read_text())
        outputs = [await scene.liaison.run(*words) for words in (("doctor",), ("runbooks", "sync"))]
        assert [code for code, _ in outputs] == [1, 1]
        said = f"{outputs} {_everything(scene)} {scene.liaison.log.read_text()}"
        cached = await asyncio.to_thread(_files_in, tmp_path / "liaison.db.cache")
        assert "state.json" in cached
        for secret in ("s3cr%40t", "s3cr@t"):
            assert secret not in said
            assert secret not in cached


async def test_a_folder_that_is_no_repository_has_nothing_to_sync(tmp_path: Path) -> None:
    liaison = Liaison(tmp_path, {"platforms.local": {"kind": "local"}})
    code, output = await liaison.run("runbooks", "sync")
    assert (code, "No platform reads its runbooks from a Git repository" in output) == (0, True), output


async def test_a_changed_file_of_a_folder_is_compared_too(scene: Scene) -> None:
    folder = Path(scene.environment.platforms["local"].settings()["path"])
    file = folder / f"compared-{scene.chat_name}.md"
    file.write_text(f"# Compared on {scene.chat_name}\n\n- [ ] Look\n")
    await scene.room.command(f'start "Compared on {scene.chat_name}" --on local')
    await scene.wait_for_text("started. Receipt")
    assert "is unchanged since" in (await scene.room.private_answer("show --diff")).text
    file.write_text(f"# Compared on {scene.chat_name}\n\n- [ ] Look `@channel` <!here>\n")
    changed = (await scene.room.private_answer("show --diff")).text
    assert "-- [ ] Look\n" in changed
    assert "+- [ ] Look `@channel` <!here>" in changed
    assert "Only a run can be compared" in (await scene.room.private_answer("show T1 --diff")).text
    file.unlink()
    assert "is gone" in (await scene.room.private_answer("show --diff")).text


@on_one_chat
async def test_other_platforms_keep_no_text_to_compare(scene: Scene) -> None:
    await scene.start_run()
    assert "Not available on" in (await scene.room.private_answer("show --diff")).text


async def _said(scene: GitScene, command: str, text: str) -> str:
    answer = (await scene.room.private_answer(command)).text
    return answer if text in answer else ""


async def _listed(scene: GitScene, title: str) -> bool:
    return title in await _said(scene, "runbooks", "")


def _everything(scene: GitScene) -> str:
    return scene.room.text()


def _files_in(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(f"{path}\n{path.read_text(errors='replace')}" for path in files)
