"""Every text that people see on a platform, once for each time that it is there, in the order in which it came."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.playbooks.timeline import RUN_PROP
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.tines.fake import TinesFake
from tests.adapters.xurrent.fake import XurrentFake
from tests.e2e.platforms import ChatPlaybooks, FakePlatform
from tests.torture.database import Database
from tests.torture.world import World

_ADDED = re.compile(r"Call q\d+x")


def platform_texts(world: World, platform: str) -> list[str]:
    one = world.platforms[platform]
    if isinstance(one, ChatPlaybooks):
        return [*_posts(one), *_playbook_titles(one)]
    if not isinstance(one, FakePlatform):
        return list(_local(world.database))
    match one.fake:
        case CutoverFake() as cutover:
            runs = cutover.world.runbooks.values()
            comments = [comment.content for run in runs for comment in run.comments]
            return [*comments, *(task.name for run in runs for task in run.tasks.values())]
        case TinesFake() as tines:
            cases = tines.world.cases.values()
            comments = [comment.value for case in cases for comment in case.comments]
            titles = (_ADDED.search(task.description) for case in cases for task in case.tasks.values())
            return [
                *comments,
                *(title[0] for title in titles if title),
            ]  # a description has the reason of a skip too
        case XurrentFake() as xurrent:
            notes = [note.text for run in xurrent.account.runs.values() for note in run.notes]
            return [*notes, *(task.subject for task in xurrent.account.tasks.values())]
        case RunrunitFake() as runrunit:
            comments = [comment.text for comment in runrunit.world.comments]
            return [*comments, *(task.title for task in runrunit.world.tasks.values())]
    raise AssertionError(f"no texts known of {platform}")


def run_titles(world: World, platform: str) -> list[str]:
    """Of what is there, finished or not."""
    one = world.platforms[platform]
    if isinstance(one, ChatPlaybooks):
        return [run["name"] for run in one.world.runs.values()]
    if not isinstance(one, FakePlatform):
        return [run["title"] for run in local_runs(world.database)]
    match one.fake:
        case CutoverFake() as cutover:
            return [run.name for run in cutover.world.runbooks.values()]
        case TinesFake() as tines:
            return [case.name for case in tines.world.cases.values()]
        case XurrentFake() as xurrent:
            return [run.subject for run in xurrent.account.runs.values()]
        case RunrunitFake() as runrunit:
            return [task.title for task in runrunit.world.tasks.values() if task.parent is None]
    raise AssertionError(f"no runs known of {platform}")


def _posts(playbooks: ChatPlaybooks) -> Iterable[str]:
    """Comments and notes in the channels of runs, without the cards and lines that are posted there, too."""
    channels = {run["channel_id"] for run in playbooks.world.runs.values()}
    posts = [post for post in playbooks.mm.posts.values() if post.channel in channels]
    return [post.message for post in posts if RUN_PROP in post.props]


def _playbook_titles(playbooks: ChatPlaybooks) -> Iterable[str]:
    lists = [one for run in playbooks.world.runs.values() for one in run["checklists"]]
    return [item["title"] for one in lists for item in one["items"]]


def local_runs(database: Database) -> Sequence[Mapping[str, Any]]:
    return [json.loads(row["document"]) for row in database.rows("select document from local_runs order by seq")]


def _local(database: Database) -> Iterable[str]:
    for run in local_runs(database):
        yield from (comment["text"] for comment in run.get("comments", ()))
        yield from (task["title"] for task in run["tasks"])
