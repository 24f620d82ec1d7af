"""Comments: posts in the run's channel, because Playbooks has none of its own.

A comment on a task names the task and is marked with ``props`` {"playbook_run_id", "checklist_item_id"}; the
first one of a task is the root of the thread of the later ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.errors import AdapterError, NotFound, Rejected
from adapters.models import Comment
from adapters.playbooks import mapping
from adapters.playbooks import text as words
from adapters.playbooks.api import Api
from adapters.playbooks.people import People
from adapters.playbooks.wire import WirePost, WireRun, when
from adapters.writes import Baseline, WriteMarker

SHOWN = 20
_LOOK_BACK_PAGES = 3
RUN_PROP, TASK_PROP, KIND_PROP = "playbook_run_id", "checklist_item_id", "liaison"


@dataclass
class Posts:
    api: Api
    people: People
    site: str

    async def comments(self, run: WireRun, task: str | None) -> Sequence[Comment]:
        """The last ``SHOWN`` of the run, or of one task, newest last."""
        posts = await self._recent(run, "comments")
        tasks = _tasks_of(posts)
        shown = [
            post for post in posts if mapping.is_comment(post) and (task is None or tasks.get(post.id) == task)
        ][:SHOWN]
        await self.people.learn(post.user_id for post in shown)
        return [mapping.to_comment(post, self.people, tasks.get(post.id)) for post in reversed(shown)]

    async def add(
        self, run: WireRun, text: str, mark: WriteMarker, *, kind: str, task: tuple[str, str] | None = None
    ) -> Comment:
        """``task`` is (id, title). ``kind`` tells a remark from a finish note, for whoever reads the props."""
        props = {RUN_PROP: run.id, KIND_PROP: kind}
        body: dict[str, object] = {
            "channel_id": run.channel_id,
            "message": words.signed(text, mark),
            "root_id": "",
            "props": props,
        }
        if task is not None:
            props[TASK_PROP] = task[0]
            body["message"] = words.about(task[1], words.signed(text, mark))
            body["root_id"] = await self._thread(run, task[0], kind)
        if len(str(body["message"])) > words.LIMIT:
            raise Rejected(self.api.name, kind, key="playbooks.too_long", limit=words.LIMIT)
        post = await self._post(run, body, kind)
        await self.people.learn([post.user_id])
        return mapping.to_comment(post, self.people, task[0] if task else None)

    async def find(self, run: WireRun, mark: WriteMarker, known: Baseline, operation: str) -> WirePost | None:
        """The post that was written for this receipt, of any type, among the last few hundred."""
        for page in range(_LOOK_BACK_PAGES):
            posts = await self.api.posts(run.channel_id, page, operation)
            for post in posts:
                if mark.is_in(post.message) and post.id not in known.ids and post.delete_at == 0:
                    return post
            if not posts or _older(posts[-1], mark.at):
                return None
        return None

    async def _recent(self, run: WireRun, operation: str) -> Sequence[WirePost]:
        try:
            return await self.api.posts(run.channel_id, 0, operation)
        except NotFound as error:
            raise self._not_in_channel(run, operation, error) from error

    async def _thread(self, run: WireRun, task: str, operation: str) -> str:
        """The first comment of this task, if it is still near. Not being let in is for the post to find out."""
        try:
            posts = await self.api.posts(run.channel_id, 0, operation)
        except NotFound:
            return ""
        roots = [post for post in posts if post.prop(TASK_PROP) == task and not post.root_id]
        return roots[-1].id if roots else ""

    async def _post(self, run: WireRun, body: dict[str, object], operation: str) -> WirePost:
        """Refused for want of membership, the bot lets itself in (it may, where the channel is public)."""
        try:
            return await self.api.post(body, operation)
        except Rejected as refused:
            if refused.key != "playbooks.not_participant" or "permission" not in refused.said:
                raise
            try:
                bot = await self.people.me()
                await self.api.join(run.channel_id, bot.id, operation)
            except AdapterError as error:
                raise self._not_in_channel(run, operation, error) from refused
        return await self.api.post(body, operation)

    def _not_in_channel(self, run: WireRun, operation: str, error: AdapterError) -> Rejected:
        return Rejected(
            self.api.name,
            operation,
            key="playbooks.not_in_channel",
            said=error.said,
            run=run.name,
            bot=self.people.bot_name,
            link=mapping.run_link(self.site, run.id),
        )


def _tasks_of(posts: Sequence[WirePost]) -> dict[str, str]:
    """post id -> task id, for marked posts and for what people answered to them in their threads."""
    marked = {post.id: post.prop(TASK_PROP) for post in posts if post.prop(TASK_PROP)}
    answers = {post.id: marked[post.root_id] for post in posts if post.root_id in marked}
    return answers | marked


def _older(post: WirePost, than: datetime) -> bool:
    at = when(post.create_at)
    return at is not None and (than - at).total_seconds() > 600
