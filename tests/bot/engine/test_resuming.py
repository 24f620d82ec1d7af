"""Ready first: what the last process left is in its queues, in order, but is processed only then."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bot.bootstrap import bootstrap
from bot.config.settings import demo_settings
from bot.server.serve import running
from bot.surfaces.console.surface import Console
from tests.bot.app_scene import Scene, app_scene
from tests.e2e.process import until

COMMENTS = [f"comment line {number}" for number in range(30)]


async def leave_unfinished(folder: Path) -> None:
    """As a kill would have left them, after they were routed and before anything was sent."""
    async with app_scene(folder) as scene:
        assert await scene.say("start Database failover") == "done"
        for line in COMMENTS:
            assert await scene.say(line) == "done"
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        database.execute("delete from effects where kind = 'AddComment'")
        database.execute("delete from ledger where op = 'comment'")
        database.execute("update inbox set state = 'placed', result = null where message like '%comment line%'")
        database.commit()


def receipts(folder: Path) -> Sequence[str]:
    """The steps that were done, in order."""
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        rows = database.execute("select key from ledger where op = 'comment' order by seq")
        return [key for (key,) in rows]


def unfinished(folder: Path) -> Sequence[str]:
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        return [key for (key,) in database.execute("select key from inbox where state != 'done' order by seq")]


async def test_unfinished_messages_are_processed_in_order_once_the_port_is_open(tmp_path: Path) -> None:
    await leave_unfinished(tmp_path)
    left = unfinished(tmp_path)
    assert len(left) == len(COMMENTS)
    app = bootstrap(demo_settings(tmp_path).with_secret_key(), surfaces=[Console()])
    async with running(app, resume=False):
        assert app.engine.ready()
        scene = Scene(app, app.platforms["local"])  # type: ignore[arg-type]
        late = scene.say("comment typed now")
        assert unfinished(tmp_path)[: len(left)] == left
        assert receipts(tmp_path) == [], "nothing is sent before it is ready"
        app.resume()
        assert await late == "done"
        await until(lambda: not unfinished(tmp_path))
    assert receipts(tmp_path) == [*left, scene.sent[-1].key], "in the order in which they came"


async def test_a_process_that_stops_before_it_resumes_leaves_them(tmp_path: Path) -> None:
    await leave_unfinished(tmp_path)
    left = unfinished(tmp_path)
    app = bootstrap(demo_settings(tmp_path).with_secret_key(), surfaces=[Console()])
    async with running(app, resume=False):
        pass
    assert unfinished(tmp_path) == left
    async with app_scene(tmp_path):
        await until(lambda: not unfinished(tmp_path))
    assert receipts(tmp_path) == left
