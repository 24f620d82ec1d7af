"""A Core newer than the reference: also skips a task, and pauses, resumes and cancels a run.

Bodies as the vendor's open client sends them; what comes back is an acknowledgement. ``lacking``: the status with
which a Core that knows none of it answers.
"""

import re

from tests.adapters.cutover.bodies import extra_meta
from tests.adapters.cutover.fake import Answer, CutoverFake
from tests.adapters.cutover.world import Refusal
from tests.fakes.serving import Seen

EXTRA = re.compile(r"/core/runbooks/(?P<run>[^/]+)(?:/tasks/(?P<task>[^/]+))?/(?P<verb>skip|pause|resume|cancel)")
FROM = {"pause": ("active",), "resume": ("paused",), "cancel": ("active", "paused")}
TO = {"pause": "paused", "resume": "active", "cancel": "canceled"}


class NewerFake(CutoverFake):
    lacking: int | None = None

    def _answer(self, seen: Seen) -> Answer:
        found = EXTRA.fullmatch(seen.path)
        if found is None or seen.method != "PATCH" or (found["verb"] == "skip") is not bool(found["task"]):
            return super()._answer(seen)
        self._check_headers(seen)
        if self.lacking is not None:
            raise Refusal(("not_found", "not found", ""), status=self.lacking)
        return self._skip(seen, found) if found["task"] else self._change(seen, found)

    def _skip(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._runbook(at)
        task = self._task(run, at)
        meta = extra_meta(seen.json, {"comment": str})
        if not meta.get("comment"):
            raise Refusal(("blank", "Comment can't be blank", "/meta/comment"))
        self.world.skip(run, task)
        return 200, {"meta": {"message": "Task will be skipped"}}

    def _change(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run, verb = self._runbook(at), at["verb"]
        extra_meta(seen.json, {"message": str, "notify": bool})
        if run.stage not in FROM[verb]:
            raise Refusal(("already_actioned", "This action has already taken place.", "/data"))
        run.stage = TO[verb]
        self.world.did(verb, run.id)
        return 200, {"meta": {"message": "ok"}}
