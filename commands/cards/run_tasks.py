"""The tasks of a run on its card: what to do now and next, and what is left out without hiding what is wrong."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import cached_property, lru_cache
from typing import Literal

from adapters.models import Stage, Task, TaskState
from adapters.protocol import Capability, supports
from adapters.writes import Op
from commands.cards.progress import SETTLED
from commands.cards.task_buttons import (
    approve_button,
    begin_button,
    finish_button,
    reopen_button,
    resume_button,
)
from commands.cards.task_row import is_late, row
from commands.model.card import Button, Menu, Row, Section, Text
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import fixed_text, join_parts, shorten

MOST_OPTIONS = 100  # of a menu
_MOST_NOW = 3  # with a button; tasks that run beyond them are in a menu
_MOST_WRONG = 8  # failed, held and late tasks with a row; further ones are named by their handles
_MOST_NEXT = 3
_MOST_BEHIND = 3
_MOST_LATER = 2
_MOST_DONE = 2
_MOST_STAGES = 12
_TITLE = 60  # characters of a task's title in a line of several, and in a menu
_BETWEEN = " · "
_OFFERED = (Op.BEGIN, Op.FINISH, Op.REOPEN, Op.APPROVE)


@dataclass(frozen=True)
class RunTasks:
    """``tasks`` as from ``shown_tasks``."""

    tracked: TrackedRun
    tasks: Sequence[Task]
    can: Mapping[Op, Capability]
    now: datetime
    zone: tzinfo | None

    def sections(self) -> tuple[Section, ...]:
        found = [self._now(), self._next(), self._later(), self._done(), self._stages()]
        return tuple(section for section in found if section is not None)

    def button_of(self, task: Task) -> Button | None:
        """What can be done about it now."""
        return self._now_button(task)

    def likely_steps(self) -> list[Button]:
        """At most two: what to do about the tasks of now, then what can begin; one of each if there are both."""
        now = [press for task in (*self._wrong, *self._running) if (press := self._now_button(task))]
        begin = [press for task in self._ready if (press := self._start_button(task))]
        return [now[0], begin[0]] if now and begin else [*now, *begin][:2]

    # Now

    @cached_property
    def _wrong(self) -> list[Task]:
        """Failed, held, late: none of them is ever only counted."""
        failed: list[Task] = []
        held: list[Task] = []
        late: list[Task] = []
        for task in self.tasks:
            if task.state is TaskState.FAILED:
                failed.append(task)
            elif task.state is TaskState.HELD:
                held.append(task)
            elif task.due_at is not None and is_late(task, self.now):
                late.append(task)
        return [*failed, *held, *late]

    @cached_property
    def _running(self) -> list[Task]:
        """People's tasks first, then those of nobody, then the platform's own and open approvals."""
        wrong = {task.id for task in self._wrong}
        found = [
            task for task in self.tasks if task.state in _MAY_GO_ON and task.id not in wrong and _is_going_on(task)
        ]
        return sorted(found, key=lambda task: (not task.urgent, not task.is_ours, not task.assignees))

    def _now(self) -> Section | None:
        wrong, running = self._wrong, self._running
        if not wrong and not running:
            return None
        room = max(_MOST_NOW - len(wrong), 0)
        named = [*wrong[:_MOST_WRONG], *running[:room]]
        rows = self._rows_with_buttons(named)
        unnamed = (
            translate("run.also_wrong", tasks=self._handles(wrong[_MOST_WRONG:])) if wrong[_MOST_WRONG:] else ()
        )
        rest = running[room:]
        options = tuple(self._option(task, press) for task in rest if (press := self._now_button(task)))
        more = translate("run.more_running", count=len(rest)) if rest else ()
        verbs = {option.intent.verb for option in options}
        kind: Literal["", "finish"] = "finish" if verbs == {"finish"} else ""
        menu = Menu(plain_text(more), options[:MOST_OPTIONS], kind, self.tracked.handle) if options else None
        return Section(fixed_text("run.now"), rows, join_parts([unnamed, () if menu else more], _BETWEEN), menu)

    def _rows_with_buttons(self, tasks: Sequence[Task]) -> tuple[Row, ...]:
        """The first few have a button, and the first of these stands out."""
        rows: list[Row] = []
        buttons = 0
        for task in tasks:
            press = self._now_button(task) if buttons < _MOST_NOW else None
            if press is not None:
                press = Button(press.label, press.intent, "" if buttons else "primary")
                buttons += 1
            shown = self._row(task)
            note = join_parts([shown.note, self._holds_up(task)], _BETWEEN)
            rows.append(Row(shown.state, shown.handle, shown.title, note, press))
        return tuple(rows)

    def _holds_up(self, task: Task) -> Text:
        """What waits for a task that doesn't move."""
        if task.state not in (TaskState.HELD, TaskState.FAILED):
            return ()
        behind = [other for other in self.tasks if task.id in other.waits_for and not other.state.is_over]
        if not behind:
            return ()
        left = len(behind) - _MOST_BEHIND
        more = [translate("run.and_more", count=left)] if left > 0 else []
        named = join_parts([self._handles(behind[:_MOST_BEHIND]), *more], " ")
        return translate(plural("row.holds_up", len(behind)), tasks=named)

    def _now_button(self, task: Task) -> Button | None:
        if not self.tracked.task_handle(task.id):
            return None
        if task.state is TaskState.HELD:
            press = resume_button(self.tracked, task)
            is_ours = task.id in self.tracked.overlay.holds or task.is_ours
            return press if is_ours and self._supports(Op(press.intent.verb)) else None
        if task.state is TaskState.FAILED:
            return reopen_button(self.tracked, task) if self._supports(Op.REOPEN) else None
        if task.approval:
            return (
                approve_button(self.tracked, task) if self._supports(Op.APPROVE) and _is_going_on(task) else None
            )
        if task.state is TaskState.RUNNING and not task.automatic and Op.FINISH in self._supported:
            return finish_button(self.tracked, task)
        return self._start_button(task)

    # Next

    @cached_property
    def _ready(self) -> list[Task]:
        elsewhere = {task.id for task in self._wrong}
        found = [
            task
            for task in self.tasks
            if task.state is TaskState.READY and not task.approval and task.id not in elsewhere
        ]
        return sorted(found, key=lambda task: (not task.urgent, not task.is_ours))

    def _start_button(self, task: Task) -> Button | None:
        """A task is finished at once where the platform cannot begin it."""
        if task.state is not TaskState.READY or not task.is_ours or not self.tracked.task_handle(task.id):
            return None
        if self._supports(Op.BEGIN):
            return begin_button(self.tracked, task)
        return finish_button(self.tracked, task) if self._supports(Op.FINISH) else None

    def _next(self) -> Section | None:
        ready = self._ready
        if not ready:
            return None
        rows = [replace(self._row(task), state=None) for task in ready[:_MOST_NEXT]]
        first = self._start_button(ready[0])
        rows[0] = replace(rows[0], button=first)
        left = [task for task in ready[1 if first else 0 :] if self._start_button(task)]
        options = tuple(self._option(task, press) for task in left if (press := self._start_button(task)))
        more = translate("run.more_ready", count=len(ready) - _MOST_NEXT) if len(ready) > _MOST_NEXT else ()
        kind: Literal["begin", "finish"] = "begin" if self._supports(Op.BEGIN) else "finish"
        menu = (
            Menu(fixed_text(f"menu.{kind}"), options[:MOST_OPTIONS], kind, self.tracked.handle)
            if options
            else None
        )
        return Section(fixed_text("run.next"), tuple(rows), more, menu)

    # Later, done, stages

    def _later(self) -> Section | None:
        wrong = {task.id for task in self._wrong}
        waiting = [task for task in self.tasks if task.state is TaskState.WAITING and task.id not in wrong]
        waiting.sort(key=lambda task: not task.urgent)
        return self._line("run.later", waiting, _MOST_LATER)

    def _done(self) -> Section | None:
        over = [task for task in self.tasks if task.state in SETTLED]
        order = {task.id: index for index, task in enumerate(self.tasks)}
        over.sort(
            key=lambda task: (task.finished_at.timestamp() if task.finished_at else 0.0, order[task.id]),
            reverse=True,
        )
        return self._line("run.done", over, _MOST_DONE)

    def _line(self, title: str, tasks: Sequence[Task], most: int) -> Section | None:
        if not tasks:
            return None
        named: list[Text] = [self._named(task) for task in tasks[:most]]
        if len(tasks) > most:
            named.append(translate("run.and_more", count=len(tasks) - most))
        return Section(fixed_text(title), more=join_parts(named, _BETWEEN))

    def _named(self, task: Task) -> Text:
        drawn = self._row(task)
        name = f"{drawn.handle} {shorten(task.title, _TITLE)}".strip()
        skipped = translate("state.skipped") if task.state is TaskState.SKIPPED else ()
        note = join_parts([skipped, drawn.note])
        return (name, " (", *note, ")") if note else (name,)

    def _stages(self) -> Section | None:
        counts = [(stage, self._of_stage(stage)) for stage in self.tracked.run.stages]
        counts = [(stage, tasks) for stage, tasks in counts if tasks]
        if len(counts) < 2:
            return None
        parts = [
            f"{shorten(stage.title, 30)} {sum(task.state in SETTLED for task in tasks)}/{len(tasks)}"
            for stage, tasks in counts[:_MOST_STAGES]
        ]
        more = [translate("run.and_more", count=len(counts) - _MOST_STAGES)] if len(counts) > _MOST_STAGES else []
        return Section(fixed_text("run.stages"), more=join_parts([*parts, *more], _BETWEEN))

    def _of_stage(self, stage: Stage) -> list[Task]:
        return [task for task in self.tasks if task.stage == stage.id]

    # Shared

    def _row(self, task: Task) -> Row:
        return row(self.tracked, task, self.now, self.zone)

    def _option(self, task: Task, press: Button) -> Button:
        return Button(_option_label(press.label, task.title), press.intent, press.style)

    def _handles(self, tasks: Sequence[Task]) -> str:
        return ", ".join(self.tracked.task_handle(task.id) or task.title for task in tasks)

    @cached_property
    def _supported(self) -> Collection[Op]:
        return [op for op in _OFFERED if supports(self.can, op)]

    def _supports(self, op: Op) -> bool:
        return op in self._supported


_MAY_GO_ON = (TaskState.RUNNING, TaskState.READY)


def _is_going_on(task: Task) -> bool:
    """It runs, or it is an approval that people are asked for."""
    return task.state is TaskState.RUNNING or (task.approval and task.state is TaskState.READY)


@lru_cache(maxsize=8192)
def _option_label(label: str, title: str) -> str:
    return shorten(f"{label} · {title}", _TITLE)
