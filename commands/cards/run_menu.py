"""The menu "More…" of a run's card: what else can be done with the run. Each form is for one verb alone."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from adapters.models import RunbookKey
from adapters.protocol import Capability, supports
from adapters.toolkit.messages import current_language
from adapters.writes import Op
from commands.model.card import Button, Menu
from commands.model.intents import DoAction, OpenForm, Show
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import button, fixed_text, shorten

# In the order in which they are listed, before and after the list of all tasks.
ABOUT_TASKS = (Op.HOLD, Op.SKIP, Op.REOPEN, Op.ASSIGN, Op.APPROVE, Op.REJECT, Op.ADD)
ABOUT_THE_RUN = (Op.END,)


def more_menu(tracked: TrackedRun, can: Mapping[Op, Capability], forms: Collection[str]) -> Menu:
    """``forms``: the verbs that have a form."""
    options = [
        *_form_options(ABOUT_TASKS, tracked, can, forms),
        all_tasks_button(tracked),
        *_read_runbook(tracked),
        *_comments(tracked, can),
        *_platform_actions(tracked, can),
        *_form_options(ABOUT_THE_RUN, tracked, can, forms),
    ]
    return Menu(fixed_text("menu.more"), tuple(options))


def all_tasks_button(tracked: TrackedRun) -> Button:
    return button("button.all_tasks", Show(run=tracked.handle, all_tasks=True))


def _read_runbook(tracked: TrackedRun) -> list[Button]:
    """As it is now; ``show --diff`` says what changed since the start."""
    if not tracked.run.runbook_id:
        return []
    key = RunbookKey(platform=tracked.run.key.platform, id=tracked.run.runbook_id)
    return [button("button.read_runbook", Show(what=str(key), kind="runbook"))]


def _form_options(
    ops: Collection[Op], tracked: TrackedRun, can: Mapping[Op, Capability], forms: Collection[str]
) -> list[Button]:
    return [
        _form_button(tracked.handle, op, current_language())
        for op in ops
        if op in forms and (supports(can, op) or (op is Op.REOPEN and tracked.overlay.holds))
    ]


@lru_cache(maxsize=8192)  # a card is drawn at each change
def _form_button(run: str, op: Op, language: str) -> Button:
    return button(f"button.form_{op}", OpenForm.model_validate({"run": run, "about": op.value}))


def _comments(tracked: TrackedRun, can: Mapping[Op, Capability]) -> list[Button]:
    if not supports(can, Op.COMMENTS):
        return []
    return [button("button.comments", Show(run=tracked.handle, comments=True))]


def _platform_actions(tracked: TrackedRun, can: Mapping[Op, Capability]) -> list[Button]:
    """The button that people added on the platform; otherwise a list. Each action asks first."""
    names = tracked.run.own_buttons
    if not supports(can, Op.ACTION):
        return []
    if not names:
        return [button("button.other_actions", DoAction(run=tracked.handle))]
    if len(names) > 1:
        return [button("button.offers", DoAction(run=tracked.handle), count=len(names))]
    return [Button(shorten(names[0], 30), DoAction(run=tracked.handle, action=names[0]))]
