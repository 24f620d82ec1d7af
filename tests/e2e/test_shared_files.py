"""Files that are posted with a command: the run has their links, or the answer says that it has not."""

import re

from tests.e2e.conftest import Scene, on_one_chat

LINK = r"https?://\S+/(?:files|_redirect/pl)/\S+"


async def test_the_files_of_a_comment_are_linked_in_it(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.mention("comment T1: both zones are down", files=["graph @all.png", "log.txt"])
    await scene.wait_for_effects("comment")
    text = _written(scene)
    assert "both zones are down" in text
    assert re.search(rf"graph _all\.png: {LINK}", text)
    assert re.search(rf"log\.txt: {LINK}", text)


async def test_a_file_alone_is_a_comment(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.mention("comment", files=["graph.png"])
    await scene.wait_for_effects("comment")
    assert re.search(rf"graph\.png: {LINK}", _written(scene))


async def test_the_file_of_a_finish_is_linked_in_its_note(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.mention("finish T1", files=["graph.png"])
    await scene.wait_for_effects("finish")
    await scene.wait_for_text(r"graph\.png")
    assert re.search(rf"graph\.png: {LINK}", _written(scene))


@on_one_chat
async def test_what_takes_no_files_says_so(scene: Scene) -> None:
    await scene.start_run()
    await scene.room.mention("begin T1", files=["graph.png"])
    await scene.wait_for_text(r"Not added to the run: graph\.png")
    await scene.room.mention("assign T2 me", files=["plan.png"])
    await scene.wait_for_text(r"Not added to the run: plan\.png")


def _written(scene: Scene) -> str:
    run = list(scene.cutover.runbooks.values())[-1]
    return "\n".join(str(comment.content) for comment in run.comments)
