"""The formatting of a runbook's text, through the real process, in each chat."""

from pathlib import Path

from tests.e2e.conftest import Scene
from tests.fakes.mattermost.visible_text import copied_code as copied_from_mattermost
from tests.fakes.slack_blocks import copied_code as copied_from_slack

COMMANDS = ["pg_isready -h \"db-1\"  &&  echo '<ok>'", "patronictl failover --force  # @channel"]
RUNBOOK = f"""# Two fences

- [ ] Fail over

  Ask **twice**, see [the wiki](https://wiki.example/db).

  ```sh
  {COMMANDS[0]}
  ```

  ```sh
  {COMMANDS[1]}
  ```
"""


async def test_every_command_of_a_step_is_copied_as_it_was_written(scene: Scene) -> None:
    folder = Path(scene.environment.platforms["local"].settings()["path"])
    (folder / "fences.md").write_text(RUNBOOK)
    await scene.room.command('start "Two fences" --on local')
    await scene.wait_for_text("started. Receipt")
    answer = await scene.room.private_answer("show T1")
    assert "Ask twice, see the wiki" in answer.text
    raw = answer.raw
    if scene.chat_name == "slack":
        copied = copied_from_slack(raw.blocks)
    else:
        copied = [code for text in _texts(raw) for code in copied_from_mattermost(text)]
    assert copied == COMMANDS


def _texts(post: object) -> list[str]:
    attachments = getattr(post, "attachments", [])
    fields = [str(field["value"]) for item in attachments for field in item.get("fields", ())]
    return [str(getattr(post, "message", "")), *(str(item.get("text", "")) for item in attachments), *fields]
