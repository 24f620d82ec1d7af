"""Links to platforms that people post in Slack get a small card, if everybody there may read it."""

import re

from tests.e2e.conftest import FIRST_TASK, Scene, on_slack
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackChat
from tests.fakes.slack_state import Posted

pytestmark = on_slack


def _chat(scene: Scene) -> SlackChat:
    assert isinstance(scene.environment.chat, SlackChat)
    return scene.environment.chat


def _link(scene: Scene, handle: str) -> str:
    """The page of the run, as its card links to it."""
    return f"{scene.cutover.url}/#/app/1/runbooks/{scene.cutover_run(handle).id}/current_version/tasks/list"


async def _share(scene: Scene, url: str, *, user: str = "ana", channel: str = "") -> Posted:
    chat = _chat(scene)
    return await chat.fake.share_link(
        scene.liaison.url, url, user=chat.user_id(user), channel=channel or scene.room.id
    )


async def test_a_link_shows_the_run_in_its_own_channel(scene: Scene) -> None:
    handle = await scene.start_run()
    url = _link(scene, handle)
    post = await _share(scene, url)
    card = str(await until(lambda: post.unfurls.get(url)))
    assert re.search(rf"{handle} Database failover\n.*0 of 4 done", card)


async def test_a_link_to_a_task_shows_the_task(scene: Scene) -> None:
    handle = await scene.start_run()
    task = next(iter(scene.cutover_run(handle).tasks.values()))
    url = _link(scene, handle).replace("/tasks/list", f"/tasks/{task.id}")
    post = await _share(scene, url)
    assert f"T1 {FIRST_TASK}" in str(await until(lambda: post.unfurls.get(url)))


async def test_it_shows_nothing_where_somebody_may_not_read_the_run(scene: Scene) -> None:
    chat = _chat(scene)
    handle = await scene.start_run()
    members = [chat.user_id(name) for name in ("ana", "ben")]
    trusted = chat.fake.add_channel("C0TRUST", "trusted", members=tuple(members))
    mixed = chat.fake.add_channel(
        "C0MIXED", "mixed", members=(*members, chat.fake.add_user("U0OUT", "otto", is_restricted=True))
    )
    url = _link(scene, handle)
    hidden = await _share(scene, url, channel=mixed.id)
    shown = await _share(scene, url, channel=trusted.id)
    await until(lambda: url in shown.unfurls)
    mixed.members.discard("U0OUT")
    again = await _share(scene, url, channel=mixed.id)
    await until(lambda: url in again.unfurls)
    assert hidden.unfurls == {}


async def test_a_public_channel_shows_no_private_run_whoever_is_in_it(scene: Scene) -> None:
    """Everybody else can open a public channel and read what was shown there."""
    chat = _chat(scene)
    members = tuple(chat.user_id(name) for name in ("ana", "ben"))
    handle = await scene.start_run(room=chat.create_room(private=True, without=["eve"]))
    lobby = chat.fake.add_channel("C0LOBBY", "lobby", members=members)
    closed = chat.fake.add_channel("C0CLOSED", "closed", members=members, private=True)
    url = _link(scene, handle)
    hidden = await _share(scene, url, channel=lobby.id)
    shown = await _share(scene, url, channel=closed.id)
    await until(lambda: url in shown.unfurls)
    assert hidden.unfurls == {}


async def test_other_links_stay_as_they_are(scene: Scene) -> None:
    handle = await scene.start_run()
    other = await _share(scene, f"{scene.cutover.url}/#/app/1/runbooks/999999/current_version/tasks/list")
    url = _link(scene, handle)
    post = await _share(scene, url)
    await until(lambda: url in post.unfurls)
    assert other.unfurls == {}
