"""Comments: posts in the run's channel, because Playbooks has no comments of its own.

A comment on a task names the task, and its ``props`` contain "playbook_run_id" and "checklist_item_id". The first
comment on a task is the root of the thread for the later ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.errors import AdapterError, NotFound, Rejected
from adapters.models import Comment, Listing
from adapters.playbooks import links, mapping
from adapters.playbooks import text as texts
from adapters.playbooks.api import Api
from adapters.playbooks.errors import NOT_PARTICIPANT
from adapters.playbooks.people import People
from adapters.playbooks.reads import Reads
from adapters.playbooks.timeline import KIND_PROP, RUN_PROP, TASK_PROP, Timeline
from adapters.playbooks.wire import WirePost, WireRun, to_datetime
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.guards import Fresh, Guard, with_race
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AddComment, EndRun, FinishTask, HoldTask, SkipTask, Write, WriteMarker

NOTE = "note"  # the part that writes what was typed along with another write
_PAGES_TO_SEARCH = 3
_SEARCH_MARGIN = timedelta(minutes=10)


@dataclass
class CommentWrites(SignedComments):
    api: Api
    people: People
    reads: Reads
    timeline: Timeline
    signer = texts.SIGNER

    async def recent(self, run: WireRun, task: str | None) -> Sequence[Comment]:
        """The last comments on the run or on one of its tasks, and what happened in it, newest last."""
        try:
            return await self.timeline.recent(run, task)
        except NotFound as error:
            raise self._not_in_channel(run, "comments", error) from error

    async def read_fresh(self, step: Write) -> Fresh[WireRun]:
        return await self.reads.fresh(step)

    @step(AddComment, recovery=Recovery.LOOKUP)
    @step(FinishTask, SkipTask, part=NOTE, recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    @step(HoldTask, recovery=Recovery.LOOKUP, guard=read_fresh)
    async def hold(self, step: HoldTask, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        return await with_race(step, await self.write_guarded(step, marker, fresh), self.read_fresh)

    @step(EndRun, part=NOTE, recovery=Recovery.LOOKUP, guard=read_fresh)
    async def write_guarded(self, step: Write, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        text = self.text_of(step) or ""
        posted = await self._send(step, self.sign(step, text, marker), fresh.record)
        return self.result(step, text, marker, posted)

    @reconciles(AddComment, HoldTask)
    @reconciles(FinishTask, SkipTask, EndRun, part=NOTE)
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        return await self._send(step, text, await self.api.run(step.run_id, step.op))

    async def _send(self, step: Write, text: str, run: WireRun) -> PostedComment:
        kind = f"{step.op}:{NOTE}" if step.part == NOTE else step.op.value
        props, root = {RUN_PROP: run.id, KIND_PROP: kind}, ""
        if step.target:
            props[TASK_PROP] = step.target
            text = texts.with_task_header(self._task_title(step, run), text)
            root = await self._thread_root(run, step.target, kind)
        if len(text) > texts.MAX_POST_LENGTH:
            raise Rejected(self.api.name, kind, key="playbooks.too_long", limit=texts.MAX_POST_LENGTH)
        body: dict[str, object] = {
            "channel_id": run.channel_id,
            "message": text,
            "root_id": root,
            "props": props,
        }
        return _posted(await self._create_post(run, body, kind))

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        """Posts of any type, back to the time of the write. Incomplete if the bot cannot read the channel."""
        run, posts = await self.api.run(step.run_id, step.op), list[WirePost]()
        for page in range(_PAGES_TO_SEARCH):
            try:
                posts_of_page = await self.api.posts(run.channel_id, page, step.op)
            except NotFound:
                return Listing((), complete=False)
            posts += posts_of_page
            is_found = any(marker.is_in(post.message) for post in posts_of_page)
            if is_found or not posts_of_page or _is_older(posts_of_page[-1], marker.at - _SEARCH_MARGIN):
                break
        return Listing([_posted(post) for post in posts if post.delete_at == 0])

    def _task_title(self, step: Write, run: WireRun) -> str:
        positions = mapping.find_positions(run, step.target)
        if not positions:
            link = links.run_link(self.reads.site, run.id)
            raise NotFound(self.api.name, step.op, key="playbooks.task_gone", run=run.name, link=link)
        checklist, item = positions[0]
        return run.checklists[checklist].items[item].title

    async def _thread_root(self, run: WireRun, task: str, operation: str) -> str:
        """The first comment on the task, if it is on the last page. A missing permission is left to the post."""
        try:
            posts = await self.api.posts(run.channel_id, 0, operation)
        except NotFound:
            return ""
        roots = [post for post in posts if post.prop(TASK_PROP) == task and not post.root_id]
        return roots[-1].id if roots else ""

    async def _create_post(self, run: WireRun, body: dict[str, object], operation: str) -> WirePost:
        """If the bot is not in the channel, it joins (it can if the channel is public) and tries again."""
        try:
            return await self.api.create_post(body, operation)
        except Rejected as refusal:
            if refusal.key != NOT_PARTICIPANT or "permission" not in refusal.said:
                raise
            try:
                bot = await self.people.me()
                await self.api.join_channel(run.channel_id, bot.id, operation)
            except AdapterError as error:
                raise self._not_in_channel(run, operation, error) from refusal
        return await self.api.create_post(body, operation)

    def _not_in_channel(self, run: WireRun, operation: str, error: AdapterError) -> Rejected:
        return Rejected(
            self.api.name,
            operation,
            key="playbooks.not_in_channel",
            said=error.said,
            run=run.name,
            bot=self.people.bot_name,
            link=links.run_link(self.reads.site, run.id),
        )


def _posted(post: WirePost) -> PostedComment:
    return PostedComment(post.id, post.message, to_datetime(post.create_at))


def _is_older(post: WirePost, than: datetime) -> bool:
    at = to_datetime(post.create_at)
    return at is not None and at < than
