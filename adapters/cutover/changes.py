"""The list of edited runbooks, where a server turns out to have one."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.change_sources import Edit, EditPages
from adapters.cutover import wire
from adapters.cutover.api import CutoverApi
from adapters.errors import Rejected, Unsupported
from adapters.toolkit.timestamps import parse_timestamp

SAME_EDIT = timedelta(seconds=1)  # at most between the times of one edit on the task and on its runbook
MIN_SHARED_EDITS = 2
SECONDS_BETWEEN_PROOFS = 5.0


@dataclass
class Changes:
    api: CutoverApi
    filters: Mapping[str, str]
    _shared_edits: int = 0  # that were dated the same on a task and on its runbook
    _last_shared: datetime | None = None
    _sorts_by_edit: bool = True  # until this server refuses or ignores that order
    _is_dated_by_tasks: bool | None = None  # as far as known
    _proof_at: datetime | None = None  # when a run was last read to find that out

    @property
    def are_listed(self) -> bool:
        """Whether this server sorts runbooks by their last edit and dates them by their tasks, as far as known."""
        return self._sorts_by_edit and self._shared_edits >= MIN_SHARED_EDITS

    def wants_read(self, now: datetime) -> bool:
        """Whether a run should be read after a write, only to find out what ``are_listed`` says. One at a time."""
        if self._is_dated_by_tasks is not None or not self._sorts_by_edit:
            return False
        is_first = self._proof_at is None or now - self._proof_at >= timedelta(seconds=SECONDS_BETWEEN_PROOFS)
        if is_first:
            self._proof_at = now
        return is_first

    async def edits(self, since: datetime) -> EditPages:
        """Runbooks, the one that was edited last first. The reference documents neither that order nor that an
        edit of a task counts as one of its runbook, so both are checked: raises ``Unsupported`` otherwise."""
        if not self.are_listed:
            raise Unsupported(self.api.platform, "show")
        try:
            async with aclosing(
                self.api.edited_runbooks("show", {"is_template": "false", **self.filters})
            ) as pages:
                async for page in pages:
                    edits = [edit for item in page if (edit := _edit(item)) and edit.at and edit.at >= since]
                    times = [parse_timestamp(item.attributes.updated_at) for item in page]
                    if None in times or times != sorted(filter(None, times), reverse=True):
                        raise Unsupported(self.api.platform, "show")
                    yield edits
                    if len(edits) < len(page):
                        return
        except (Rejected, Unsupported) as error:
            self._sorts_by_edit = False
            raise Unsupported(self.api.platform, "show", said=error.said) from error

    def compare(self, item: wire.Runbook, tasks: Sequence[wire.Task]) -> None:
        """Learns whether the server dates a runbook by its tasks. One edit in common may be a coincidence."""
        times = (parse_timestamp(task.attributes.updated_at) for task in tasks)
        last = max(filter(None, times), default=None)
        edited_at = parse_timestamp(item.attributes.updated_at)
        started_at = parse_timestamp(item.attributes.start_actual)  # edits the runbook and its tasks
        if edited_at is None or last is None or last > edited_at + SAME_EDIT:
            self._shared_edits, self._is_dated_by_tasks = 0, False
        elif edited_at <= last + SAME_EDIT and started_at is not None and last > started_at + SAME_EDIT:
            self._shared_edits += last != self._last_shared
            self._last_shared = last
            self._is_dated_by_tasks = True if self._shared_edits >= MIN_SHARED_EDITS else None


def _edit(item: wire.Runbook) -> Edit:
    attributes = item.attributes
    return Edit(item.id, attributes.updated_at or "", parse_timestamp(attributes.updated_at))
